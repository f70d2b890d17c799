"""What was said in a call, as the platform keeps it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.chat import parse_request
from bridge.core.dialogue import News, read
from bridge.rehearsal.platform.history import GROWS_S, Carried, History
from bridge.rehearsal.platform.speaking import Playback
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.system_tools import ToolUse

USE = ToolUse("call_1", "language_detection", '{"reason": "asked", "language": "nl"}')


def test_it_tells_everything_in_order() -> None:
    history = History().heard("Hello.", 0.0).said("What time is it?", 2.0).heard("Nine. ", 3.0)

    assert history.messages() == [
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "What time is it?"},
        {"role": "assistant", "content": "Nine."},
    ]
    assert history.utterance == "What time is it?"
    assert History().utterance == ""


def test_a_tool_call_is_told_with_its_result() -> None:
    history = History().said("Nederlands?", 0.0).heard("", 1.0, carried=[Carried(USE)])

    assert history.messages()[1:] == [
        {"role": "assistant", "content": None, "tool_calls": [USE.as_wire()]},
        {"role": "tool", "tool_call_id": "call_1", "content": Carried(USE).content},
    ]
    assert json.loads(Carried(USE).content)["result_type"] == "language_detection_success"
    assert json.loads(Carried(USE, "no").content)["status"] == "error"


def test_bridge_reads_it_as_it_is_meant() -> None:
    asked = History().said("Nederlands?", 0.0)
    messages = parse_request({"model": "m", "messages": asked.messages()}).messages
    assert read(messages).news is News.UTTERANCE

    done = asked.heard("", 1.0, carried=[Carried(USE)])
    messages = parse_request({"model": "m", "messages": done.messages()}).messages
    assert read(messages).news is News.RESULTS


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_what_nobody_heard_is_not_there(text: str) -> None:
    history = History().said("Hello?", 0.0)

    assert history.heard(text, 1.0, original="It is nine.") == history
    assert history.said(text, 1.0) == history


def test_words_that_follow_soon_belong_to_the_utterance() -> None:
    history = History().said("Book me", 1.0).said("for nine", 1.0 + GROWS_S)

    assert [one.text for one in history.entries] == ["Book me for nine"]
    assert history.said("no, ten", 1.0 + 2 * GROWS_S).messages()[-1]["content"] == "no, ten"


def test_words_after_a_reply_are_an_utterance_of_their_own() -> None:
    history = History().said("Book me", 1.0).heard("I", 1.5).said("for nine", 2.0)

    assert [one.text for one in history.entries] == ["Book me", "I", "for nine"]


def test_the_record_says_what_was_cut_off() -> None:
    history = History().heard("It is", 3.7, original="It is nine. ").said("What?", 5.0)

    cut, said = history.transcript()
    assert (cut["role"], cut["message"], cut["time_in_call_secs"]) == ("agent", "It is", 3)
    assert (cut["interrupted"], cut["original_message"]) == (True, "It is nine.")
    assert (said["role"], said["interrupted"], said["original_message"]) == ("user", False, None)


def test_the_record_has_the_tools() -> None:
    (entry,) = History().heard("", 1.0, carried=[Carried(USE, "no")]).transcript()

    assert entry["message"] is None
    assert entry["tool_calls"][0]["params_as_json"] == USE.arguments
    assert entry["tool_results"][0]["is_error"]


@given(st.lists(st.sampled_from(["One two. ", "Three", " four! "]), max_size=6), st.floats(0, 20))
def test_it_holds_what_was_heard_whenever_it_was_cut(texts: list[str], at_s: float) -> None:
    playback = Playback()
    for text in texts:
        playback = playback.add(SilentVoice(60.0).spoken(text), 0.0)
    heard, rest = playback.heard_by(at_s), playback.unheard_by(at_s)

    history = History().said("Go on.", 0.0).heard(heard, 0.0, original=heard + rest)

    assert [m["content"] for m in history.messages()][1:] == ([heard.strip()] if heard else [])
    assert "".join(texts).strip().startswith(heard.strip())
