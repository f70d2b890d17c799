"""Server-sent events come out whole, however the bytes were cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.vendors import sse
from bridge.vendors.sse import EventReader, EventTooLong

LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
PAYLOADS = st.lists(
    st.text(alphabet="aé漢😀 {}:\"'", max_size=12).map(str.encode), min_size=1, max_size=6
)
NOISE = st.sampled_from([b"", b": ping", b"event: message", b"id: 7", b"retry: 100", b":"])


def _read(stream: bytes, cuts: list[int]) -> list[bytes]:
    reader = EventReader()
    places = sorted({min(cut, len(stream)) for cut in cuts})
    starts, ends = [0, *places], [*places, len(stream)]
    got = [p for a, b in zip(starts, ends, strict=True) for p in reader.feed(stream[a:b])]
    return [*got, *reader.finish()]


@settings(max_examples=200)
@given(PAYLOADS, LINE_ENDS, NOISE, st.booleans(), st.lists(st.integers(0, 200), max_size=12))
def test_any_cut_of_the_stream_gives_the_same_payloads(
    payloads: list[bytes], end: bytes, noise: bytes, has_space: bool, cuts: list[int]
) -> None:
    head = b"data: " if has_space else b"data:"
    event = (noise + end) if noise else b""
    stream = b"".join(event + head + payload + end + end for payload in payloads)
    wanted = [p if has_space else p.removeprefix(b" ") for p in payloads]

    assert _read(stream, cuts) == wanted


@pytest.mark.parametrize(
    ("stream", "payloads"),
    [
        (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
        (b"data: two\ndata: lines\n\n", [b"two\nlines"]),
        (b"data\n\n", [b""]),
        (b"data:  one space goes\n\n", [b" one space goes"]),
        (b"\xef\xbb\xbfdata: after a mark\n\n", [b"after a mark"]),
        (b": comment\n\nevent: x\n\n\n\n", []),
        (b"data: [DONE]", [b"[DONE]"]),
        (b"data: [DONE]\n", [b"[DONE]"]),
        (b"data: a\r\n\r\ndata: b\r\r", [b"a", b"b"]),
        (b"database: no\nDATA: no\n\n", []),
        ("data: \u2028\x85\n\n".encode(), ["\u2028\x85".encode()]),
        (b"", []),
    ],
)
def test_what_the_standard_says_of(stream: bytes, payloads: list[bytes]) -> None:
    assert _read(stream, []) == payloads
    assert _read(stream, list(range(len(stream)))) == payloads


@pytest.mark.parametrize("piece", [b"x" * 40, b"data: x\n" * 5])
def test_an_event_without_an_end_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    reader = EventReader()
    reader.feed(b"data: fine\n\n" * 20)

    reader.feed(piece)
    reader.feed(piece)

    with pytest.raises(EventTooLong):
        reader.feed(piece)
