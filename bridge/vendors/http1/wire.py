"""A request as bytes, and what may stand in it.

Source: RFC 9110 5.5 (field values), 5.6.2 (tokens); RFC 9112 3 (request line) (2026-11).
"""

import re

import httpx

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
_TARGET = re.compile(rb"[\x21-\x7e]+")


def render_request(request: httpx.Request) -> bytes:
    """The whole request, body and all. The body must be there already, as `content=` makes it.

    Raises:
        httpx.LocalProtocolError: something in it can't stand in a request, such as a line end in
            a header. What it is isn't repeated: it may be a token.
        httpx.RequestNotRead: the body is a stream.
    """
    body = request.content
    target = request.url.raw_path
    if not _NAME.fullmatch(request.method.encode()) or not _TARGET.fullmatch(target):
        raise httpx.LocalProtocolError("no such request line", request=request)
    lines = [b"%s %s HTTP/1.1\r\n" % (request.method.encode(), target)]
    for name, value in request.headers.raw:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise httpx.LocalProtocolError("no such header", request=request)
        lines.append(b"%s: %s\r\n" % (name, value))
    lines.append(b"\r\n")
    lines.append(body)
    return b"".join(lines)
