"""When somebody begins to speak, and when they have finished."""

from collections.abc import Iterable

import pytest

from bridge.rehearsal.audio.frames import FRAME_BYTES, SILENCE, framed
from bridge.rehearsal.audio.kit import Kit
from bridge.rehearsal.audio.utterances import LONGEST_S, Silero, Utterances
from bridge.rehearsal.sound import FRAME_S, BeganToSpeak, FinishedSpeaking

LOUD = b"\x80" * FRAME_BYTES
Happened = list[tuple[int, BeganToSpeak | FinishedSpeaking]]


def is_loud(frame: bytes) -> bool:
    return frame == LOUD


def happened(utterances: Utterances, frames: Iterable[bytes]) -> Happened:
    """What happened, with the number of the frame at which it did."""
    heard = ((number, utterances.hear(frame)) for number, frame in enumerate(frames))
    return [(number, what) for number, what in heard if what is not None]


def test_speech_begins_after_a_tenth_of_a_second_and_ends_after_the_pause() -> None:
    frames = [SILENCE] * 50 + [LOUD] * 20 + [SILENCE] * 50

    (began_at, began), (finished_at, finished) = happened(Utterances(is_loud, 0.5), frames)

    assert (began_at, began) == (54, BeganToSpeak())
    assert finished_at == 94
    assert isinstance(finished, FinishedSpeaking)
    assert list(finished.frames) == [SILENCE] * 15 + [LOUD] * 20 + [SILENCE] * 25


def test_a_click_is_no_speech() -> None:
    assert happened(Utterances(is_loud, 0.5), [SILENCE, *[LOUD] * 4, SILENCE] * 20) == []


def test_a_short_pause_is_part_of_an_utterance() -> None:
    frames = [LOUD] * 10 + [SILENCE] * 24 + [LOUD] * 10 + [SILENCE] * 25

    [(_, began), (number, finished)] = happened(Utterances(is_loud, 0.5), frames)

    assert began == BeganToSpeak()
    assert number == len(frames) - 1
    assert finished == FinishedSpeaking(tuple(frames))


def test_who_never_pauses_is_heard_in_parts() -> None:
    frames = [LOUD] * round(2.2 * LONGEST_S / FRAME_S)

    whats = [what for _, what in happened(Utterances(is_loud, 0.5), frames)]

    finished = [what for what in whats if isinstance(what, FinishedSpeaking)]
    assert [len(what.frames) * FRAME_S for what in finished] == [LONGEST_S, LONGEST_S]
    assert len(whats) == 5


@pytest.mark.parametrize("whose", ["voice", "callers_voice"])
async def test_silero_finds_every_utterance_and_loses_no_word(kit: Kit, whose: str) -> None:
    texts = ["What time is it?", "Thank you, goodbye."]
    spoken = [await getattr(kit, whose).speak(text, "en") for text in texts]
    pause = [SILENCE] * 60
    frames = [*pause, *spoken[0].frames, *pause, *spoken[1].frames, *pause]

    whats = [what for _, what in happened(Utterances(Silero(), 0.5), frames)]

    finished = [what for what in whats if isinstance(what, FinishedSpeaking)]
    assert [type(what) for what in whats] == [BeganToSpeak, FinishedSpeaking] * 2
    heard = [await kit.ear.hear(what.frames, "en") for what in finished]
    assert heard == ["What time is it?", "Thank you. Goodbye."]


def test_silero_takes_silence_and_a_tone_for_no_speech() -> None:
    tone = framed(bytes([0x80, 0x80, 0xFF, 0x00, 0x00, 0xFF]) * 8000)

    assert happened(Utterances(Silero(), 0.5), [SILENCE] * 100 + list(tone)) == []
