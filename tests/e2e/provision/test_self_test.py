"""The test turn that closes `bridge provision`: through the public address, to the agent.

`prove` is asked at a loopback address, which it takes; the command refuses those before it begins.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bridge.phrases import load_phrases
from bridge.provision import self_test
from bridge.provision.self_test import CHECK_SESSION, Proof, prove
from bridge.provision.wish import Wish
from bridge.reach import outside
from tests.e2e.provision.office import Office
from tests.fakes.agent import FakeAgent
from tests.fakes.program import PLATFORM_TOKEN, program
from tests.fakes.web_server import served

BOOK = load_phrases()
Answer = Callable[[Request], Awaitable[Response]]


async def proof_at(url: str, token: str = PLATFORM_TOKEN) -> Proof:
    async with asyncio.timeout(5):
        return await prove(Wish("bridge", url, token=token, webhook_token=""), BOOK)


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """A public address where something else answers."""
    path = "/v1/chat/completions"
    app = Starlette(routes=[Route(path, answer, methods=["POST"])])
    async with served(app) as where:
        yield where.url


def streaming(*pieces: str) -> Answer:
    async def answer(request: Request) -> Response:
        return StreamingResponse(iter(pieces), media_type="text/event-stream")

    return answer


# -- a bridge --------------------------------------------------------------------------------------


async def test_a_turn_through_a_running_bridge_goes_well() -> None:
    async with FakeAgent() as agent, program(agent) as bridge:
        proof = await proof_at(bridge.served.url)

    assert proof.fault == ""
    assert proof.first_words_s is not None
    assert proof.as_json()["ok"] is True


async def test_it_is_one_turn_in_a_session_that_no_caller_has() -> None:
    async with FakeAgent(openclaw=True) as gateway, program(gateway) as bridge:
        proof = await proof_at(bridge.served.url)
        (asked,) = gateway.requests

    assert proof.fault == ""
    assert asked.headers["x-openclaw-session-key"] == f"agent:main:{CHECK_SESSION}"


async def test_it_goes_well_where_every_caller_is_refused() -> None:
    """The policy is about telephone calls, and this is none."""
    async with FakeAgent() as agent, program(agent, {"POLICY__INBOUND": "disabled"}) as bridge:
        proof = await proof_at(bridge.served.url)

    assert proof.fault == ""
    assert len(agent.requests) == 1


async def test_a_wrong_token_is_told_from_everything_else() -> None:
    async with program() as bridge:
        proof = await proof_at(bridge.served.url, "another-token-than-the-servers")

    assert proof.fault == f"The server at {bridge.served.url} refuses the platform token."
    assert "same server.token" in proof.cure


async def test_an_agent_that_is_down_is_told_from_a_server_that_is() -> None:
    """The server says an honest sentence then, with status 200: that is no reply."""
    down = {"UPSTREAM__NAME": "openai", "UPSTREAM__URL": "http://127.0.0.1:9/v1"}
    async with program(settings={**down, "TURN__FILLERS": "0"}) as bridge:
        proof = await proof_at(bridge.served.url)

    assert proof.fault == "The server answers there, but its agent does not."
    assert "bridge doctor" in proof.cure


# -- something else --------------------------------------------------------------------------------


async def test_nobody_there() -> None:
    async with answering(streaming()) as url:
        pass
    proof = await proof_at(url)

    assert proof.fault == f"{url} does not answer (ConnectError)."
    assert "bridge serve" in proof.cure


async def page(request: Request) -> Response:
    return HTMLResponse("<html>Welcome to nginx</html>")


async def whole(request: Request) -> Response:
    return JSONResponse({"choices": [{"message": {"content": "Hello"}}]})


async def elsewhere(request: Request) -> Response:
    return Response(status_code=301, headers={"location": "https://example.com"})


async def nowhere(request: Request) -> Response:
    return Response(status_code=404)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (page, "answers with something else than a stream."),
        (whole, "answers with something else than a stream."),
        (elsewhere, "answers with HTTP 301."),
        (nowhere, "answers with HTTP 404."),
    ],
)
async def test_what_is_no_stream_is_said(answer: Answer, fault: str) -> None:
    async with answering(answer) as url:
        proof = await proof_at(url)

    assert proof.fault == f"{url} {fault}"
    assert proof.cure == "`bridge doctor` says what answers there."


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        ("data: [DONE]\n\n",),
        ('data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}\n\n',),
        ("data: nonsense\n\n", "data: []\n\n", 'data: {"choices": []}\n\n'),
    ],
)
async def test_a_stream_without_words_is_an_empty_reply(pieces: tuple[str, ...]) -> None:
    async with answering(streaming(*pieces)) as url:
        proof = await proof_at(url)

    assert proof == Proof(
        "The reply was empty.", "Ask the agent with `bridge chat`, and see its log."
    )


async def test_a_reply_without_an_end_is_not_listened_to_for_ever() -> None:
    word = 'data: {"choices": [{"delta": {"content": "' + "word " * 10_000 + '"}}]}\n\n'
    async with answering(streaming(*[word] * 30)) as url:
        proof = await proof_at(url)

    assert proof.fault == "The reply has no end."


async def test_who_says_nothing_is_not_waited_for_longer_than_the_platform_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(self_test, "CASCADE_TIMEOUT_S", 0.1)
    over = asyncio.Event()

    async def hang(request: Request) -> Response:
        await over.wait()
        return Response()

    async with answering(hang) as url:
        proof = await proof_at(url)
        over.set()

    assert proof.fault == f"{url} sent no words within 0.1 s."


async def test_a_stream_kept_open_without_words_is_as_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's own signs of life end no silence."""
    monkeypatch.setattr(self_test, "CASCADE_TIMEOUT_S", 0.1)

    async def alive(request: Request) -> Response:
        async def signs() -> AsyncIterator[str]:
            while not await request.is_disconnected():
                yield ": still here\n\n"
                await asyncio.sleep(0.01)

        return StreamingResponse(signs(), media_type="text/event-stream")

    async with answering(alive) as url:
        proof = await proof_at(url)

    assert proof.fault == f"{url} sent no words within 0.1 s."


# -- at the end of the command ---------------------------------------------------------------------


async def test_an_address_that_nobody_reaches_fails_the_check_with_everything_applied(
    office: Office,
) -> None:
    """The name is one that never exists. Source: RFC 6761, 6.4."""
    nowhere = {"SERVER__PUBLIC_URL": "https://bridge.invalid"}
    said = await office.types("provision", "--yes", **nowhere)
    told = await office.types("provision", "--yes", "--json", **nowhere)
    status = await office.types("status", **nowhere)

    assert (said.code, told.code, status.code) == (8, 8, 0)
    assert "Everything is applied, but the test turn failed: " in said.err
    result = told.json
    assert (result["steps"], result["applied"], result["not_kept"]) == ([], True, [])
    assert result["self_test"]["ok"] is False
    assert result["self_test"]["fault"]
    assert result["self_test"]["cure"]


@pytest.fixture
def way_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has the public name lead to a server on this machine, for want of one on the internet."""

    def lead(real: str) -> None:
        ask = outside.ask
        chat = f"{real}/v1/chat/completions"
        monkeypatch.setattr(outside, "ask", lambda url, nonce: ask(real, nonce))
        monkeypatch.setattr(self_test, "_address", lambda wish: chat)

    return lead


async def test_the_token_is_sent_only_where_a_bridge_answers(
    office: Office, way_to: Callable[[str], None]
) -> None:
    """A parking page at a name that was let go gets to see nothing of ours."""
    asked: list[Request] = []

    async def anything(request: Request) -> Response:
        asked.append(request)
        return HTMLResponse("<html>This domain is for sale</html>")

    routes = [Route("/{path:path}", anything, methods=["GET", "POST"])]
    async with served(Starlette(routes=routes)) as where:
        way_to(where.url)
        said = await office.types("provision", "--yes")

    assert said.code == 8
    assert "answers with a web page, not as a bridge does" in said.err
    assert [request.headers.get("authorization") for request in asked] == [None]


async def test_a_turn_that_went_well_is_told_with_its_first_words(
    office: Office, way_to: Callable[[str], None]
) -> None:
    async with FakeAgent() as agent, program(agent) as bridge:
        way_to(bridge.served.url)
        said = await office.types("provision", "--yes")
        told = await office.types("provision", "--yes", "--json")

    assert said.code == told.code == 0
    assert "The test turn went well: first words after " in said.err
    assert told.json["self_test"]["ok"] is True
    assert len(agent.requests) == 2


async def test_it_is_left_out_when_that_is_said(office: Office) -> None:
    said = await office.types("provision", "--yes", "--skip-self-test", "--json")

    assert said.code == 0
    assert said.json["self_test"] is None
