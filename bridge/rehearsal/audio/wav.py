"""The sound of a whole call as a file to listen to: the caller on the left, the agent on the right.

Mono frames of both sides become one WAV file: two channels, PCM, 16-bit, 8000 Hz.
"""

import wave
from pathlib import Path

from bridge.errors import SettingsError
from bridge.rehearsal.audio.frames import SILENCE, decode, laid_out
from bridge.rehearsal.sound import RATE_HZ, CallSound


def save(path: Path, sound: CallSound) -> None:
    """Writes the call to a file, over one that is there.

    Raises:
        SettingsError: the file can't be written.
    """
    caller, agent = laid_out(sound.caller), laid_out(sound.agent)
    length = max(len(caller), len(agent))
    try:
        with path.open("wb") as file, wave.open(file, "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(RATE_HZ)
            wav.writeframes(_side_by_side(_until(caller, length), _until(agent, length)))
    except OSError as error:
        raise SettingsError(
            f"the sound of the call can't be written to {str(path)!r}: {error.strerror}",
            setting="--save",
            hint="Name a file in a folder that is there and may be written.",
        ) from None


def _until(track: bytes, length: int) -> bytes:
    return decode(track.ljust(length, SILENCE[:1]))


def _side_by_side(left: bytes, right: bytes) -> bytes:
    both = bytearray(2 * len(left))
    for byte in range(2):
        both[byte::4] = left[byte::2]
        both[2 + byte :: 4] = right[byte::2]
    return bytes(both)
