"""The whole bridge, over HTTP, on the real gateway: what a caller hears and what the agent gets.

The stub provider behind the gateway obeys `[[stub …]]` in the newest utterance and shows every
request that the model received. Each caller has a number of its own, so each has its own session.
"""

import json

import pytest

from tests.gateway.kit.real_gateway import RealGateway
from tests.gateway.prompt import END_CALL, context_of
from tests.gateway.serving import PHRASES, PLATFORM_PROMPT, Bridge, Caller, Serve, Spoken

pytestmark = pytest.mark.gateway


async def test_three_turns_reach_the_model_with_every_utterance_once(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    flowers = ("tulips", "asters", "dahlias")
    replies = [await caller.says(f"I like {flower}.") for flower in flowers]

    assert replies == [Spoken(f"Stub turn {n}: I like {f}.") for n, f in enumerate(flowers, 1)]
    last = gateway.provider.seen()[-1]
    assert [line.partition(":")[0] for line in last.dialogue] == ["user", "assistant"] * 2 + [
        "user"
    ]
    said = [line for line in last.dialogue if line.startswith("user")]
    assert [sum(f"I like {f}." in line for line in said) for f in flowers] == [1, 1, 1]


async def test_our_manner_comes_with_every_turn_and_is_never_stored(
    gateway: RealGateway, bridge: Bridge
) -> None:
    caller = Caller(bridge)
    for utterance in ("one", "two", "three"):
        await caller.says(utterance)

    seen = gateway.provider.seen()
    manner, *others = [context_of(s) for s in seen]
    assert manner.strip()
    assert others == [manner, manner]
    dialogue = "\n".join(line for s in seen for line in s.dialogue)
    assert not [line for line in manner.splitlines() if len(line) > 20 and line in dialogue]
    assert PLATFORM_PROMPT not in dialogue


@pytest.mark.parametrize("way", ["in sight", "hidden"])
async def test_a_call_of_the_platforms_tool_comes_back_in_one_chunk(
    gateway: RealGateway, two_agents: RealGateway, serve: Serve, way: str
) -> None:
    """Hidden ones are called by way of the gateway's own `tool_call`.

    The gateway sends arguments in pieces of 256 characters.
    """
    reason = "x" * 700
    if way == "in sight":
        bridge = serve(two_agents, UPSTREAM__AGENT="desk", UPSTREAM__CALLS_TOOLS="true")
        call = f"tool=end_call args={json.dumps({'reason': reason})}"
    else:
        bridge = serve(gateway, UPSTREAM__CALLS_TOOLS="true")
        hidden = {"id": "end_call", "args": {"reason": reason}}
        call = f"tool=tool_call args={json.dumps(hidden)}"
    words = "Goodbye then, my friend."
    spoken = await Caller(bridge, tools=[END_CALL]).says(
        f'Bye. [[stub say="{words}" delay=0.1 {call}]]'
    )

    assert (spoken.text, spoken.reason) == (words, "tool_calls")
    assert [(name, json.loads(arguments)["reason"]) for name, arguments in spoken.calls] == [
        ("end_call", reason)
    ]


async def test_with_tools_hidden_a_mark_in_the_reply_does_the_same(
    gateway: RealGateway, bridge: Bridge
) -> None:
    """As the gateway comes, the model can't see a request's tools: it is told of marks."""
    caller = Caller(bridge, tools=[END_CALL])
    spoken = await caller.says('Bye. [[stub text="Goodbye then.\\n[[hang up]]"]]')

    assert "[[hang up]]" in context_of(gateway.provider.seen()[0])
    assert spoken.text == "Goodbye then."
    assert [name for name, _ in spoken.calls] == ["end_call"]
    assert spoken.reason == "tool_calls"


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        (r"Of course.\nNO_REPLY", "Of course."),
        ("All is well. HEARTBEAT_OK", "All is well."),
        (r"[embed ref=\"cv_1\" title=\"Chart\" /]\nHere it is.", "Here it is."),
        ("Open.<details><summary>More</summary>Small print</details> Bye.", "Open. Bye."),
        (r"**Two** rooms:\n\n- `one`\n- [two](https://rooms.example/2)", "Two rooms: one. two."),
    ],
)
async def test_what_the_gateway_lets_through_from_its_chat_window_is_not_spoken(
    bridge: Bridge, written: str, spoken: str
) -> None:
    said = (await Caller(bridge).says(f'Well? [[stub text="{written}"]]')).text

    assert " ".join(said.split()) == spoken


async def test_nothing_but_a_sign_of_life_is_no_reply(bridge: Bridge) -> None:
    spoken = await Caller(bridge).says('Well? [[stub text="HEARTBEAT_OK"]]')

    assert spoken == Spoken(PHRASES["lost"])


async def test_the_gateways_first_chunk_is_no_first_word(
    gateway: RealGateway, serve: Serve
) -> None:
    """It names a role and comes at once, before the model was asked: a filler is still due."""
    bridge = serve(gateway, TURN__FILLERS="1", TURN__FIRST_WORDS_MS="300")
    spoken = await Caller(bridge).says("Well? [[stub first=1 words=2]]")

    filler = spoken.text.removesuffix("w1 w2")
    assert filler in PHRASES["fillers"]


async def test_a_request_that_came_through_proxies_is_answered(bridge: Bridge) -> None:
    """The gateway refuses whatever carries a forwarding header: none is passed on."""
    proxied = {
        "forwarded": "for=203.0.113.9;proto=https",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "x-real-ip": "203.0.113.9",
    }
    spoken = await Caller(bridge, headers=proxied).says("hello")

    assert spoken == Spoken("Stub turn 1: hello")


async def test_the_agent_is_told_that_a_voice_reads_its_reply(
    gateway: RealGateway, bridge: Bridge
) -> None:
    await Caller(bridge).says("hello")

    (seen,) = gateway.provider.seen()
    assert "| channel=voice |" in seen.dialogue[0]
    assert "[embed" not in seen.system
