"""Sound as a telephone line carries it."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rehearsal.audio.frames import (
    FRAME_BYTES,
    SILENCE,
    decode,
    encode,
    framed,
    laid_out,
)

EVERY_SAMPLE = b"".join(
    sample.to_bytes(2, "little", signed=True) for sample in range(-32768, 32768)
)
EVERY_CODE = bytes(range(256))


def samples(pcm: bytes) -> list[int]:
    return [int.from_bytes(pcm[at : at + 2], "little", signed=True) for at in range(0, len(pcm), 2)]


def test_some_codes_are_what_the_standard_says_they_are() -> None:
    """Source: ITU-T G.711, table 2a (14-bit values; ours are four times as large)."""
    by_code = dict(zip(EVERY_CODE, samples(decode(EVERY_CODE)), strict=True))
    in_the_table = {0x80: 8031, 0x8F: 4191, 0x9F: 2079, 0xEF: 33, 0xFE: 2, 0xFF: 0, 0x00: -8031}

    assert {code: by_code[code] / 4 for code in in_the_table} == in_the_table


def test_every_sample_and_every_code_are_as_the_standard_library_had_them() -> None:
    """Python 3.11 and 3.12 have `audioop` still."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop", reason="this Python has no audioop any more")

    assert encode(EVERY_SAMPLE) == audioop.lin2ulaw(EVERY_SAMPLE, 2)
    assert decode(EVERY_CODE) == audioop.ulaw2lin(EVERY_CODE, 2)


def test_sound_that_was_on_the_line_once_is_not_changed_by_another_time() -> None:
    """0x7F is the other zero: it comes back as 0xFF."""
    assert encode(decode(EVERY_CODE)) == EVERY_CODE.replace(b"\x7f", b"\xff")


def test_a_sample_comes_back_within_half_a_step_of_its_segment() -> None:
    before, after = samples(EVERY_SAMPLE), samples(decode(encode(EVERY_SAMPLE)))

    pairs = zip(before, after, strict=True)
    assert [a for a, b in pairs if abs(a - b) > (abs(a) + 132) / 32 + 4] == []


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes are no whole number of 16-bit samples"):
        encode(b"\0\0\0")


@given(st.binary(max_size=1000))
def test_frames_are_the_sound_filled_up_with_silence(ulaw: bytes) -> None:
    frames = framed(ulaw)

    assert {len(frame) for frame in frames} <= {FRAME_BYTES}
    assert b"".join(frames).startswith(ulaw)
    assert len(b"".join(frames)) - len(ulaw) < FRAME_BYTES
    assert set(b"".join(frames)[len(ulaw) :]) <= {SILENCE[0]}


def test_silence_is_heard_as_nothing() -> None:
    assert set(samples(decode(SILENCE))) == {0}


LOUD, SOFT = b"\x80" * FRAME_BYTES, b"\xc0" * FRAME_BYTES


def test_stretches_lie_where_they_began_and_silence_between_them() -> None:
    track = laid_out([(0.06, [SOFT]), (0.02, [LOUD])])

    assert framed(track) == (SILENCE, LOUD, SILENCE, SOFT)


def test_where_two_stretches_overlap_the_later_one_is_heard() -> None:
    track = laid_out([(0.0, [LOUD, LOUD, LOUD]), (0.02, [SOFT])])

    assert framed(track) == (LOUD, SOFT, LOUD)
