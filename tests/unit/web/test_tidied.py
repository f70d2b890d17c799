"""One spelling for each address."""

import pytest
from starlette.types import Receive, Scope, Send

from bridge.web.doors import Tidied


class Taken:
    """An app that remembers where it was asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.paths.append(scope["path"])


async def nothing(*_: object) -> None:
    """Neither sends nor receives."""


async def arrives_at(path: str) -> str:
    app, scope = Taken(), {"type": "http", "path": path}
    await Tidied(app)(scope, nothing, nothing)  # type: ignore[arg-type]  # never called
    assert scope["path"] == path
    return app.paths[0]


@pytest.mark.parametrize(
    ("path", "tidy"),
    [
        ("/v1/models", "/v1/models"),
        ("/v1/chat/completions/", "/v1/chat/completions"),
        ("/v1//chat/completions", "/v1/chat/completions"),
        ("//v1///chat/completions//", "/v1/chat/completions"),
        ("/", "/"),
        ("//", "/"),
        ("", ""),
        ("*", "*"),
        ("//evil.example/..", "/evil.example/.."),
    ],
)
async def test_an_address_has_one_spelling(path: str, tidy: str) -> None:
    assert await arrives_at(path) == tidy


async def test_what_has_no_address_passes() -> None:
    asked: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        asked.append(scope)

    await Tidied(app)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]  # never called

    assert asked == [{"type": "lifespan"}]
