"""Server-sent events, read as they come: bytes in, whole data payloads out.

`EventReader.feed` takes any cut of the stream, inside a line or a character, and returns the
payloads that are now whole, in order. Pure: it neither waits nor decodes. Event names, ids and
comments are passed over; only `data` matters on this wire.

Source: html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6 (2026-11).
"""

from collections.abc import Sequence

MAX_EVENT_BYTES = 4 * 1024 * 1024
"""One event may be so long. A chunk is some 200 bytes and a tool call some kilobytes; whatever
goes on for longer without an end is no event stream, and must not fill the memory."""

_BOM = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """An event went on beyond `MAX_EVENT_BYTES`."""


class EventReader:
    """Reads one stream."""

    __slots__ = ("_data", "_is_after_cr", "_is_first", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._is_after_cr = False
        self._is_first = True

    def feed(self, piece: bytes) -> Sequence[bytes]:
        """The payloads that `piece` made whole, oldest first.

        Raises:
            EventTooLong: see `MAX_EVENT_BYTES`.
        """
        if self._is_after_cr and piece:
            # A line end may be cut in two: CR came last time, its LF now.
            piece = piece.removeprefix(b"\n")
            self._is_after_cr = False
        if not piece:
            return ()
        self._size += len(piece)
        if b"\n" not in piece and b"\r" not in piece:
            self._pieces.append(piece)
            return self._checked(())
        lines = b"".join((*self._pieces, piece)).splitlines()
        self._pieces.clear()
        if piece[-1:] not in (b"\n", b"\r"):
            self._pieces.append(lines.pop())
        self._is_after_cr = piece[-1:] == b"\r"
        return self._checked(self._take(lines))

    def finish(self) -> Sequence[bytes]:
        """The payload that the end of the stream left without its empty line, if any.

        The standard drops it; servers that end on `data: [DONE]` without one mean it.
        """
        lines = [b"".join(self._pieces), b""]
        self._pieces.clear()
        return self._take(lines)

    def _checked(self, payloads: Sequence[bytes]) -> Sequence[bytes]:
        if self._size > MAX_EVENT_BYTES:
            raise EventTooLong
        return payloads

    def _take(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        payloads = []
        if self._is_first and lines:
            self._is_first = False
            lines = (lines[0].removeprefix(_BOM), *lines[1:])
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line == b"data":
                self._data.append(b"")
            elif not line:
                self._size = 0
                if self._data:
                    payloads.append(b"\n".join(self._data))
                    self._data.clear()
        return payloads
