"""A fake ElevenLabs: a small real server on loopback that keeps state and refuses what they refuse.

    async with elevenlabs(twilio=twilio) as fake:
        agent_id = fake.add_agent("Molty")                 # made by hand in the dashboard
        fake.fail_write(2, Fault.DROP, done=True)          # how it fails
        ...                                                # point a client at fake.url, fake.api_key
        call = await fake.ring("+15550001234", "+15550100")
        turn = await call.say("What time is it?")
        await call.hang_up()
        await fake.post_call(call)

Every body is checked against the vendor's document, and a key that the document does not list is
answered with a loud 500 and kept in `complaints`, which must be empty in the end. Every answer is
checked against the document too. Where the vendor's way is not known it is a switch: `maps`,
`in_use_status`.

Source: elevenlabs.io/docs, API reference, custom LLM, dynamic variables, webhooks, Twilio native
integration (2026-11); data/README.md.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.elevenlabs import agents, belongings, conversations, numbers
from tests.fakes.elevenlabs.faults import Fault, FaultLayer, Faults, Record
from tests.fakes.elevenlabs.platform import Platform
from tests.fakes.elevenlabs.routes import Ask, Operation
from tests.fakes.elevenlabs.rules import Refusal, invalid, refused
from tests.fakes.elevenlabs.schema import (
    filled,
    problems,
    queries,
    request_schema,
    response_schema,
    strangers,
)
from tests.fakes.elevenlabs.state import Number, Secret, Webhook
from tests.fakes.twilio import FakeTwilio
from tests.fakes.web_server import served

LOUD = "THE FAKE COMPLAINS"
"""Begins the message of a 500 that means: the real one would have hidden your mistake."""

PERMISSIONS = frozenset({"convai_read", "convai_write", "workspace_read", "workspace_write"})
"""What a key may be limited to. The workspace's two names are not documented."""

OPERATIONS = (
    *agents.OPERATIONS,
    *belongings.OPERATIONS,
    *numbers.OPERATIONS,
    *conversations.OPERATIONS,
)


class FakeElevenLabs(Faults, Platform):
    """See the module. Made and served by `elevenlabs`.

    Attributes:
        url: where it answers, without a path.
        api_key: a key that may do everything.
        keys: every key, with what it may do.
    """

    def __init__(self, api_key: str, **switches: Any) -> None:
        Faults.__init__(self)
        Platform.__init__(self, **switches)
        self.url = ""
        self.api_key = api_key
        self.keys: dict[str, frozenset[str]] = {api_key: PERMISSIONS}

    def add_key(self, key: str, permissions: Sequence[str]) -> str:
        """A key that may do only this. The key again."""
        self.keys[key] = frozenset(permissions)
        return key

    # -- checks --------------------------------------------------------------------------------

    def check_key(self, request: Request, permission: str) -> None:
        """Refuses a key that is missing, wrong or limited."""
        given = request.headers.get("xi-api-key", "")
        found = [may for key, may in self.keys.items() if hmac.compare_digest(key, given)]
        if not found:
            raise refused(401, "invalid_api_key", "Invalid API key")
        if permission not in found[0]:
            why = f"The API key you used is missing the permission {permission}"
            raise refused(403, "missing_permissions", why)

    async def body_of(self, request: Request, operation: Operation) -> Any:
        """The body, checked. `{}` when the operation takes none."""
        schema = request_schema(operation.method, operation.path)
        odd = [
            f"?{key}"
            for key in request.query_params.keys() - queries(operation.method, operation.path)
        ]
        body: Any = {}
        if schema is not None:
            try:
                body = await request.json()
            except ValueError:
                raise invalid(
                    [{"loc": ["body"], "msg": "JSON decode error", "type": "json_invalid"}]
                ) from None
            odd += strangers(schema, body)
        elif await request.body():
            odd.append("a body")
        if odd and not self.silent_unknown_keys:
            raise self.complaint(operation, f"not known: {', '.join(odd)}")
        found = problems(schema, body, partial=operation.is_partial) if schema is not None else []
        if found:
            raise invalid(found)
        if schema is not None and odd:
            body = filled(schema, body, defaults=False)
        return body

    def complaint(self, operation: Operation, what: str) -> Refusal:
        """Keeps what is wrong, and the loud answer to it."""
        said = f"{operation.method} {operation.path}: {what}"
        self.complaints.append(said)
        return refused(500, "fake_complains", f"{LOUD}: {said}")

    def check_answer(self, operation: Operation, body: Any) -> None:
        """Holds the fake itself to the document."""
        schema = response_schema(operation.method, operation.path)
        found = problems(schema, body) if schema is not None else []
        if found:
            raise self.complaint(operation, f"answered wrongly: {found[:3]}")


def _endpoint(
    fake: FakeElevenLabs, operation: Operation
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            fake.check_key(request, operation.permission)
            body = await fake.body_of(request, operation)
            said = operation.act(fake, Ask(request.path_params, request.query_params, body))
            if said is None:
                return Response(status_code=204)
            fake.check_answer(operation, said)
            return JSONResponse(said)
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        except Exception as bug:
            fake.complaints.append(f"{operation.path}: a bug of the fake: {bug!r}")
            raise

    return answer


async def _unrouted(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code)


def _app(fake: FakeElevenLabs) -> Starlette:
    routes = [Route(o.path, _endpoint(fake, o), methods=[o.method]) for o in OPERATIONS]
    return Starlette(routes=routes, exception_handlers={HTTPException: _unrouted})


@asynccontextmanager
async def elevenlabs(
    *,
    twilio: FakeTwilio | None = None,
    api_key: str = "sk_of_the_fake_elevenlabs",
    maps: Literal["merge", "replace"] = "merge",
    silent_unknown_keys: bool = False,
    may_complain: bool = False,
) -> AsyncIterator[FakeElevenLabs]:
    """A fake on a free loopback port until the block ends.

    Args:
        twilio: whose numbers it imports; None imports any.
        may_complain: leaves `complaints` to the test.
    """
    fake = FakeElevenLabs(
        api_key, twilio=twilio, maps=maps, silent_unknown_keys=silent_unknown_keys
    )
    async with (
        served(FaultLayer(_app(fake), fake)) as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        fake.url, fake.client = server.url, client
        try:
            yield fake
        finally:
            fake.is_over.set()
    assert may_complain or not fake.complaints, fake.complaints


__all__ = [
    "LOUD",
    "PERMISSIONS",
    "FakeElevenLabs",
    "Fault",
    "Number",
    "Record",
    "Secret",
    "Webhook",
    "elevenlabs",
]
