"""From what is wanted and what is there to the steps, without anybody being asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.provision import agent
from bridge.provision.difference import Change, Made
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.plan import Act, Plan, Step, Thing, digest, moved, plan
from bridge.vendors.twilio import Number
from tests.unit.provision.test_agent import IDS, WISH

SECRET = b"install"
LINE = "+15550100999"


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path)


@pytest.fixture
def settled(memory: Memory) -> tuple[Found, Memory]:
    """Everything is as wanted."""
    memory.keep_post_call_secret("wsec_1")
    memory.ids = {**IDS, "agent": "agent_1"}
    memory.enabled_webhook = "wh_1"
    memory.digests = {
        "token": digest(WISH.token, SECRET),
        "webhook_token": digest(WISH.webhook_token, SECRET),
    }
    number = {"phone_number_id": "phnum_1", "assigned_agent": {"agent_id": "agent_1"}}
    found = Found(
        secrets={"sec_1": WISH.token_name, "sec_2": WISH.webhook_token_name},
        webhooks={"wh_1": {"name": WISH.post_call_name, "webhook_url": WISH.post_call_url}},
        agent={"agent_id": "agent_1", **agent.created(WISH, IDS)},
        number={"phone_number": LINE, **number},
    )
    return found, memory


def _brief(steps: Plan) -> list[tuple[Act, Thing, str]]:
    return [(step.act, step.thing, step.id) for step in steps.steps]


def test_where_nothing_is_everything_is_made_in_the_order_of_need(memory: Memory) -> None:
    voice = {"voice_url": "https://user:pass@old.example/voice?key=hidden"}
    steps = plan(WISH, Found(at_carrier=Number("PN1", voice)), memory, SECRET)

    assert _brief(steps) == [
        (Act.CREATE, Thing.SECRET, ""),
        (Act.CREATE, Thing.SECRET, ""),
        (Act.CREATE, Thing.WEBHOOK, ""),
        (Act.UPDATE, Thing.WEBHOOK, ""),
        (Act.CREATE, Thing.AGENT, ""),
        (Act.IMPORT, Thing.NUMBER, ""),
    ]
    assert steps.steps[-1] == Step(
        Act.IMPORT,
        Thing.NUMBER,
        "number",
        "+1555•••0999",
        "its calls went to https://old.example/voice; now they go to ElevenLabs",
        "",
        (Change(("voice_url",), "https://old.example/voice", "ElevenLabs"),),
        {
            "provider": "twilio",
            "phone_number": LINE,
            "label": "bridge",
            "enable_sms": False,
            "agent_id": Made("agent"),
        },
    )


def test_where_everything_is_nothing_is_to_do(settled: tuple[Found, Memory]) -> None:
    assert plan(WISH, *settled, SECRET) == Plan()


def test_a_number_that_nobody_wishes_for_is_noted(settled: tuple[Found, Memory]) -> None:
    steps = plan(replace(WISH, number=None), *settled, SECRET)

    assert (steps.steps, [note[:10] for note in steps.notes]) == ((), ["No number:"])


@pytest.mark.parametrize(
    ("wish", "steps"),
    [
        ({"token": "x"}, [(Act.UPDATE, Thing.SECRET, "sec_1")]),
        ({"webhook_token": "x"}, [(Act.UPDATE, Thing.SECRET, "sec_2")]),
        ({"silence_s": 20}, [(Act.UPDATE, Thing.AGENT, "agent_1")]),
        (
            {"public_url": "https://other.example.net"},
            [
                (Act.CREATE, Thing.WEBHOOK, ""),
                (Act.UPDATE, Thing.WEBHOOK, ""),
                (Act.UPDATE, Thing.AGENT, "agent_1"),
                (Act.DELETE, Thing.WEBHOOK, "wh_1"),
            ],
        ),
    ],
)
def test_what_is_wished_differently_is_changed_alone(
    settled: tuple[Found, Memory], wish: dict[str, Any], steps: list[Any]
) -> None:
    assert _brief(plan(replace(WISH, **wish), *settled, SECRET)) == steps


def test_an_address_that_moved_takes_along_nothing_else(settled: tuple[Found, Memory]) -> None:
    wish = replace(WISH, public_url="https://other.example.net", silence_s=20, token="x")

    steps = moved(plan(wish, *settled, SECRET))

    assert _brief(steps) == [
        (Act.CREATE, Thing.WEBHOOK, ""),
        (Act.UPDATE, Thing.WEBHOOK, ""),
        (Act.UPDATE, Thing.AGENT, "agent_1"),
        (Act.DELETE, Thing.WEBHOOK, "wh_1"),
    ]
    assert {change.name for change in steps.steps[2].changes} == agent.ADDRESSES
    assert set(steps.steps[2].body) == {"conversation_config", "platform_settings"}


def test_without_an_agent_nothing_moves(settled: tuple[Found, Memory]) -> None:
    found, memory = settled
    wish = replace(WISH, public_url="https://other.example.net")

    assert moved(plan(wish, replace(found, agent=None), memory, SECRET)) == Plan()


@pytest.mark.parametrize("switch", ["is_disabled", "is_auto_disabled"])
def test_a_webhook_that_is_off_is_switched_on(settled: tuple[Found, Memory], switch: str) -> None:
    found, memory = settled
    off = {"wh_1": {**found.webhooks["wh_1"], switch: True}}

    (step,) = plan(WISH, replace(found, webhooks=off), memory, SECRET).steps

    assert (step.act, step.thing, step.why) == (Act.UPDATE, Thing.WEBHOOK, "it was switched off")


def test_webhooks_of_other_people_stay(settled: tuple[Found, Memory]) -> None:
    found, memory = settled
    hooks = {**found.webhooks, "wh_2": {"name": WISH.post_call_name, "webhook_url": "https://a.b"}}

    assert plan(WISH, replace(found, webhooks=hooks), memory, SECRET) == Plan()
    memory.former_webhooks = ["wh_2"]
    assert _brief(plan(WISH, replace(found, webhooks=hooks), memory, SECRET)) == [
        (Act.DELETE, Thing.WEBHOOK, "wh_2")
    ]


def test_a_step_shows_what_changes_and_no_secret() -> None:
    change = Change(("a", "b"), "+15550100999", Made("token"))
    step = Step(
        Act.UPDATE, Thing.AGENT, "agent", "bridge", "why", "a_1", (change,), {"v": "hidden"}
    )

    assert step.as_json() == {
        "act": "update",
        "object": "agent",
        "name": "bridge",
        "id": "a_1",
        "why": "why",
        "changes": [{"path": "a.b", "before": "'+1555•••0999'", "after": "the token made here"}],
    }
    assert "hidden" not in repr(step)


def test_plans_are_made_twice_alike(settled: tuple[Found, Memory]) -> None:
    found, memory = settled
    wish = replace(WISH, language="de", silence_s=9)

    assert plan(wish, found, memory, SECRET) == plan(wish, found, memory, SECRET)
