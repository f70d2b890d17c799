"""Chat requests as a client writes them, good ones and wrong ones, and the error in an answer."""

import json
from typing import Any

import httpx

CHAT = "/v1/chat/completions"

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
"""A tool call, as it stands in a history."""


def body(**changes: Any) -> dict[str, Any]:
    """A good request, with some fields changed."""
    return {"model": "bridge", "messages": [{"role": "user", "content": "Hi"}], **changes}


def function(**fields: Any) -> dict[str, Any]:
    """A tool that a request offers."""
    return {"type": "function", "function": fields}


def raw(body: Any) -> bytes:
    """A body as it is sent."""
    return json.dumps(body).encode()


async def post(
    client: httpx.AsyncClient, content: bytes, *headers: tuple[str, bytes]
) -> httpx.Response:
    """Sends these very bytes as JSON, with headers that need not be text."""
    named = [("content-type", b"application/json"), *headers]
    return await client.post(CHAT, content=content, headers=[(k.encode(), v) for k, v in named])


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error, having looked that it is one of ours in OpenAI's shape and gives nothing away."""
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer.keys() == {"error"}
    error: dict[str, Any] = answer["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    assert not any(word in response.text for word in ("Traceback", 'File \\"', ".py"))
    return error
