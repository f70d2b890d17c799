"""Calls that the operator or an agent has placed, and the kill switch.

| route | what |
| --- | --- |
| `POST /calls` | places a call; `Idempotency-Key` makes it ring once, however often it is asked |
| `GET /stop` | whether the kill switch is on |
| `POST /stop` | no call is placed any more, and calls of ours are hung up |
| `DELETE /stop` | calls may be placed again |

| answer to `POST /calls` | when |
| --- | --- |
| 201 | it was placed now |
| 200 | it was asked for before under this key; or `dry_run` |
| 202 | it is not known yet whether it rings; `GET /calls/{id}` will say |
| 403 | the guard refuses it, or an agent names a session: `error.rule` names the rule |
| 409 | this key was used for another call |
| 422 | a field is wrong |
| 502, 429 | the platform refuses it: nothing rings; `error.call` has the record |
| 503 | nobody can dial: there is no key or no agent yet |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.calls.outbound import Outbound, Placed
from bridge.core.call_export import render_call
from bridge.core.chat import render_error
from bridge.core.order import AGENT, BRIEF_CHARS, MESSAGE_CHARS, OPERATOR, Order
from bridge.core.outbound import Verdict
from bridge.core.phone import E164, parse_e164
from bridge.core.record import Mode, Source
from bridge.core.session import check_key
from bridge.core.stated import ID_CHARS
from bridge.errors import BadRequest, NotAllowed, SettingsError
from bridge.ports.desk import Desk
from bridge.web.bodies import parse_body
from bridge.web.doors import is_agent
from bridge.web.faults import REQUEST, SERVER, response_for

KEY_HEADER = "idempotency-key"
"""Source: IETF draft-ietf-httpapi-idempotency-key-header-07 (2025-10)."""

TO_CHARS = 64
"""Longest text taken for a number: `tel:`, blanks and dashes are dropped later."""

LANGUAGE = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2})?$"


class CallOrder(BaseModel):
    """A call to be placed: the body of `POST /calls`."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, populate_by_name=True)

    to: str = Field(
        min_length=1,
        max_length=TO_CHARS,
        description="Who is called, as an E.164 number.",
        examples=["+15550100"],
    )
    message: str = Field(
        default="", max_length=MESSAGE_CHARS, description="What is said first; all, with `notify`."
    )
    brief: str = Field(
        default="",
        max_length=BRIEF_CHARS,
        description="What the call is for: told to the agent, never to the callee.",
    )
    mode: Mode = Field(default=Mode.CONVERSATION, description="Say one thing and hang up, or talk.")
    line: str | None = Field(
        default=None,
        alias="from",
        max_length=TO_CHARS,
        description="Our number to call from; `twilio.phone_number` when not given.",
    )
    language: str = Field(default="", pattern=LANGUAGE, description="A language tag, as `de`.")
    session: str | None = Field(
        default=None,
        max_length=ID_CHARS,
        description="The agent's session to join; that of the callee when not given.",
    )
    dry_run: bool = Field(default=False, description="Only say what every rule says.")

    @field_validator("line")
    @classmethod
    def _line(cls, value: str | None) -> str | None:
        return None if value is None else parse_e164(value)

    @field_validator("session")
    @classmethod
    def _session(cls, value: str | None) -> str | None:
        if value is not None:
            check_key(value)
        return value

    def as_order(
        self,
        line: E164 | None,
        key: str | None,
        source: Source = Source.API,
        owner: str = OPERATOR,
    ) -> Order:
        """The order that it stands for. `line` is called from when it names none."""
        return Order(
            to=self.to,
            line=line if self.line is None else E164(self.line),
            mode=self.mode,
            message=self.message,
            brief=self.brief,
            language=self.language,
            source=source,
            owner=owner,
            key=key,
            session=self.session,
        )


@dataclass(frozen=True, slots=True)
class Orders:
    """What the routes open on to.

    Attributes:
        line: our number, called from when an order names none.
    """

    outbound: Outbound
    desk: Desk
    line: Callable[[], E164 | None]

    async def place(self, request: Request) -> Response:
        """`POST /calls`."""
        asked = parse_body(await request.body(), CallOrder)
        key = read_key(request)
        is_theirs = is_agent(request.scope)
        if is_theirs:
            order = _of_agent(asked, self.line(), key)
        else:
            order = asked.as_order(self.line(), key)
        if asked.dry_run:
            return JSONResponse(render_verdict(await self.outbound.decide(order)))
        try:
            placed = await self.outbound.place(order)
        except SettingsError as error:
            return _error(503, f"{error.message}. {error.hint}", SERVER, error.code)
        return answer(placed, reveal=is_theirs)

    async def shown(self, _request: Request) -> Response:
        """`GET /stop`."""
        return JSONResponse(self._switch())

    async def stop(self, _request: Request) -> Response:
        """`POST /stop`."""
        under_way = await self.outbound.stop()
        return JSONResponse({**self._switch(), "under_way": under_way})

    async def resume(self, _request: Request) -> Response:
        """`DELETE /stop`."""
        await self.outbound.resume()
        return JSONResponse(self._switch())

    def _switch(self) -> dict[str, Any]:
        switch = self.desk.switch()
        return {"stopped": switch.is_on is not False, "stopped_s": switch.stopped_s}


def routes(orders: Orders) -> list[Route]:
    """The routes."""
    return [
        Route("/calls", orders.place, methods=["POST"]),
        Route("/stop", orders.shown),
        Route("/stop", orders.stop, methods=["POST"]),
        Route("/stop", orders.resume, methods=["DELETE"]),
    ]


def _of_agent(asked: CallOrder, line: E164 | None, key: str | None) -> Order:
    """What an agent asks for.

    Raises:
        NotAllowed: it names a session. Whoever is called would speak into it, and its memory.
    """
    if asked.session is not None:
        raise NotAllowed("Agents don't choose the session of a call.", rule="agents_session")
    return asked.as_order(line, key, Source.AGENT, AGENT)


def answer(placed: Placed, *, reveal: bool = False) -> Response:
    """What became of an order, as it is answered.

    Args:
        reveal: show numbers whole.
    """
    call, verdict = placed.call, placed.verdict
    if call is None:
        assert verdict is not None, "the guard refused it"
        return _refusal(verdict)
    shown = {**render_call(call, reveal=reveal), "is_new": placed.is_new, **_estimate(verdict)}
    if placed.error is None:
        return JSONResponse(shown, 201 if placed.is_new else 200)
    if placed.error.asked:
        return JSONResponse(shown, 202)
    response = response_for(placed.error)
    body = from_json(bytes(response.body))
    headers = {k: v for k, v in response.headers.items() if k.lower() not in _OF_BODY}
    return JSONResponse({"error": {**body["error"], "call": shown}}, response.status_code, headers)


_OF_BODY = frozenset({"content-length", "content-type"})


def render_verdict(verdict: Verdict) -> dict[str, Any]:
    """What every rule says, as JSON."""
    refusal = verdict.refusal
    return {
        "allowed": verdict.allowed,
        "rule": refusal.rule if refusal else None,
        "rules": [
            {"rule": result.rule, "passed": result.passed, "why": result.why}
            for result in verdict.results
        ],
        **_estimate(verdict),
    }


def _estimate(verdict: Verdict | None) -> Mapping[str, Any]:
    cost = verdict.estimate if verdict else None
    if cost is None:
        return {"estimate": None}
    return {
        "estimate": {
            "usd": cost.usd,
            "carrier_per_minute": cost.carrier_per_minute,
            "platform_per_minute": cost.platform_per_minute,
            "is_listed": cost.is_listed,
            "as_of": cost.as_of,
        }
    }


def _refusal(verdict: Verdict) -> Response:
    refusal = verdict.refusal
    rule, why = (refusal.rule, refusal.why) if refusal else ("none", "no rule was asked")
    told = render_error(f"The call is not placed: {why} (rule {rule!r}).", REQUEST)
    error = {**told["error"], "code": "not_allowed", "rule": rule}
    return JSONResponse({"error": {**error, "rules": render_verdict(verdict)["rules"]}}, 403)


def _error(status: int, message: str, kind: str, code: str) -> Response:
    return JSONResponse(render_error(message, kind, code=code), status)


def read_key(request: Request) -> str | None:
    """The idempotency key of a request; `None` when it has none.

    Raises:
        BadRequest: there are two, or it isn't 1 to `ID_CHARS` printable ASCII characters.
    """
    values = request.headers.getlist(KEY_HEADER)
    if not values:
        return None
    key = values[0].strip()
    if len(values) > 1 or not (1 <= len(key) <= ID_CHARS and key.isascii() and key.isprintable()):
        raise BadRequest(
            f"'Idempotency-Key' must be 1 to {ID_CHARS} printable ASCII characters, once.",
            param="Idempotency-Key",
        )
    return key
