"""What was understood of a call, stretch by stretch."""

from collections.abc import Sequence

from bridge.rehearsal.audio.frames import FRAME_BYTES
from bridge.rehearsal.audio.report import listen_again
from bridge.rehearsal.performance import Fact, Over, Spoke
from bridge.rehearsal.sound import AudioReport, CallSound, Compared

HIGH, LOW = b"\x80" * FRAME_BYTES, b"\x10" * FRAME_BYTES


class Ear:
    """Knows two sounds by heart."""

    async def hear(self, frames: Sequence[bytes], language: str) -> str:
        known = {(HIGH, HIGH): "Hello there.", (LOW,): "Good bye."}
        return known.get(tuple(frames), f"{len(frames)} frames in {language}")


async def test_each_stretch_is_heard_on_its_own_side_and_in_its_own_time() -> None:
    sound = CallSound(caller=[(1.0, [HIGH, HIGH])], agent=[(1.0, [LOW, LOW])])
    facts: list[Fact] = [
        Spoke(1.0, 1.04, "caller", 1, "Hello there"),
        Spoke(1.0, 1.02, "agent", 1, "Goodbye", unheard="for now"),
        Over(2.0, "caller", ""),
    ]

    assert await listen_again(facts, sound, Ear(), "en") == AudioReport(
        (
            Compared(1.0, "caller", 1, "Hello there", "Hello there.", words=2, errors=0),
            Compared(1.0, "agent", 1, "Goodbye", "Good bye.", words=1, errors=0, is_cut=True),
        )
    )


async def test_what_isnt_on_the_line_is_heard_as_nothing_and_counted() -> None:
    facts = [Spoke(1.0, 1.02, "caller", 1, "Hello there")]

    report = await listen_again(facts, CallSound(), Ear(), "en")

    assert [(each.understood, each.errors) for each in report.compared] == [("0 frames in en", 4)]


async def test_keys_are_no_words() -> None:
    facts = [Spoke(1.0, 1.02, "caller", 1, "12", is_keys=True)]

    assert await listen_again(facts, CallSound(), Ear(), "en") == AudioReport()


def test_the_rate_of_a_call_is_of_all_its_words() -> None:
    one = Compared(0.0, "caller", 1, "a b", "a c", words=2, errors=1)
    other = Compared(1.0, "agent", 1, "d e f g h i", "d e f g h i", words=6, errors=0)
    report = AudioReport((one, other))

    assert report.word_error_rate() == 1 / 8
    assert report.word_error_rate("caller") == one.word_error_rate == 1 / 2
    assert report.word_error_rate("agent") == 0


def test_words_where_none_were_said_are_all_wrong() -> None:
    assert Compared(0.0, "caller", 1, "", "hm", words=0, errors=1).word_error_rate == 1
    assert AudioReport().word_error_rate() == 0
