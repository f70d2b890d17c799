"""Who may enter, how much, how fast: decided before anything is read."""

import json
import logging
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from bridge.errors import BadRequest
from bridge.web.doors import Tokens
from bridge.web.guard import LINGER_BYTES, Guard, Limits

PLATFORM, OPERATOR, WEBHOOK = "p" * 43, "o" * 43, "w" * 43
CHAT = "/v1/chat/completions"


@dataclass
class House:
    """A guarded app that remembers who came in, and what the guard looks at."""

    limits: Limits = field(default_factory=lambda: Limits(1000, 2, 5))
    private_bind: bool = False
    draining: bool = False
    now_s: float = 1000.0
    came_in: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guard = Guard(
            self.app,
            tokens=Tokens(PLATFORM, OPERATOR, private_bind=self.private_bind, webhook=WEBHOOK),
            limits=self.limits,
            clock=lambda: self.now_s,
            gate=self,
        )

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            self.came_in.append((scope["type"], b""))
            return
        message = await receive()
        self.came_in.append((scope["path"], message["body"]))
        assert message["more_body"] is False or scope["method"] == "GET"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    async def ask(
        self,
        method: str = "POST",
        path: str = CHAT,
        *,
        token: str = PLATFORM,
        body: Any = b"{}",
        **headers: str,
    ) -> httpx.Response:
        sent = {"content-type": "application/json", **headers}
        if token:
            sent["authorization"] = f"Bearer {token}"
        sent = {k.replace("_", "-"): v for k, v in sent.items() if v}
        transport = httpx.ASGITransport(self.guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
            return await client.request(method, path, content=body, headers=sent)


async def test_a_request_with_its_token_comes_in_with_its_body() -> None:
    house = House()
    response = await house.ask(body=b'{"a":1}')
    assert (response.text, house.came_in) == ("in", [(CHAT, b'{"a":1}')])


async def test_a_body_in_pieces_comes_in_whole() -> None:
    async def pieces() -> Any:
        yield b'{"a"'
        yield b":1}"

    house = House()
    assert (await house.ask(body=pieces())).text == "in"
    assert house.came_in == [(CHAT, b'{"a":1}')]


@pytest.mark.parametrize("path", ["/", "/nope", "/v2/models", "//v1/models"])
async def test_an_address_that_no_door_names_does_not_exist(path: str) -> None:
    house = House()
    response = await house.ask(path=path)
    assert (response.status_code, house.came_in) == (404, [])
    assert response.json()["error"]["code"] == "not_found"


async def test_a_refused_token_is_told_of_once_a_minute_and_never_quoted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    with caplog.at_level(logging.WARNING):
        for now_s in (0.0, 1.0, 59.0, 60.0):
            house.now_s = now_s
            await house.ask(token="guess-17")

    assert [record.getMessage() for record in caplog.records] == ["token.refused"] * 2
    assert "guess-17" not in caplog.text


@pytest.mark.parametrize("token", ["", "wrong", OPERATOR])
@pytest.mark.parametrize("path", [CHAT, "/chat/completions", "/v1/models"])
async def test_nobody_comes_in_without_the_right_token(path: str, token: str) -> None:
    house = House()
    response = await house.ask(path=path, token=token)
    assert (response.status_code, house.came_in) == (401, [])
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["connection"] == "close"


async def test_the_operators_doors_open_to_the_operators_token_only() -> None:
    house = House()
    for path in ("/sessions", "/latency", "/metrics"):
        assert (await house.ask("GET", path, token=PLATFORM, body=b"")).status_code == 401
        assert (await house.ask("GET", path, token=OPERATOR, body=b"")).status_code == 200


async def test_public_doors_open_to_everyone() -> None:
    house = House(limits=Limits(1000, 1, 1))
    for _ in range(3):
        assert (await house.ask("GET", "/healthz", token="", body=b"")).status_code == 200
        assert (await house.ask("GET", "/readyz", token="wrong", body=b"")).status_code == 200


async def test_while_stopping_only_new_work_is_refused() -> None:
    house = House(draining=True)
    refused = await house.ask()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert (await house.ask("GET", "/healthz", token="", body=b"")).status_code == 200
    assert (await house.ask("GET", "/sessions", token=OPERATOR, body=b"")).status_code == 200
    assert (await house.ask(token="wrong")).status_code == 401


async def test_a_token_has_its_requests_a_minute() -> None:
    house = House()
    answers = [await house.ask() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].headers["retry-after"] == "60"
    assert answers[5].json()["error"]["code"] == "rate_limit_exceeded"
    house.now_s += 60.0
    assert (await house.ask()).status_code == 200


async def test_wrong_tokens_use_up_nothing_of_the_right_ones() -> None:
    house = House()
    for _ in range(20):
        assert (await house.ask(token="wrong")).status_code == 401
    assert (await house.ask()).status_code == 200


async def test_each_token_has_its_own_allowance() -> None:
    house = House(limits=Limits(1000, 2, 1))
    assert (await house.ask()).status_code == 200
    assert (await house.ask("GET", "/sessions", token=OPERATOR, body=b"")).status_code == 200
    assert (await house.ask()).status_code == 429


async def test_a_limit_of_zero_is_none() -> None:
    house = House(limits=Limits(0, 0, 0))
    for _ in range(10):
        assert (await house.ask(body=b"x" * 5000)).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
    ],
)
async def test_a_body_is_json(content_type: str, status: int) -> None:
    response = await House().ask(**{"content-type": content_type})
    assert response.status_code == status


async def test_reading_needs_no_kind() -> None:
    response = await House().ask("GET", "/v1/models", body=b"", **{"content-type": "text/plain"})
    assert response.status_code == 200


async def test_a_body_as_large_as_allowed_comes_in() -> None:
    assert (await House().ask(body=b"x" * 1000)).status_code == 200


async def test_a_length_that_is_no_number_is_refused() -> None:
    response = await House().ask(**{"content-length": "ten"})
    assert response.status_code == 400


@dataclass
class Client:
    """The server's side of one request, message by message."""

    messages: list[Message]
    read: int = 0
    sent: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        self.read += 1
        return self.messages[self.read - 1]

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None


def piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


async def drive(house: House, client: Client, *headers: tuple[bytes, bytes]) -> None:
    """One authenticated POST through the guard."""
    known = [(b"authorization", f"Bearer {PLATFORM}".encode())]
    scope = {"type": "http", "method": "POST", "path": CHAT, "headers": [*known, *headers]}
    await house.guard(scope, client.receive, client.send)


CHUNKED = (b"transfer-encoding", b"chunked")


async def test_a_length_beyond_the_limit_is_refused_before_anything_is_read() -> None:
    reads_at_answer: list[int] = []

    class Watching(Client):
        @override
        async def send(self, message: Message) -> None:
            reads_at_answer.append(self.read)
            await super().send(message)

    client = Watching([piece(b"x" * 100), GONE])
    await drive(House(), client, (b"content-length", b"1001"))
    assert (client.status, reads_at_answer[:2]) == (413, [0, 0])
    assert json.loads(client.sent[1]["body"])["error"]["code"] == "request_too_large"


async def test_a_length_of_a_million_digits_is_refused() -> None:
    client = Client([GONE])
    await drive(House(), client, (b"content-length", b"9" * 1_000_000))
    assert client.status == 413


async def test_a_body_without_a_length_is_counted_while_it_is_read() -> None:
    client = Client([piece(b"x" * 400), piece(b"x" * 400), piece(b"x" * 400), GONE])
    house = House()
    await drive(house, client, CHUNKED)
    assert (client.status, house.came_in) == (413, [])


async def test_a_refused_body_is_dropped_up_to_a_bound() -> None:
    client = Client([piece(b"x" * 65536)] * 1000)
    await drive(House(), client, (b"content-length", b"65536000"))
    assert (client.status, client.read) == (413, LINGER_BYTES // 65536)


async def test_a_client_that_waits_to_be_asked_for_its_body_is_not_asked() -> None:
    client = Client([])
    await drive(House(), client, (b"content-length", b"2000"), (b"expect", b"100-continue"))
    assert (client.status, client.read) == (413, 0)


@pytest.mark.parametrize("before", [[], [piece(b"x")]])
async def test_a_client_that_leaves_amid_its_body_gets_nothing_and_holds_nothing(
    before: list[Message],
) -> None:
    house = House(limits=Limits(1000, 1, 0))
    for _ in range(3):
        client = Client([*before, GONE])
        await drive(house, client, CHUNKED)
        assert (client.sent, house.came_in) == ([], [])
    assert (await house.ask()).status_code == 200


async def test_a_failure_of_the_app_is_the_apps_and_gives_the_place_back() -> None:
    house = House(limits=Limits(1000, 1, 0))

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise BadRequest("No.")

    house.guard._app = failing
    for _ in range(3):
        with pytest.raises(BadRequest):
            await drive(house, Client([piece(b"{}", more=False)]), CHUNKED)


async def test_too_many_at_once_are_refused_until_one_is_over() -> None:
    house = House(limits=Limits(1000, 1, 0))
    inner: list[int | None] = []

    async def nested(scope: Scope, receive: Receive, send: Send) -> None:
        client = Client([])
        await drive(house, client)
        inner.append(client.status)

    house.guard._app = nested
    await drive(house, Client([]))
    await drive(house, Client([]))
    assert inner == [429, 429]


async def test_the_disconnect_is_heard_behind_the_guard() -> None:
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([await receive(), await receive()])

    house = House()
    house.guard._app = app
    await drive(house, Client([piece(b"{", more=True), piece(b"}", more=False), GONE]), CHUNKED)
    assert heard == [piece(b"{}", more=False), GONE]


async def test_what_is_sent_passes_untouched() -> None:
    """The app is handed the server's own `send`: nothing stands between chunk and socket."""
    handed: list[tuple[object, object]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        handed.append((receive, send))

    house = House()
    house.guard._app = app
    client = Client([])
    await drive(house, client)
    assert handed == [(client.receive, client.send)]


async def test_a_head_request_is_refused_without_a_body() -> None:
    response = await House().ask("HEAD", "/v1/models", token="", body=b"")
    assert (response.status_code, response.content) == (401, b"")


async def test_starting_and_stopping_pass_and_websockets_do_not() -> None:
    house = House()
    client = Client([])
    await house.guard({"type": "lifespan"}, client.receive, client.send)
    await house.guard({"type": "websocket", "path": "/v1"}, client.receive, client.send)
    assert house.came_in == [("lifespan", b"")]
    assert client.sent == [{"type": "websocket.close", "code": 1008}]
