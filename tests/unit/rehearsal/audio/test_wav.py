"""The sound of a call as a file."""

import wave
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.rehearsal.audio.frames import FRAME_BYTES, SILENCE, decode
from bridge.rehearsal.audio.wav import save
from bridge.rehearsal.sound import CallSound

HIGH, LOW = b"\x80" * FRAME_BYTES, b"\x10" * FRAME_BYTES


def test_the_caller_is_on_the_left_and_the_agent_on_the_right(tmp_path: Path) -> None:
    save(tmp_path / "call.wav", CallSound(caller=[(0.02, [HIGH])], agent=[(0.04, [LOW])]))

    with wave.open(str(tmp_path / "call.wav"), "rb") as wav:
        assert wav.getparams()[:4] == (2, 2, 8000, 480)
        both = wav.readframes(480)
    left = b"".join(both[at : at + 2] for at in range(0, len(both), 4))
    right = b"".join(both[at + 2 : at + 4] for at in range(0, len(both), 4))
    assert left == decode(SILENCE + HIGH + SILENCE)
    assert right == decode(SILENCE + SILENCE + LOW)


def test_a_call_without_a_word_is_a_file_without_a_sample(tmp_path: Path) -> None:
    save(tmp_path / "call.wav", CallSound())

    with wave.open(str(tmp_path / "call.wav"), "rb") as wav:
        assert wav.getnframes() == 0


def test_a_file_that_cant_be_written_says_which_and_what_to_do(tmp_path: Path) -> None:
    place = tmp_path / "nowhere" / "call.wav"

    with pytest.raises(SettingsError, match="No such file") as refused:
        save(place, CallSound())

    assert repr(str(place)) in refused.value.message
    assert "folder" in refused.value.hint
