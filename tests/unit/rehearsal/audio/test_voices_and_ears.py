"""Two voices and an ear: what the one says, the other understands."""

import numpy as np
import pytest

from bridge.errors import SettingsError
from bridge.rehearsal.audio.bad_line import BadLine, over_line
from bridge.rehearsal.audio.frames import FRAME_BYTES, SILENCE, decode, encode, framed
from bridge.rehearsal.audio.kit import Kit
from bridge.rehearsal.audio.words import compare
from bridge.rehearsal.scenario import Manners
from bridge.rehearsal.sound import FRAME_S, Spoken, Voice

SENTENCES = (
    "What time is it?",
    "Book a table for fifteen people on Friday. My name is Miller.",
    "Thank you, goodbye.",
)


def pitch_hz(spoken: Spoken) -> float:
    """How high a voice is: the middle of its stronger pitches, by autocorrelation."""
    sound = np.frombuffer(decode(b"".join(spoken.frames)), "<i2").astype(float)
    found = []
    for at in range(0, sound.size - 400, 200):
        piece = sound[at : at + 400] - sound[at : at + 400].mean()
        strength = np.correlate(piece, piece, "full")[399:]
        if np.abs(piece).mean() < 500:
            continue
        lag = 20 + int(strength[20:110].argmax())  # 400 Hz down to 73 Hz
        if strength[lag] > 0.5 * strength[0]:
            found.append(8000 / lag)
    return float(np.median(found))


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("whose", ["voice", "callers_voice"])
async def test_every_word_is_understood_through_the_telephone(
    kit: Kit, whose: str, text: str
) -> None:
    voice: Voice = getattr(kit, whose)
    spoken = await voice.speak(text, "en-GB")

    understood = await kit.ear.hear(spoken.frames, "en")

    assert compare(text, understood)[1] == 0, understood


async def test_the_caller_is_deeper_than_the_agent(kit: Kit) -> None:
    agent = await kit.voice.speak(SENTENCES[1], "en")
    caller = await kit.callers_voice.speak(SENTENCES[1], "en")

    assert 1.1 < pitch_hz(agent) / pitch_hz(caller) < 1.35


async def test_words_end_one_after_the_other_and_the_last_with_the_sound(kit: Kit) -> None:
    spoken = await kit.voice.speak(SENTENCES[1], "en")

    ends = [word.until_s for word in spoken.words]
    assert [word.text for word in spoken.words] == SENTENCES[1].split()
    assert ends == sorted(set(ends))
    assert ends[-1] == spoken.duration_s == pytest.approx(len(spoken.frames) * FRAME_S)
    assert {len(frame) for frame in spoken.frames} == {FRAME_BYTES}


async def test_words_that_have_ended_are_heard_and_others_arent(kit: Kit) -> None:
    """The estimate is good enough that a cut between two sentences leaves the first whole."""
    spoken = await kit.voice.speak("The weather is fine. Good evening to you.", "en")
    [end_s] = [word.until_s for word in spoken.words if word.text == "fine."]

    understood = await kit.ear.hear(spoken.frames[: round(end_s / FRAME_S) + 1], "en")

    assert compare("The weather is fine.", understood)[1] == 0, understood


async def test_the_same_text_is_the_same_sound_whatever_was_said_before(kit: Kit) -> None:
    one, other = type(kit.voice)(), type(kit.voice)()
    await other.speak("Something else.", "en")

    assert await one.speak("Hello.", "en") == await other.speak("Hello.", "en")


@pytest.mark.parametrize("text", ["", "…", "?!"])
async def test_what_has_no_words_has_no_sound(kit: Kit, text: str) -> None:
    assert await kit.voice.speak(text, "en") == Spoken(text, ())


async def test_another_language_is_refused_with_what_to_do(kit: Kit) -> None:
    with pytest.raises(SettingsError, match="speak English, not 'de'") as refused:
        await kit.voice.speak("Guten Tag.", "de")

    assert "without sound" in refused.value.hint


async def test_silence_and_noise_say_nothing(kit: Kit) -> None:
    noise = np.random.default_rng(1).normal(0, 300, 24_000).astype("<i2").tobytes()

    assert await kit.ear.hear((), "en") == ""
    assert await kit.ear.hear([SILENCE] * 100, "en") == ""
    assert await kit.ear.hear(framed(encode(noise)), "en") == ""


async def test_a_line_that_does_no_harm_is_no_line(kit: Kit) -> None:
    assert over_line(kit.voice, Manners()) is kit.voice


async def test_noise_is_as_loud_as_it_is_said_to_be(kit: Kit) -> None:
    clean = await kit.voice.speak(SENTENCES[0], "en")
    noisy = await over_line(kit.voice, Manners(noise_db=10.0)).speak(SENTENCES[0], "en")

    signal, both = (
        np.frombuffer(decode(b"".join(one.frames)), "<i2").astype(float) for one in (clean, noisy)
    )
    ratio = np.mean(signal**2) / np.mean((both - signal) ** 2)
    assert 10 * np.log10(ratio) == pytest.approx(10.0, abs=0.5)
    assert noisy.words == clean.words


async def test_lost_frames_are_silent_and_the_others_untouched(kit: Kit) -> None:
    clean = await kit.voice.speak(SENTENCES[1], "en")
    lossy = await BadLine(kit.voice, None, 0.3).speak(SENTENCES[1], "en")

    changed = [new for old, new in zip(clean.frames, lossy.frames, strict=True) if new != old]
    assert set(changed) == {SILENCE}
    assert 0.2 < len(changed) / len(clean.frames) < 0.4


async def test_a_bad_line_does_the_same_harm_each_time(kit: Kit) -> None:
    line = over_line(kit.voice, Manners(noise_db=15.0, lost_frames=0.05))

    assert await line.speak("Hello.", "en") == await line.speak("Hello.", "en")


async def test_a_very_bad_line_is_heard_wrongly_and_the_errors_are_counted(kit: Kit) -> None:
    text = "Book a table for fifteen people on Friday."
    spoken = await over_line(kit.callers_voice, Manners(noise_db=-5.0)).speak(text, "en")

    assert compare(text, await kit.ear.hear(spoken.frames, "en"))[1] > 0
