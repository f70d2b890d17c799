"""A request as bytes: all of it, and nothing that is none."""

import httpx
import pytest

from bridge.vendors.http1.transport import Transport
from bridge.vendors.http1.wire import render_request
from tests.fakes.http1_client import request


def test_a_request_is_its_line_its_headers_and_its_body() -> None:
    asked = request("http://[::1]:8080/v1/a%20b?c=d", headers=[(b"X-Name", b"caf\xe9\tau lait")])

    assert render_request(asked) == (
        b"POST /v1/a%20b?c=d HTTP/1.1\r\nHost: [::1]:8080\r\nX-Name: caf\xe9\tau lait\r\n"
        b"Content-Length: 5\r\n\r\nhello"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x-name", b"one\r\nx-other: two"),
        (b"x-name", b"one\ntwo"),
        (b"x-name", b"one\rtwo"),
        (b"x-name", b"one\x00two"),
        (b"x-name", b"\x7f"),
        (b"x-name:", b"one"),
        (b"x name", b"one"),
        (b"x-name\r\nx-other", b"one"),
        (b"", b"one"),
    ],
)
def test_a_header_that_would_be_more_than_one_is_refused_and_not_repeated(
    name: bytes, value: bytes
) -> None:
    with pytest.raises(httpx.LocalProtocolError) as caught:
        render_request(request("http://localhost/", headers=[(name, value)]))
    assert "one" not in str(caught.value)


@pytest.mark.parametrize("method", ["GET /other", "GET\r\nx: y\r\n\r\n", "", "GÉT"])
def test_a_method_that_would_be_more_than_one_is_refused(method: str) -> None:
    with pytest.raises(httpx.LocalProtocolError):
        render_request(request("http://localhost/", method))


@pytest.mark.anyio
async def test_nothing_but_http_is_asked() -> None:
    async with Transport(keepalive_s=1, most_idle=1) as transport:
        with pytest.raises(httpx.UnsupportedProtocol):
            await transport.handle_async_request(request("ftp://localhost/"))
