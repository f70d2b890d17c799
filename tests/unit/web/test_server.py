"""The server's socket."""

import asyncio
import socket
from contextlib import suppress

from bridge.web.server import bind


def test_words_are_sent_as_soon_as_they_are_written() -> None:
    """The event loop switches Nagle's delay off, where it sees that a connection is TCP."""

    async def accepted() -> int:
        came: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link = writer.get_extra_info("socket")
            came.set_result(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with bind("127.0.0.1", 0) as listening:
            server = await asyncio.start_server(look, sock=listening)
            async with server:
                _, writer = await asyncio.open_connection(*listening.getsockname())
                is_at_once = await asyncio.wait_for(came, 5.0)
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()
        return is_at_once

    assert asyncio.run(accepted()) != 0
