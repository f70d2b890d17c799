"""The route table: read this first.

    Tidied ─▶ Counted ─▶ Faults ─▶ Guard ─▶ routes
    address   figures    answers    who may enter, how much, how fast

| route | what | who may |
| --- | --- | --- |
| `POST /v1/chat/completions` and its aliases | a turn | platform token |
| `GET /v1/models`, `/v1/models/{id}` | what can be asked for | platform token |
| `POST /webhooks/elevenlabs/inbound` | a call rings: policy, session, greeting | header secret |
| `POST /webhooks/elevenlabs/post-call` | a call is over: what became of it | a signature |
| `GET /sessions`, `/latency` | who talks; how long it takes | operator token |
| `POST /calls` | places a call | operator, agent token |
| `GET /calls`, `/calls/{id}` and below | calls on record | operator, agent token for its own |
| `DELETE /calls/{id}` | ends one, or erases it | operator, agent token for its own |
| `GET /calls/search`, `/events` | what was said; what happens, live | operator token |
| `GET /schedules`, `/schedules/{id}` | calls at times, and what became of them | operator token |
| `POST /schedules`; `DELETE /schedules/{id}` | makes one; removes it | operator token |
| `POST /schedules/{id}/run`, `/pause`, `/resume` | now; rests; rests no more | operator token |
| `POST /schedules/pause`, `/schedules/resume` | the same for all of them | operator token |
| `GET`, `POST`, `DELETE /stop` | the kill switch | operator token |
| `GET /openapi.json` | the operator's routes, described | operator token |
| `GET /healthz`, `/readyz` | alive; ready | anyone, no reasons without a token |
| `GET /metrics` | Prometheus | operator token, or a private bind |
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge import clock
from bridge.web import calls, health, models, openapi, operator, orders, schedules, webhooks
from bridge.web.calls import CallBook
from bridge.web.chat import PATH, ChatCompletions
from bridge.web.doors import Gate, Tidied, Tokens
from bridge.web.faults import EXCEPTION_HANDLERS, Faults
from bridge.web.guard import Guard, Limits
from bridge.web.health import Presence, Readiness
from bridge.web.metrics import Counted, Metrics
from bridge.web.operator import Figures
from bridge.web.orders import Orders
from bridge.web.schedules import ScheduleBook
from bridge.web.webhooks import Reports, Ring

CHAT_PATHS = (
    PATH,
    "/chat/completions",
    "/v1/chat/completions/chat/completions",
    "/v1/v1/chat/completions",
)
"""The right one first; then what a platform asks for when its base address was set a little wrong.

Source: elevenlabs.io/docs, Custom LLM, and field reports on doubled paths (2026-11).
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the doors open on to; made by `bridge.wiring`."""

    chat: ChatCompletions
    ring: Ring
    reports: Reports
    models: tuple[str, ...]
    figures: Figures
    calls: CallBook
    orders: Orders
    schedules: ScheduleBook
    metrics: Metrics
    readiness: Readiness
    presence: Presence
    tokens: Tokens
    limits: Limits
    gate: Gate


def build_app(parts: Parts) -> ASGIApp:
    """The whole HTTP surface."""
    inside = Starlette(routes=_routes(parts), exception_handlers=dict(EXCEPTION_HANDLERS))
    # A redirect is built from the client's Host, and would send a token wherever that points.
    inside.router.redirect_slashes = False
    guarded = Guard(
        _ChatFirst(parts.chat, inside),
        tokens=parts.tokens,
        limits=parts.limits,
        clock=clock.now_s,
        gate=parts.gate,
    )
    return Tidied(Counted(Faults(guarded), parts.metrics))


class _ChatFirst:
    """Turns go straight to their endpoint: every layer between costs each chunk of each reply."""

    def __init__(self, chat: ASGIApp, others: ASGIApp) -> None:
        self._chat = chat
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_chat = scope["path"] in CHAT_PATHS and scope["method"] == "POST"
        await (self._chat if is_chat else self._others)(scope, receive, send)


def _routes(parts: Parts) -> Sequence[BaseRoute]:
    return [
        *(Route(path, parts.chat, methods=["POST"]) for path in CHAT_PATHS),
        *models.routes(parts.models, created=int(clock.wall_s())),
        *webhooks.routes(parts.ring, parts.reports),
        *operator.routes(parts.figures),
        *calls.routes(parts.calls),
        *orders.routes(parts.orders),
        *schedules.routes(parts.schedules),
        *openapi.routes(),
        *health.routes(parts.readiness, parts.metrics, parts.tokens, parts.presence),
    ]
