"""The demo agent as an upstream: it streams, waits, names its tool, and stops at once."""

import asyncio

import pytest

from bridge.core.chat import Message
from bridge.ports.upstream import Ask, Finish, Text, Upstream, UpstreamEvent, Verdict, Working
from bridge.upstreams.demo import MODEL, Settings, connect

pytestmark = pytest.mark.anyio

NOON_S = 1_795_262_700.0
"""Saturday 2026-11-21, 12:05 UTC."""


def turn(*said: str) -> Ask:
    messages = (
        Message.of("assistant", "This is bridge's built-in demo agent."),
        *(Message.of("user", text) for text in said),
    )
    return Ask(messages=messages, newest=messages[-1:])


class Naps:
    """Notes how long it was asked to sleep, and gives way without sleeping."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


async def replied(
    ask: Ask, settings: Settings | None = None, naps: Naps | None = None
) -> list[UpstreamEvent]:
    connected = connect(settings or Settings(), wall_s=lambda: NOON_S, sleep=naps or Naps())
    async with connected as demo, demo.ask(ask) as events:
        return [event async for event in events]


async def test_it_streams_word_by_word_and_finishes_once() -> None:
    assert await replied(turn("What time is it in Tokyo?")) == [
        Text("It "),
        Text("is "),
        Text("9:05 "),
        Text("PM "),
        Text("in "),
        Text("Tokyo."),
        Finish("stop"),
    ]


async def test_line_breaks_survive_the_streaming() -> None:
    events = await replied(turn("Show me markdown"))
    text = "".join(event.text for event in events if isinstance(event, Text))

    assert text.startswith("# What markdown sounds like\n\nThis is **bold**")
    assert "\n| --- | --- |\n" in text
    assert all(event.text for event in events if isinstance(event, Text))


async def test_the_pace_is_the_operator_s() -> None:
    naps = Naps()
    await replied(turn("thanks"), Settings(words_per_s=4), naps)

    assert naps.seconds == [0.25, 0.25]


async def test_at_no_pace_it_still_gives_way_between_words() -> None:
    naps = Naps()
    await replied(turn("thanks"), Settings(words_per_s=0), naps)

    assert naps.seconds == [0.0, 0.0]


async def test_thinking_is_silence_and_a_tool_is_named_before_it() -> None:
    naps = Naps()
    events = await replied(turn("use a slow tool"), Settings(words_per_s=0), naps)

    assert events[0] == Working("calendar")
    assert naps.seconds[0] == 4.0


async def test_the_operator_s_zone_is_meant_when_no_place_is_named() -> None:
    events = await replied(turn("what time is it"), Settings(zone="Europe/Berlin"))

    assert "".join(event.text for event in events if isinstance(event, Text)) == (
        "It is 1:05 PM in Europe/Berlin."
    )


async def test_two_turns_at_once_do_not_mix() -> None:
    async with (
        connect(Settings(words_per_s=0), wall_s=lambda: NOON_S) as demo,
        demo.ask(turn("What is 1 plus 1")) as one,
        demo.ask(turn("thanks")) as other,
    ):
        mixed = [await anext(one), await anext(other), await anext(one), await anext(other)]

    assert mixed == [Text("That "), Text("You're "), Text("is "), Text("welcome.")]


async def test_leaving_early_ends_the_stream() -> None:
    async with connect(Settings(), wall_s=lambda: NOON_S, sleep=Naps()) as demo:
        async with demo.ask(turn("count to twenty")) as events:
            assert await anext(events) == Text("One. ")
        assert [event async for event in events] == []


async def test_being_cancelled_while_it_thinks_ends_it_at_once() -> None:
    thinking = asyncio.Event()

    async def think(seconds: float) -> None:
        thinking.set()
        await asyncio.Event().wait()

    async def listen() -> None:
        connected = connect(Settings(), wall_s=lambda: NOON_S, sleep=think)
        async with connected as demo, demo.ask(turn("think for sixty seconds")) as events:
            await anext(events)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listen())
        await thinking.wait()
        listening.cancel()

    assert listening.cancelled()


async def test_it_says_of_itself_that_it_is_the_demo() -> None:
    async with connect(Settings()) as connected:
        demo: Upstream = connected
        (finding,) = await demo.examine()
        await demo.warm_up()

        assert (demo.name, demo.keeps_history, demo.calls_tools) == ("demo", False, False)
        assert await demo.models() == (MODEL,) == ("bridge-demo-rules",)
        assert (finding.verdict, "demo agent" in finding.message) == (Verdict.OK, True)


def test_a_pace_below_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="words_per_s"):
        Settings(words_per_s=-1)


def test_what_other_upstreams_need_is_no_mistake_here() -> None:
    assert Settings.model_validate({"url": "http://localhost/v1", "token": "x"}) == Settings()
