"""A call with sound: frames both ways, and an ear in between."""

from collections.abc import Sequence
from typing import Any

from bridge.rehearsal.scenario import Line, Manners, OutboundCall, PickUp, Scenario
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.sound import FRAME_S, Spoken
from tests.fakes.tiny_bridge import SILENT, TinyBridge, act_out, hang_up, say

BYE = hang_up("Bye.")
HI = Line(1, says="Hi")


def scenario(*lines: Line, caller: str = "+15550001234", **manners: Any) -> Scenario:
    return Scenario("test", "A call.", lines or (HI,), caller=caller, manners=Manners(**manners))


def outbound(pick_up: PickUp = PickUp.ANSWERED, *lines: Line, **more: Any) -> Scenario:
    call = OutboundCall("+15550001234", message="Your table is booked.", pick_up=pick_up, **more)
    return Scenario("test", "A call.", lines, outbound=call)


class Noise:
    """A voice with frames, a word a second."""

    async def speak(self, text: str, language: str) -> Spoken:
        spoken = SilentVoice(60.0).spoken(text)
        count = round(spoken.duration_s / FRAME_S)
        return Spoken(spoken.text, spoken.words, [text[:1].encode() * 160] * count)


class Mishears:
    """An ear that understands something else."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.heard: list[tuple[int, str]] = []

    async def hear(self, frames: Sequence[bytes], language: str) -> str:
        self.heard.append((len(frames), language))
        return self.words


def with_sound(call: Scenario, bridge: TinyBridge, ear: Mishears) -> Any:
    return act_out(call, bridge, voice=Noise(), callers_voice=Noise(), ear=ear)


def test_with_an_ear_bridge_is_asked_what_was_understood() -> None:
    bridge, ear = TinyBridge(BYE), Mishears("High")
    acted = with_sound(scenario(), bridge, ear)

    assert bridge.asked[0].messages[-1] == ("user", "High")
    assert ear.heard == [(50, "en")]
    assert ("caller", "Hi") in acted.spoken()


def test_what_nobody_understands_is_not_asked() -> None:
    bridge = TinyBridge(BYE)
    with_sound(scenario(), bridge, Mishears(""))

    assert bridge.asked == []


def test_the_sound_of_both_sides_is_kept_as_far_as_it_was_heard() -> None:
    lines = (HI, Line(2, says="Stop", cuts_in_after_words=1), Line(3, hangs_up=True))
    bridge = TinyBridge(say("One two three. "), SILENT)
    acted = with_sound(scenario(*lines, first_token_s=2.0), bridge, Mishears("x"))

    caller, agent = acted.platform.call_audio()
    assert [(at_s, len(frames)) for at_s, frames in caller] == [(1.6, 50), (4.2, 50)]
    assert [(at_s, len(frames)) for at_s, frames in agent] == [(0.0, 50), (3.2, 50)]
