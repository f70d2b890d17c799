"""The two ends that stand behind and beside bridge in `scripts/bench`: an upstream, and a relay.

The upstream is a tiny chat-completions server. What it does stands in the last utterance:

    say 5          five chunks at once, and the end
    pace 200       200 chunks, one every 20 ms, and the end
    open 17        one chunk, and then nothing until the caller goes away
    silent 17      nothing at all until the caller goes away

Each chunk's text is a word that holds the moment it was written, by the clock that all processes of
this machine share: `w<nanoseconds>x `, its digits as the letters a to j, as a reply is prose and no
column of figures. `GET /went` gives, by that number, the moment each caller was seen to go, and
`GET /open` the numbers of those that are still there.
"""

import asyncio
import contextlib
import json
import re
import time

PACE_S = 0.02
"""Between two chunks of a paced stream: 50 a second, a quick model's rate."""

ORDER = re.compile(rb"(say|pace|open|silent) (\d+)\W*$")
EVENT = (
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    '"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n'
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def sized(text: str) -> bytes:
    """One chunk of HTTP."""
    return f"{len(text):x}\r\n{text}\r\n".encode()


ROLE = sized(EVENT % ('{"role":"assistant","content":""}', "null"))
TAIL = sized(EVENT % ("{}", '"stop"') + "data: [DONE]\n\n") + b"0\r\n\r\n"


LETTERS = str.maketrans("0123456789", "abcdefghij")
FIGURES = bytes.maketrans(b"abcdefghij", b"0123456789")


def word() -> bytes:
    """A chunk that says when it was written."""
    stamp = str(time.monotonic_ns()).translate(LETTERS)
    return sized(EVENT % (f'{{"content":"w{stamp}x "}}', "null"))


def moment(stamp: bytes) -> int:
    """The moment in such a word, in nanoseconds."""
    return int(stamp.translate(FIGURES))


def order(body: bytes) -> tuple[bytes, int]:
    """What the last utterance asks for."""
    said = json.loads(body)["messages"][-1]["content"]
    text = said if isinstance(said, str) else said[-1]["text"]
    found = ORDER.search(text.encode())
    assert found, "the last utterance is no order of the bench"
    return found[1], int(found[2])


class Upstream:
    """The upstream, and the moments at which its callers went."""

    def __init__(self) -> None:
        self.went: dict[int, int] = {}
        self.open: set[int] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as it is used for."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"(?i)content-length: (\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                if head.startswith(b"POST"):
                    await self.reply(body, reader, writer)
                else:
                    seen = sorted(self.open) if head.startswith(b"GET /open") else self.went
                    answer = json.dumps(seen).encode()
                    size = b"content-length: %d\r\n\r\n" % len(answer)
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + size)
                    writer.write(answer)
        writer.close()

    async def reply(
        self, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Does what the last utterance says."""
        kind, number = order(body)
        writer.write(HEAD)
        if kind == b"say":
            writer.write(ROLE + b"".join(word() for _ in range(number)) + TAIL)
        elif kind == b"pace":
            await pace(number, writer)
        else:
            self.open.add(number)
            if kind == b"open":
                writer.write(ROLE + word())
            with contextlib.suppress(ConnectionError):
                await reader.read(1)
            self.open.discard(number)
            self.went[number] = time.monotonic_ns()
            raise ConnectionResetError


async def pace(count: int, writer: asyncio.StreamWriter) -> None:
    """A chunk every `PACE_S`, held to the beginning and not to each other."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    writer.write(ROLE)
    for number in range(count):
        await asyncio.sleep(began + number * PACE_S - loop.time())
        writer.write(word())
    writer.write(TAIL)
    await writer.drain()


async def serve_upstream(port: int) -> None:
    """The upstream, until it is stopped."""
    server = await asyncio.start_server(Upstream().serve, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


async def serve_relay(port: int, to: int) -> None:
    """The plainest proxy there is, for machines without nginx: it passes bytes on."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", to)
        async with asyncio.TaskGroup() as both:
            both.create_task(pump(reader, up_writer))
            both.create_task(pump(up_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()
