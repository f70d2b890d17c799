"""The agent as it should be: what we see to, its mark, and what a patch of it needs besides."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from bridge.core.phone import E164
from bridge.provision import agent
from bridge.provision.agent import created, fingerprint, is_adopted, wanted
from bridge.provision.completing import completed
from bridge.provision.difference import Made, at, changes, patch
from bridge.provision.wish import Wish

WISH = Wish(
    name="bridge",
    public_url="https://bridge.example.com",
    token="platform-token",
    webhook_token="webhook-token",
    greetings={"en": "Hello.", "de": "Hallo."},
    transfer_to=("+15550100222",),
    voice_id="ada",
    number=E164("+15550100999"),
)
IDS = {"token": "sec_1", "webhook_token": "sec_2", "post_call": "wh_1"}
PROMPT = ("conversation_config", "agent", "prompt")


def _mark(wish: Wish, **ids: str) -> str:
    tags: list[str] = created(wish, {**IDS, **ids})["tags"]
    assert tags[0] == "bridge"
    return tags[-1]


def test_the_mark_tells_neither_of_addresses_nor_of_ids() -> None:
    moved = replace(WISH, public_url="https://other.example.net")

    assert _mark(moved) == _mark(WISH, token="a", webhook_token="b", post_call="c") == _mark(WISH)
    assert _mark(replace(WISH, token="x", webhook_token="y", name="z", number=None)) == _mark(WISH)


@pytest.mark.parametrize(
    "change",
    [
        {"language": "de"},
        {"greetings": {"en": "Hi."}},
        {"patience": "Wait."},
        {"reads_numbers": False},
        {"voice_id": None},
        {"transfer_to": ()},
        {"transfer_to": ("+15550100333",)},
        {"silence_s": 20},
        {"max_call_s": 600},
        {"record_voice": True},
        {"retention_days": 3},
    ],
)
def test_the_mark_tells_of_everything_else(change: dict[str, Any]) -> None:
    assert _mark(replace(WISH, **change)) != _mark(WISH)


def test_the_mark_stands_for_ids_that_are_not_made_yet() -> None:
    made = {role: Made(role) for role in IDS}

    assert created(WISH, made)["tags"] == created(WISH, IDS)["tags"]
    assert len(fingerprint(created(WISH, made))) == agent.FINGERPRINT_CHARS


@pytest.mark.parametrize("adopted", [False, True])
def test_an_agent_that_is_as_wanted_differs_in_nothing(adopted: bool) -> None:
    there = wanted(WISH, IDS, {}, adopted=adopted)

    assert changes(wanted(WISH, IDS, there, adopted=adopted), there) == ()
    assert changes(wanted(WISH, IDS, created(WISH, IDS), adopted=False), created(WISH, IDS)) == ()


def test_other_peoples_tags_stay_where_they_are_and_old_marks_go() -> None:
    mark = _mark(WISH)
    for tags, after in (
        (["a"], ["a", "bridge", mark]),
        (["a", mark, "b", "bridge"], ["a", mark, "b", "bridge"]),
        (["bridge", "bridge-cfg-old", "b"], ["bridge", "b", mark]),
        (None, ["bridge", mark]),
        ([5], ["bridge", mark]),
    ):
        assert wanted(WISH, IDS, {"tags": tags}, adopted=False)["tags"] == after


def test_an_adopted_agent_keeps_what_makes_it_theirs() -> None:
    seam = wanted(WISH, IDS, {}, adopted=True)

    talk = seam["conversation_config"]
    assert set(seam) == {"conversation_config", "platform_settings", "tags"}
    assert set(talk) == {"agent", "turn", "conversation"}
    assert set(talk["agent"]) == {"prompt", "dynamic_variables"}
    assert talk["turn"] == {"speculative_turn": False}
    assert set(seam["platform_settings"]) == {"overrides", "workspace_overrides"}
    assert "agent-adopted" not in seam["tags"]
    assert seam["tags"][:2] == ["bridge", "bridge-adopted"]


def test_whoever_listens_can_be_interrupted_and_events_of_theirs_stay() -> None:
    path = ("conversation_config", "conversation", "client_events")
    for events, after in (
        (["audio"], ["audio", "interruption"]),
        (["interruption", "vad_score"], ["interruption", "vad_score"]),
        (None, list(agent.CLIENT_EVENTS)),
    ):
        found = {"conversation_config": {"conversation": {"client_events": events}}}
        assert at(wanted(WISH, IDS, found, adopted=False), path) == after


@pytest.mark.parametrize(
    ("tags", "asked", "adopted"),
    [
        (["bridge"], False, False),
        (["bridge"], True, False),
        (["bridge", "bridge-adopted"], False, True),
        ([], False, False),
        ([], True, True),
        (None, True, True),
    ],
)
def test_whose_agent_it_is(tags: list[str] | None, asked: bool, adopted: bool) -> None:
    assert is_adopted({"tags": tags}, asked=asked) is adopted
    assert not is_adopted(None, asked=asked)


@pytest.mark.parametrize(
    ("greetings", "language", "model"),
    [
        ({"en": "Hi."}, "en", agent.ENGLISH_VOICE),
        ({"en": "Hi.", "de": "Hallo."}, "en", agent.OTHER_VOICE),
        ({"de": "Hallo."}, "de", agent.OTHER_VOICE),
    ],
)
def test_the_voice_speaks_every_language_that_is_needed(
    greetings: dict[str, str], language: str, model: str
) -> None:
    body = created(replace(WISH, greetings=greetings, language=language), IDS)

    assert body["conversation_config"]["tts"]["model_id"] == model
    assert body["conversation_config"]["agent"]["first_message"] == greetings[language]


def test_a_patch_of_the_model_says_which_one_it_is() -> None:
    """Source: the platform refuses `custom_llm` without `llm` beside it."""
    there = copy.deepcopy(wanted(WISH, IDS, {}, adopted=False))
    there["conversation_config"]["agent"]["prompt"]["custom_llm"]["model_id"] = "other"
    whole = wanted(WISH, IDS, there, adopted=False)

    body = completed(patch(changes(whole, there)), whole, there)

    inner = {"llm": "custom-llm", "custom_llm": {"model_id": "bridge", "url": WISH.chat_url}}
    assert body == {"conversation_config": {"agent": {"prompt": inner}}}


def test_a_patch_of_a_map_holds_the_whole_map() -> None:
    there = copy.deepcopy(wanted(WISH, IDS, {}, adopted=False))
    path = (*PROMPT, "custom_llm", "request_headers")
    headers = at(there, path)
    right = dict(headers)
    del headers["x-bridge-call"]
    headers["x-mine"] = "1"
    whole = wanted(WISH, IDS, there, adopted=False)

    body = completed(patch(changes(whole, there)), whole, there)

    assert at(body, path) == {**right, "x-mine": "1"}


def test_a_patch_of_anything_else_stays_as_it_is() -> None:
    body = {"conversation_config": {"turn": {"speculative_turn": False}}}

    assert completed(body, wanted(WISH, IDS, {}, adopted=False), {}) == body
