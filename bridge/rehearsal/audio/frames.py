"""Sound as a telephone line carries it: G.711 μ-law, 8000 Hz, mono, 20 ms a frame.

Pure, and of the standard library alone. Linear sound is mono PCM, 16-bit little-endian, 8000 Hz.
Source: ITU-T G.711, table 2a; the numbers are those of CPython's `audioop`, which 3.13 has no more.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from bridge.rehearsal.sound import FRAME_S, RATE_HZ

FRAME_BYTES = round(RATE_HZ * FRAME_S)
"""One byte a sample: 160 in 20 ms."""

SILENCE = b"\xff" * FRAME_BYTES
"""A frame in which nothing is heard: 0xFF is the zero that encoders write."""

_BIAS = 33
"""Added to a 14-bit magnitude, so that each segment begins at a power of two."""

_LOUDEST = 8158
"""The largest 14-bit magnitude that has a code."""


def encode(pcm: bytes) -> bytes:
    """16-bit samples as μ-law, half as many bytes.

    Raises:
        ValueError: half a sample is left over.
    """
    if len(pcm) % 2:
        raise ValueError(f"{len(pcm)} bytes are no whole number of 16-bit samples")
    codes = _codes()
    return bytes(codes[low | high << 8] for low, high in zip(pcm[::2], pcm[1::2], strict=True))


def decode(ulaw: bytes) -> bytes:
    """μ-law as 16-bit samples, twice as many bytes."""
    low, high = _sample_bytes()
    pcm = bytearray(2 * len(ulaw))
    pcm[::2] = ulaw.translate(low)
    pcm[1::2] = ulaw.translate(high)
    return bytes(pcm)


def framed(ulaw: bytes) -> tuple[bytes, ...]:
    """The sound in frames; the last is filled up with silence."""
    whole = ulaw + SILENCE[: -len(ulaw) % FRAME_BYTES]
    return tuple(whole[at : at + FRAME_BYTES] for at in range(0, len(whole), FRAME_BYTES))


def laid_out(stretches: Iterable[tuple[float, Sequence[bytes]]]) -> bytes:
    """One side of a call from its beginning, as μ-law: silence where nobody spoke.

    Args:
        stretches: frames with the moment, in seconds since the call began, at which they begin.
            Where two overlap, the one that began later is heard.
    """
    track = bytearray()
    for at_s, frames in sorted(stretches, key=lambda stretch: stretch[0]):
        ulaw = b"".join(frames)
        begin = max(0, byte_at(at_s))
        track.extend(b"\xff" * (begin - len(track)))
        track[begin : begin + len(ulaw)] = ulaw
    return bytes(track)


def byte_at(moment_s: float) -> int:
    """Where in a track a moment is."""
    return round(moment_s * RATE_HZ)


def _magnitude(code: int) -> int:
    """What a code with its sign bit set stands for, as a 14-bit magnitude."""
    inverted = ~code & 0x7F
    exponent, mantissa = inverted >> 4, inverted & 0x0F
    return ((2 * mantissa + _BIAS) << exponent) - _BIAS


@cache
def _sample_bytes() -> tuple[bytes, bytes]:
    """The low and the high byte of the sample that each of the 256 codes stands for."""
    magnitudes = [_magnitude(code) * 4 for code in range(256)]
    samples = [value if code & 0x80 else -value for code, value in enumerate(magnitudes)]
    return (
        bytes(sample & 0xFF for sample in samples),
        bytes(sample >> 8 & 0xFF for sample in samples),
    )


@cache
def _codes() -> bytes:
    """The code of each of the 65536 samples, by the sample's two bytes read as unsigned."""
    return bytes(_code(sample) for sample in (*range(0x8000), *range(-0x8000, 0)))


def _code(sample: int) -> int:
    shifted = sample >> 2
    sign = 0x80 if shifted >= 0 else 0
    biased = min(abs(shifted), _LOUDEST) + _BIAS
    exponent = biased.bit_length() - _BIAS.bit_length()
    mantissa = biased >> exponent + 1 & 0x0F
    return sign | ~(exponent << 4 | mantissa) & 0x7F
