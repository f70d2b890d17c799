"""One question from outside: real servers on loopback, and what can't be had there by its error."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from bridge.reach import outside
from bridge.reach.keeper import prover
from bridge.reach.outside import Trouble
from tests.fakes.program import program
from tests.fakes.web_server import Served, served

pytestmark = pytest.mark.anyio

NONCE = "nonce-0123456789"
SELF_SIGNED = Path(__file__).with_name("self_signed.pem")
"""A certificate and its key, made for this test: of `localhost`, for a hundred years."""


@asynccontextmanager
async def answering(answer: Response, asked: list[Request] | None = None) -> AsyncIterator[Served]:
    async def root(request: Request) -> Response:
        if asked is not None:
            asked.append(request)
        return answer

    async with served(Starlette(routes=[Route("/{path:path}", root)])) as server:
        yield server


async def trouble(url: str) -> Trouble:
    """Why that address doesn't lead here."""
    async with asyncio.timeout(5):
        found = await outside.ask(url, NONCE)
    assert isinstance(found, Trouble)
    assert found.cure
    return found


async def test_a_bridge_proves_itself_by_every_address_that_leads_to_it() -> None:
    async with program() as running:
        prove = prover(running.bridge.presence.proof_of)
        assert await prove(running.served.url) is None
        assert await prove(f"http://localhost:{running.served.port}") is None


async def test_another_bridge_can_not_prove_to_be_this_one() -> None:
    async with program() as one, program() as other:
        found = await prover(one.bridge.presence.proof_of)(other.served.url)

    assert found is not None
    assert found.message == f"Another bridge answers at {other.served.url}."


async def test_the_proof_differs_for_each_nonce() -> None:
    async with program() as running:
        proofs = {await outside.ask(running.served.url, f"{NONCE}{n}") for n in range(3)}

    assert len(proofs) == 3


async def test_it_asks_past_ngroks_page_for_browsers_and_sends_no_token() -> None:
    asked: list[Request] = []
    async with answering(JSONResponse({"status": "ok", "proof": "p"}), asked) as server:
        assert await outside.ask(f"{server.url}/phone", NONCE) == "p"

    (request,) = asked
    assert request.headers["ngrok-skip-browser-warning"] == "1"
    assert "authorization" not in request.headers
    assert str(request.url).endswith(f"/phone/healthz?nonce={NONCE}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (JSONResponse({"status": "ok"}), "can't prove to be us"),
        (JSONResponse({"status": "ok", "proof": 7}), "can't prove to be us"),
        (JSONResponse({"status": "sick", "proof": "p"}), "answers with HTTP 200"),
        (JSONResponse(["ok"]), "answers with HTTP 200"),
        (JSONResponse({"status": "ok", "proof": "p"}, 500), "answers with HTTP 500"),
        (PlainTextResponse("nothing here", 404), "answers with HTTP 404"),
        (RedirectResponse("https://elsewhere.test/"), "redirect (HTTP 307)"),
        (HTMLResponse("<html>Welcome to nginx</html>"), "a web page"),
        (HTMLResponse("<html>ERR_NGROK_6024</html>"), "(ERR_NGROK_6024)"),
        (HTMLResponse("", 404, {"ngrok-error-code": "ERR_NGROK_3200"}), "(ERR_NGROK_3200)"),
        (HTMLResponse("", 502, {"ngrok-error-code": "ERR_NGROK_8012"}), "(ERR_NGROK_8012)"),
        (HTMLResponse("", 502, {"ngrok-error-code": "ERR_NGROK_9"}), "ngrok answers"),
    ],
)
async def test_who_answers_instead_is_told_apart(answer: Response, said: str) -> None:
    async with answering(answer) as server:
        assert said in (await trouble(server.url)).message


async def test_a_code_from_a_stranger_is_repeated_as_far_as_it_fits_an_address() -> None:
    headers = {"ngrok-error-code": "ERR_NGROK_9/../<b>" + "x" * 100}
    async with answering(HTMLResponse("", 502, headers)) as server:
        cure = (await trouble(server.url)).cure

    assert cure == f"See https://ngrok.com/docs/errors/err_ngrok_9b{'x' * 28}"


async def test_a_redirect_is_not_followed_even_to_us() -> None:
    async with program() as running, answering(RedirectResponse(running.served.url)) as other:
        assert "redirect" in (await trouble(other.url)).message


async def test_a_page_without_an_end_is_read_to_its_beginning() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"<p>" * 1000
            await asyncio.sleep(0)

    async with answering(StreamingResponse(endless(), media_type="text/html")) as server:
        assert "a web page" in (await trouble(server.url)).message


async def test_an_address_that_takes_its_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(_request: Request) -> Response:
        await asyncio.sleep(600)
        return Response()

    monkeypatch.setattr(outside, "WITHIN_S", 0.2)
    async with served(Starlette(routes=[Route("/healthz", slow)])) as server:
        assert "within 0.2 s" in (await trouble(server.url)).message


async def test_where_nobody_listens_connections_are_refused() -> None:
    assert "nothing listens there" in (await trouble("http://127.0.0.1:1")).message


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://bridge.example.com", "is not https"),
        ("https://bridge.local", "is a name that only this machine"),
        ("https://192.168.1.7", "is an address of a private network"),
    ],
)
async def test_an_address_that_no_platform_can_use_is_not_asked(url: str, why: str) -> None:
    assert (await trouble(url)).message.startswith(f"{url} {why}")


async def test_a_certificate_of_ones_own_making_is_named() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SELF_SIGNED)
    async with await asyncio.start_server(_hang_up, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        found = await trouble(f"https://localhost:{port}")

    assert found.message == "The certificate of localhost is self-signed."


async def test_plain_http_behind_an_https_address_is_told() -> None:
    async with program() as running:
        found = await trouble(running.served.url.replace("http", "https"))

    assert "does not speak TLS" in found.message


def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def refused_for(code: int) -> ssl.SSLCertVerificationError:
    """A certificate that OpenSSL refused."""
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (refused_for(10), "The certificate of here.test has expired."),
        (refused_for(19), "The certificate of here.test is signed by an authority of your own."),
        (refused_for(20), "without its chain"),
        (refused_for(62), "The certificate of here.test is of another name."),
        (refused_for(99), "The certificate of here.test is refused."),
        (socket.gaierror(-2, "unknown"), "The name here.test is not known (DNS)."),
        (OSError("all failed"), "https://here.test does not answer (ConnectError)."),
        (
            ExceptionGroup("both", [OSError("ipv6"), ConnectionRefusedError()]),
            "nothing listens there",
        ),
    ],
)
async def test_what_loopback_can_not_show_is_told_by_its_error(
    monkeypatch: pytest.MonkeyPatch, cause: Exception, said: str
) -> None:
    """Wrapped as httpx and httpcore wrap them: two errors around the system's own."""
    between = OSError("All connection attempts failed")
    between.__cause__ = cause
    error = httpx.ConnectError("failed")
    error.__cause__ = between

    def fails(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(httpx.AsyncClient, "stream", fails)
    assert said in (await trouble("https://here.test")).message
