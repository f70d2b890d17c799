"""What the voice platform calls by itself: `/webhooks/elevenlabs/inbound` and `…/post-call`.

A call that rings is answered from memory, while we are stopping too: whoever runs when its first
turn comes goes on with it. A report is answered when it is on disk: what we say that we have, the
platform doesn't tell again.

    inbound    guard: secret in a header ─▶ JSON object ─▶ the answer to the call
    post-call  guard: has a signature ─▶ signature over the raw body ─▶ JSON ─▶ the records, once

Source: elevenlabs.io/docs, conversation initiation webhook, post-call webhooks (2026-11).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge import clock, log
from bridge.core.chat import dump, render_error
from bridge.core.limits import RateLimit
from bridge.core.platform_call import PlatformCall, parse_platform_call
from bridge.core.post_call import PostCall, Taken, parse_post_call
from bridge.core.sound_delivery import AUDIO, cut
from bridge.core.stated import parse_id
from bridge.core.webhook_signature import SIGNATURE_HEADER, parse_signature, verify
from bridge.errors import BadRequest, OverLimit, SettingsError, Unauthenticated
from bridge.web.doors import INBOUND_PATH, POST_CALL_PATH, Group
from bridge.web.faults import SERVER, retry_after
from bridge.web.guard import TELL_AGAIN_S
from bridge.web.metrics import Metrics

NOT_PROVISIONED_S = 60.0
"""When to deliver again while no secret is known: about when somebody has provisioned."""

LONG_BODY = 1_048_576
"""Bytes of a body whose digest is made beside the loop: of more, it would hold up a call."""

Keep = Callable[[str, PlatformCall], Awaitable[object]]
"""Writes a report, by its type, into the records. Raises `BridgeError` when it can't."""

KeepSound = Callable[[str, memoryview], Awaitable[object]]
"""Writes a call's sound, in base64, by its conversation."""

Ring = Callable[[Mapping[str, object]], dict[str, Any]]
"""The answer to a call that rings. Never waits and never raises; see `bridge.calls.inbound`."""


class Reports:
    """Takes what is delivered of calls that are over.

    Args:
        secrets: those that may sign, asked for at each delivery. May raise `SettingsError`.
        observe: told each report once. When it raises, the report counts as not taken, and the
            platform may deliver it again.
        metrics: reports are counted in it.
        per_minute: signed deliveries a minute; 0 is off.
        keep: has a report written before it counts as taken.
        keep_sound: has a call's sound kept; `None` drops it.
    """

    def __init__(
        self,
        secrets: Callable[[], tuple[str, ...]],
        observe: Callable[[PostCall], None],
        metrics: Metrics,
        *,
        per_minute: int = 0,
        keep: Keep | None = None,
        keep_sound: KeepSound | None = None,
        now: Callable[[], float] = clock.now_s,
        today: Callable[[], float] = clock.wall_s,
    ) -> None:
        self._secrets = secrets
        self._observe = observe
        self._counted = metrics.calls_reported
        self._keep = keep
        self._keep_sound = keep_sound
        self._rate = RateLimit(per_minute)
        self._now = now
        self._today = today
        self._taken = Taken()
        self._told_s: dict[str, float] = {}

    async def deliver(self, signature: str, body: bytes) -> bool:
        """One delivery.

        Returns:
            False when there is no secret to check it by: it must be delivered again.

        Raises:
            Unauthenticated: not signed by the platform, or not lately.
            OverLimit: more than `per_minute`.
            BadRequest: signed, and not a report.
            BridgeError: it can't be written: it must be delivered again.
        """
        secrets = self._known_secrets()
        if not secrets:
            return False
        try:
            signed = parse_signature(signature)
            if len(body) > LONG_BODY:
                await asyncio.to_thread(verify, signed, body, secrets, self._today())
            else:
                verify(signed, body, secrets, self._today())
        except Unauthenticated as error:
            if self._may_tell("signature"):
                status = HTTPStatus.UNAUTHORIZED
                log.warning("token.refused", kind=Group.SIGNED, status=status, reason=error.message)
            raise
        admission = self._rate.admit(Group.SIGNED, self._now())
        if not admission.allowed:
            text = "Too many deliveries a minute."
            raise OverLimit(text, retry_after_s=admission.retry_after_s)
        await self._take(body)
        return True

    def _known_secrets(self) -> tuple[str, ...]:
        reason = "no secret of the post-call webhook is known: run `bridge provision`"
        try:
            secrets = self._secrets()
        except SettingsError as error:
            secrets, reason = (), error.message
        if not secrets and self._may_tell("secret"):
            log.warning("webhook.no_secret", reason=reason)
        return secrets

    async def _take(self, body: bytes) -> None:
        envelope, sound = cut(body)
        try:
            told = _decode(envelope)
            if isinstance(told, dict) and told.get("type") == AUDIO:
                await self._take_sound(told, sound)
                return
            report = parse_post_call(told)
        except BadRequest as error:
            log.warning("report.unreadable", reason=error.message)
            raise
        if report is None:
            log.detail("report.ignored")
        elif report not in self._taken:
            if self._keep is not None:
                assert isinstance(told, dict), "a report is an object"
                data = parse_platform_call(report.conversation, told.get("data") or {})
                await self._keep(report.type, data)
            self._count(report)

    def _count(self, report: PostCall) -> None:
        """Once, though the same one was delivered meanwhile."""
        if report not in self._taken:
            self._observe(report)
            self._taken.add(report)
            self._counted.labels(report.type, report.outcome or "unstated").inc()
            _log(report)

    async def _take_sound(self, told: Mapping[str, object], sound: memoryview) -> None:
        data = told.get("data")
        conversation = data.get("conversation_id") if isinstance(data, dict) else None
        if not isinstance(conversation, str):
            raise BadRequest("The sound names no conversation.", param="data.conversation_id")
        conversation = parse_id(conversation, "data.conversation_id")
        if self._keep_sound is None or not sound:
            log.detail("report.ignored", kind=AUDIO)
            return
        await self._keep_sound(conversation, sound)
        log.event("call.sound_kept", conversation=conversation)

    def _may_tell(self, what: str) -> bool:
        """Whether the operator hears of it now: once a minute, for strangers can cause it."""
        now_s, told_s = self._now(), self._told_s.get(what)
        if told_s is not None and now_s - told_s < TELL_AGAIN_S:
            return False
        self._told_s[what] = now_s
        return True


def routes(ring: Ring, reports: Reports) -> list[Route]:
    """The two routes. The guard has read the bodies: the first waits for nothing."""

    async def inbound(request: Request) -> Response:
        body = _decode(await request.body())
        if not isinstance(body, dict):
            raise BadRequest("The body must be a JSON object.")
        return JSONResponse(ring(body))

    async def post_call(request: Request) -> Response:
        body = await request.body()
        if await reports.deliver(request.headers[SIGNATURE_HEADER], body):
            return JSONResponse({"status": "ok"})
        return _no_secret()

    return [
        Route(INBOUND_PATH, inbound, methods=["POST"]),
        Route(POST_CALL_PATH, post_call, methods=["POST"]),
    ]


def _decode(body: bytes) -> object:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:  # its text would quote the body
        raise BadRequest("The body is not JSON.") from None


def _no_secret() -> Response:
    text = "Deliveries can't be checked yet."
    body = dump(render_error(text, SERVER, code="not_provisioned"))
    return Response(body, 503, retry_after(NOT_PROVISIONED_S), media_type="application/json")


def _log(report: PostCall) -> None:
    """No words and no numbers: a reason that the platform writes out may quote the caller."""
    log.event(
        "call.reported",
        conversation=report.conversation,
        kind=report.type,
        outcome=report.outcome or report.status,
        code=report.error_code,
        took_ms=None if report.duration_s is None else 1000 * report.duration_s,
    )
