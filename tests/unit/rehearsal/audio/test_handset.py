"""The microphone and the loudspeaker of a machine, as a telephone."""

import asyncio
import os
import signal
import sys
from typing import Any

import pytest

from bridge.errors import SettingsError
from bridge.rehearsal.audio.frames import FRAME_BYTES, SILENCE, decode
from bridge.rehearsal.audio.handset import open_handset
from bridge.rehearsal.audio.person import HandsetPerson
from bridge.rehearsal.audio.utterances import Utterances
from bridge.rehearsal.sound import BeganToSpeak, FinishedSpeaking
from tests.fakes.devices import Devices
from tests.fakes.handset import FakeHandset

HIGH, LOW = b"\x80" * FRAME_BYTES, b"\x10" * FRAME_BYTES


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Devices:
    found = Devices()
    monkeypatch.setitem(sys.modules, "sounddevice", found)
    return found


async def test_the_devices_speak_as_the_line_does(devices: Devices) -> None:
    async with open_handset():
        wanted = {"samplerate": 8000, "blocksize": 160, "channels": 1, "dtype": "int16"}
        assert {**devices.opened, **wanted} == devices.opened
        assert devices.is_running
    assert not devices.is_running


async def test_what_is_said_is_heard_and_what_is_played_comes_out_in_order(
    devices: Devices,
) -> None:
    async with open_handset() as handset:
        handset.play([HIGH])
        handset.play([LOW])

        played = [await devices.exchange(decode(said)) for said in (LOW, HIGH, SILENCE)]

        assert played == [decode(HIGH), decode(LOW), decode(SILENCE)]
        assert [await handset.listen() for _ in range(3)] == [LOW, HIGH, SILENCE]


async def test_after_a_stop_nothing_of_what_was_to_be_played_is(devices: Devices) -> None:
    async with open_handset() as handset:
        handset.play([HIGH, HIGH])
        handset.stop()

        assert await devices.exchange(decode(SILENCE)) == decode(SILENCE)


async def test_ctrl_c_hangs_up(devices: Devices) -> None:
    before = signal.getsignal(signal.SIGINT)
    async with open_handset() as handset:
        os.kill(os.getpid(), signal.SIGINT)

        async with asyncio.timeout(5):
            assert await handset.listen() == b""
            assert await handset.listen() == b""
    assert signal.getsignal(signal.SIGINT) in {before, signal.default_int_handler}


async def test_what_nobody_listens_to_for_long_is_dropped(devices: Devices) -> None:
    async with open_handset() as handset:
        for number in range(1600):
            handset._take(b"%d" % number)

        assert await handset.listen() == b"99"


@pytest.mark.parametrize(
    ("found", "missing", "cure"),
    [
        (None, "the package 'sounddevice'", "pip install sounddevice"),
        (Devices(works=False), "no microphone and loudspeaker", "Plug in a headset"),
    ],
)
async def test_what_is_missing_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, found: Devices | None, missing: str, cure: str
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", found)

    with pytest.raises(SettingsError, match=missing) as refused:
        async with open_handset():
            pass

    assert cure in refused.value.hint


async def test_a_system_without_portaudio_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)

    with pytest.raises(SettingsError, match="PortAudio") as refused:
        async with open_handset():
            pass

    assert "libportaudio2" in refused.value.hint


async def test_a_person_begins_finishes_and_hangs_up() -> None:
    handset = FakeHandset((5, [HIGH] * 10), silent_after=30)
    person = HandsetPerson(handset, Utterances(lambda frame: frame == HIGH, 0.5))
    person.play([LOW, LOW])

    happened = [await person.next() for _ in range(3)]

    assert happened[0] == BeganToSpeak()
    assert isinstance(happened[1], FinishedSpeaking)
    assert happened[2] is None
    assert handset.played[:3] == [LOW, LOW, SILENCE]


async def test_a_person_who_is_to_hear_no_more_hears_no_more() -> None:
    handset = FakeHandset()
    person = HandsetPerson(handset, Utterances(lambda frame: False, 0.5))
    person.play([LOW])
    person.stop()

    assert await person.next() is None
    assert set(handset.played) == {SILENCE}
