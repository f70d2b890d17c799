"""What a history says: what is new in it, and which turn that makes it."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bridge.core.chat import Message, parse_request
from bridge.core.dialogue import (
    CalledTool,
    Dialogue,
    News,
    TurnKey,
    is_silence,
    read,
    utterances,
)

CALLER, AGENT = "user", "assistant"


def history(*messages: tuple[str, str | None] | dict[str, Any]) -> tuple[Message, ...]:
    """Messages as they come from the wire; a pair is a role and a text."""
    wires = [m if isinstance(m, dict) else {"role": m[0], "content": m[1]} for m in messages]
    return parse_request({"messages": wires}).messages


def calling(*ids: str, says: str | None = None, name: str = "look_up") -> dict[str, Any]:
    calls = [
        {"id": i, "type": "function", "function": {"name": name, "arguments": ""}} for i in ids
    ]
    return {"role": "assistant", "content": says, "tool_calls": calls}


def result(call_id: str, text: str = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def key_of(dialogue: Dialogue) -> TurnKey:
    assert dialogue.key is not None
    return dialogue.key


# -- what is new ----------------------------------------------------------------------------------


def test_the_callers_last_words_are_what_is_new() -> None:
    messages = history(
        ("system", "Be brief."), (CALLER, "Hi"), (AGENT, "Hello!"), (CALLER, "What time is it?")
    )

    dialogue = read(messages)

    assert dialogue == Dialogue(
        News.UTTERANCE,
        dialogue.key,
        newest=messages[-1:],
        utterance_keys=(key_of(dialogue),),
        previous_reply=("Hello!",),
    )
    assert key_of(dialogue).position == 1


@pytest.mark.parametrize("silence", ["", " ", "...", "…", " . . . ", "\n…\t"])
def test_marks_of_silence_are_no_utterances(silence: str) -> None:
    spoken = [(CALLER, "Hi"), (AGENT, "Hello!")]

    assert is_silence(silence)
    assert read(history(*spoken, (CALLER, silence))) == read(history(*spoken))
    assert read(history((CALLER, silence))) == Dialogue(News.NOBODY, None)
    assert read(history((CALLER, silence))).news is News.NOBODY


@pytest.mark.parametrize("words", ["no", "1", "?", "。", "... well"])
def test_the_shortest_words_are_not_silence(words: str) -> None:
    assert not is_silence(words)


def test_with_no_word_of_the_caller_there_is_no_turn() -> None:
    assert read(history(("system", "x"), (AGENT, "Hello, "), (AGENT, "who is it?"))) == Dialogue(
        News.NOBODY, None, since="Hello, who is it?"
    )


def test_an_utterance_with_its_reply_is_nothing_new() -> None:
    messages = history((CALLER, "Hi"), (AGENT, "Hello!"), (CALLER, "..."), (AGENT, "Still there?"))

    assert read(messages) == Dialogue(
        News.NOTHING, read(messages[:1]).key, since="Hello! Still there?"
    )


def test_a_reply_without_content_is_no_reply() -> None:
    assert read(history((CALLER, "Hi"), (AGENT, None))) == read(history((CALLER, "Hi")))


def test_several_unanswered_utterances_are_new_together() -> None:
    messages = history(
        (CALLER, "Hi"),
        (AGENT, "Hello!"),
        (CALLER, "I'd like"),
        (CALLER, "..."),
        (AGENT, ""),
        (CALLER, "a table"),
        (CALLER, "for two"),
    )

    dialogue = read(messages)

    assert [m.text for m in dialogue.newest] == ["I'd like", "a table", "for two"]
    assert dialogue.utterance_keys == tuple(key_of(read(messages[:n])) for n in (3, 6, 7))
    assert dialogue.utterance_keys[-1] == dialogue.key
    assert dialogue.previous_reply == ()


def test_utterances_are_counted_without_silence() -> None:
    messages = history(
        ("system", "x"), (CALLER, "Hi"), (CALLER, "…"), (AGENT, "y"), (CALLER, "Bye")
    )

    assert utterances(messages) == ["Hi", "Bye"]


# -- tools ----------------------------------------------------------------------------------------


def test_results_of_the_last_calls_are_what_is_new() -> None:
    messages = history(
        (CALLER, "Weather?"),
        calling("a"),
        result("a", "rain"),
        calling("b", "c", says="Let me look twice."),
        result("b", "sun"),
        result("c", "fog"),
    )

    dialogue = read(messages)

    assert dialogue == Dialogue(
        News.RESULTS,
        dialogue.key,
        newest=messages[-2:],
        since="Let me look twice.",
        called=(
            CalledTool("a", "look_up", "rain"),
            CalledTool("b", "look_up", "sun"),
            CalledTool("c", "look_up", "fog"),
        ),
    )


def test_results_are_a_moment_of_their_own_after_the_utterance() -> None:
    asked = history((CALLER, "Weather?"), calling("a"), result("a"))
    again = history((CALLER, "Weather?"), calling("b"), result("b"))
    utterance, first, second = (read(m) for m in (asked[:1], asked, again))

    assert key_of(first).position == key_of(utterance).position
    assert key_of(first).place != key_of(utterance).place
    assert key_of(first).place == key_of(second).place
    assert first.key != second.key


def test_a_call_without_a_result_is_nothing_new() -> None:
    dialogue = read(history((CALLER, "Hi"), calling("a")))

    assert dialogue.news is News.NOTHING
    assert dialogue.called == (CalledTool("a", "look_up", None),)


@pytest.mark.parametrize("before", [[], [calling("b")]])
def test_a_result_that_answers_nothing_we_see_is_still_a_result(
    before: list[dict[str, Any]],
) -> None:
    """An odd order; what is new is never empty."""
    messages = history((CALLER, "Hi"), *before, result("a"))

    dialogue = read(messages)

    assert (dialogue.news, dialogue.newest) == (News.RESULTS, messages[-1:])


# -- which turn -----------------------------------------------------------------------------------

texts = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1).filter(
    lambda text: not is_silence(text)
)


@given(st.lists(texts, min_size=1, max_size=4), st.text(), st.text())
def test_a_key_is_the_callers_words_and_nothing_the_platform_rewrites(
    said: list[str], reply: str, cut: str
) -> None:
    whole: list[tuple[str, str]] = []
    rewritten: list[tuple[str, str]] = [("system", "another prompt")]
    for words in said[:-1]:
        whole += [(CALLER, words), (AGENT, f"x{reply}")]
        rewritten += [(CALLER, f" {words}  "), (AGENT, cut), (CALLER, "...")]

    assert (
        read(history(*whole, (CALLER, said[-1]))).key
        == read(history(*rewritten, (CALLER, said[-1]))).key
    )


@given(st.lists(texts, min_size=1, max_size=4), texts)
def test_a_revision_has_another_key_at_the_same_place(said: list[str], grown: str) -> None:
    first = [(CALLER, words) for words in said]
    revised = [*first[:-1], (CALLER, f"{said[-1]} {grown}")]
    before, after = key_of(read(history(*first))), key_of(read(history(*revised)))

    assert before != after
    assert before.place == after.place


@given(texts, texts, texts)
def test_the_same_words_later_are_another_turn(first: str, second: str, last: str) -> None:
    once = key_of(read(history((CALLER, first), (AGENT, "x"), (CALLER, last))))
    later = key_of(
        read(history((CALLER, first), (AGENT, "x"), (CALLER, second), (AGENT, "y"), (CALLER, last)))
    )

    assert once.place != later.place
    assert once.words == later.words


def test_words_can_not_be_moved_from_one_utterance_to_the_next() -> None:
    left = read(history((CALLER, "a b"), (CALLER, "c"), (CALLER, "d")))
    right = read(history((CALLER, "a"), (CALLER, "b c"), (CALLER, "d")))

    assert key_of(left).before != key_of(right).before


def test_half_a_character_has_a_key_too() -> None:
    assert read((Message.of(CALLER, "\ud800"),)).news is News.UTTERANCE


# -- whatever comes -------------------------------------------------------------------------------

ids = st.sampled_from(["a", "b", "c"])
wires = st.lists(
    st.one_of(
        st.builds(
            lambda role, text: {"role": role, "content": text},
            st.sampled_from(["system", "developer", "user", "assistant", "function"]),
            st.none() | st.sampled_from(["", "...", "Hi", "Hi there", "\ud800"]),
        ),
        st.builds(lambda some: calling(*some), st.lists(ids, max_size=3)),
        st.builds(result, ids),
    ),
    min_size=1,
    max_size=12,
)


@given(wires)
def test_any_order_of_messages_can_be_read(some: list[dict[str, Any]]) -> None:
    messages = history(*some)
    dialogue = read(messages)

    assert (dialogue.key is None) == (dialogue.news is News.NOBODY)
    assert bool(dialogue.newest) == (dialogue.news in (News.UTTERANCE, News.RESULTS))
    assert all(message in messages for message in dialogue.newest)
    if dialogue.news is News.UTTERANCE:
        assert len(dialogue.utterance_keys) == len(dialogue.newest)
        assert dialogue.utterance_keys[-1] == dialogue.key
    assert read(messages) == dialogue
