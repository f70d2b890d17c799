"""What is noted before a step leads back, once each, and never to what is gone."""

from pathlib import Path
from typing import Any

import pytest

from bridge.provision.difference import ABSENT, Change
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.plan import Act, Plan, Step, Thing
from bridge.provision.restoring import folded, leftovers, nulls, restored
from bridge.provision.undo import PENDING, destroy_plan, note, undo_plan
from bridge.vendors.twilio import Number

LINE = "+15550100999"
URL = ("conversation_config", "agent", "prompt", "custom_llm", "url")
GREETING = ("conversation_config", "agent", "first_message")
HOOK = ("platform_settings", "workspace_overrides", "webhooks", "post_call_webhook_id")


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path)


def _update(*changes: Change) -> Step:
    return Step(Act.UPDATE, Thing.AGENT, "agent", "bridge", "", "agent_1", changes)


CREATE = Step(Act.CREATE, Thing.SECRET, "token", "t", "")


def test_a_step_that_is_done_again_is_noted_once(memory: Memory) -> None:
    note(CREATE, Found(), memory)
    note(CREATE, Found(), memory)

    assert memory.last == [{"undo": "delete", "thing": "secret", "role": "token"}]


def test_the_first_note_of_an_apply_takes_the_place_of_the_last_apply(memory: Memory) -> None:
    memory.last = [{"undo": "link", "id": "phnum_1", "agent_id": None}]

    note(CREATE, Found(), memory)
    assert len(memory.last) == 1
    note(_update(Change(GREETING, "a", "b")), Found(), memory)
    assert len(memory.last) == 2, "one apply"


def test_an_address_is_kept_at_first_and_not_when_it_moves(memory: Memory) -> None:
    step = _update(Change(URL, "https://a.example", "https://b.example"))
    note(step, Found(), memory)
    assert memory.last[0]["changes"] == [{"path": list(URL), "before": "https://a.example"}]

    memory.public_url, memory.is_open, memory.last = "https://b.example", False, []
    note(step, Found(), memory)
    assert memory.last == []


def test_where_calls_went_at_first_is_remembered_when_a_number_is_imported_again(
    memory: Memory,
) -> None:
    step = Step(Act.IMPORT, Thing.NUMBER, "number", "", "", body={"phone_number": LINE})
    first = {"voice_url": "https://old.example"}
    theirs = {"voice_url": "https://api.elevenlabs.io/twilio/inbound_call"}
    note(step, Found(at_carrier=Number("PN1", first)), memory)
    memory.numbers["phnum_1"] = memory.numbers.pop(PENDING)

    note(step, Found(at_carrier=Number("PN1", theirs)), memory)
    assert memory.numbers[PENDING]["voice"] == first
    note(step, Found(at_carrier=Number("PN1", {"voice_url": "https://new.example"})), memory)
    assert memory.numbers[PENDING]["voice"] == {"voice_url": "https://new.example"}


def _kept(path: tuple[str, ...], before: object = ABSENT) -> dict[str, Any]:
    return {"path": list(path), **({} if before is ABSENT else {"before": before})}


def test_of_what_was_kept_of_one_place_the_first_holds() -> None:
    first, outer, inner, other = (
        _kept(("a", "b"), 1),
        _kept(("a",), {}),
        _kept(("a", "b", "c"), 3),
        _kept(("ab",), 4),
    )

    assert folded([first, _kept(("a", "b"), 2), outer, inner, other]) == [
        _kept(("a",), {"b": 1}),
        other,
    ]
    assert folded([outer, first]) == [outer]


def test_a_reference_to_what_is_gone_is_not_restored_and_what_is_used_stays(
    memory: Memory,
) -> None:
    memory.ids = {"agent": "agent_1", "post_call": "wh_2"}
    memory.last = [
        {"undo": "delete", "thing": "webhook", "role": "post_call"},
        {"undo": "restore", "changes": [_kept(HOOK, "wh_1"), _kept(GREETING, "Ahoy!")]},
    ]
    hooks = {"webhooks": {"post_call_webhook_id": "wh_2"}}
    there = {
        "agent_id": "agent_1",
        "name": "bridge",
        "conversation_config": {"agent": {"first_message": "Hello."}},
        "platform_settings": {"workspace_overrides": hooks},
    }
    gone = Found(agent=there, webhooks={"wh_2": {"name": "hook"}})

    steps = undo_plan(memory, gone)
    assert [(step.act, step.thing, [c.name for c in step.changes]) for step in steps.steps] == [
        (Act.RESTORE, Thing.AGENT, [".".join(GREETING)])
    ]
    assert steps.notes == ("The webhook 'hook' stays: the agent refers to it.",)

    both = Found(agent=there, webhooks={"wh_1": {"name": "theirs"}, "wh_2": {"name": "hook"}})
    steps = undo_plan(memory, both)
    assert [(step.act, step.thing, step.id) for step in steps.steps] == [
        (Act.RESTORE, Thing.AGENT, "agent_1"),
        (Act.DELETE, Thing.WEBHOOK, "wh_2"),
    ]


def test_there_may_be_nothing_to_take_back(memory: Memory) -> None:
    assert undo_plan(memory, Found()) == Plan((), ("There is nothing to take back.",))
    assert destroy_plan(memory, Found()) == Plan((), ("There is nothing that bridge made.",))


def test_an_agent_that_we_do_not_know_is_never_deleted(memory: Memory) -> None:
    memory.last = [{"undo": "delete", "thing": "agent", "role": "agent"}]
    found = Found(agent={"agent_id": "agent_2", "name": "bridge"})

    assert undo_plan(memory, found).steps == ()
    assert destroy_plan(memory, found).steps == ()


def test_undo_gives_back_the_number_of_the_last_apply_alone(memory: Memory) -> None:
    for n, number in enumerate((LINE, "+15550100998")):
        memory.numbers[f"phnum_{n}"] = {"imported": True, "number": number, "voice": {}}
    memory.last = [{"undo": "give back", "number": "+15550100998"}]
    found = Found(numbers={"phnum_0": {}, "phnum_1": {}})

    assert [(step.act, step.thing, step.id) for step in undo_plan(memory, found).steps] == [
        (Act.DELETE, Thing.NUMBER, "phnum_1"),
        (Act.RESTORE, Thing.VOICE_URL, "phnum_1"),
    ]


def test_what_is_restored_stands_where_something_else_stood_meanwhile() -> None:
    back = [Change(("a", "b"), None, 1), Change(("c", "d"), 2, ABSENT)]

    assert restored({"a": None, "c": {"d": 2, "e": 3}}, back) == {"a": {"b": 1}, "c": {"e": 3}}


def test_a_key_that_a_platform_kept_is_asked_to_go() -> None:
    headers = ("conversation_config", "agent", "prompt", "custom_llm", "request_headers")
    back = (Change((*headers, "x-ours"), "1", ABSENT),)
    inner = {"url": "u", "request_headers": {"x-ours": "1", "x-theirs": "2"}}
    there = {
        "conversation_config": {"agent": {"prompt": {"llm": "custom-llm", "custom_llm": inner}}}
    }

    left = leftovers(back, there)
    body = nulls(left, restored(there, back))

    prompt = body["conversation_config"]["agent"]["prompt"]
    assert prompt["custom_llm"]["request_headers"] == {"x-ours": None, "x-theirs": "2"}
    assert prompt["llm"] == "custom-llm"
    assert leftovers(back, {}) == ()
    assert nulls((), there) == {}
