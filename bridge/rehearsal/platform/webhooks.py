"""What the platform tells bridge by itself: that a call rings, and how it went.

Source: elevenlabs.io/docs, conversation initiation webhook, post-call webhooks (2026-11).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from bridge import clock
from bridge.core.initiation import SECRET_HEADER
from bridge.core.webhook_signature import SIGNATURE_HEADER
from bridge.provision.wish import POST_CALL_PATH
from bridge.rehearsal.performance import Delivered, Rang
from bridge.rehearsal.platform.opening import INTRODUCTION, PhoneCall, Stopped, agent_id
from bridge.rehearsal.platform.record import rendered, signature
from bridge.rehearsal.platform.surroundings import Surroundings

Json = dict[str, Any]

RINGING_S = 5.0
"""How long the initiation webhook may take: the caller hears it ring meanwhile."""

DELIVERY_S = 30.0
"""How long a delivery may take."""

AFTER_S = 1.0
"""From the end of a call to its report: the platform sums the call up first."""

TRIES = 4
RETRY_S = 5.0
"""How often a delivery is tried, and the pause before the next: one answered by 5xx or 429, or
not at all, is made again. Provisioning switches that on."""


async def introduce(around: Surroundings, call: PhoneCall) -> Mapping[str, Any]:
    """The call rings: what bridge says of it, when it is asked.

    Raises:
        Stopped: no answer that can be used: the caller hears that it can't be connected.
    """
    stage, began_s = around.stage, around.at_s
    settings = stage.voice_agent["platform_settings"]
    key = "enable_conversation_initiation_client_data_from_webhook"
    if not around.manners.webhooks or not settings["overrides"].get(key):
        around.tape.add(Rang(began_s))
        return {}
    webhook = settings["workspace_overrides"]["conversation_initiation_client_data_webhook"]
    url = stage.public_url.rstrip("/") + urlsplit(webhook["url"]).path
    answer: httpx.Response | None = None
    try:
        with anyio.fail_after(RINGING_S):
            answer = await around.http.post(
                stage.reach(url),
                json=call.ringing(agent_id(stage.voice_agent)),
                headers={SECRET_HEADER: stage.webhook_token},
            )
    except (httpx.HTTPError, TimeoutError) as error:
        raise Stopped(f"the initiation webhook: {type(error).__name__}") from None
    finally:
        status = 0 if answer is None else answer.status_code
        around.tape.add(Rang(began_s, status=status, took_s=around.at_s - began_s))
    return _read(answer)


def _read(answer: httpx.Response) -> Mapping[str, Any]:
    if answer.status_code != HTTPStatus.OK:
        raise Stopped(f"the initiation webhook answered {answer.status_code}")
    try:
        said = answer.json()
    except ValueError:
        raise Stopped("the initiation webhook did not answer JSON") from None
    if not isinstance(said, dict) or said.get("type") != INTRODUCTION:
        raise Stopped("the initiation webhook answered another type")
    return said


async def deliver(around: Surroundings, delivery: Json) -> None:
    """Reports something of a call, as often as it was told to, until bridge says that it has it."""
    if around.manners.webhooks:
        for _ in range(around.manners.repeat_post_call):
            await _deliver_once(around, delivery)


async def _deliver_once(around: Surroundings, delivery: Json) -> None:
    body = rendered(delivery)
    for attempt in range(TRIES):
        if attempt:
            await around.waiting.pause(RETRY_S)
        status = await _post(around, body)
        around.tape.add(Delivered(around.at_s, str(delivery["type"]), status))
        is_taken = status and status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_taken and status != HTTPStatus.TOO_MANY_REQUESTS:
            return


async def _post(around: Surroundings, body: bytes) -> int:
    """The answer's status; 0 when there was none."""
    stage = around.stage
    headers = {
        "content-type": "application/json",
        SIGNATURE_HEADER: signature(stage.post_call_secret, body, clock.wall_s()),
    }
    url = stage.reach(stage.public_url.rstrip("/") + POST_CALL_PATH)
    try:
        with anyio.fail_after(DELIVERY_S):
            return (await around.http.post(url, content=body, headers=headers)).status_code
    except (httpx.HTTPError, TimeoutError):
        return 0
