"""What `bridge doctor` proves of the voice platform and the carrier, from outside in.

The key first; then the number, the agent that answers it, the secrets and the webhooks. Only
looked at: `bridge provision` mends what is found here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from bridge import provisioning
from bridge.cli.address import known_url, present_url
from bridge.core.initiation import NOT_STATED, SECRET_HEADER, VARIABLES
from bridge.core.phone import mask
from bridge.errors import BridgeError, SettingsError, VendorError, Why
from bridge.ports.upstream import Finding, Verdict
from bridge.provision import memory
from bridge.provision.apply import Hands
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.plan import Act, Step, Thing
from bridge.provision.provisioner import Provisioner
from bridge.provision.wish import Wish
from bridge.settings import Settings

KEY = "elevenlabs key"
NUMBER = "number"
PROVISIONED = "provisioning"
AGENT = "voice agent"
SECRETS = "secrets"
WEBHOOK = "post-call webhook"
INBOUND = "inbound webhook"

MEND = "`bridge status` shows each; `bridge provision` mends them."

INBOUND_WITHIN_S = 5.0
"""How long the inbound webhook may take, there and back. The platform drops calls that wait."""

PLATFORM_HOST = "elevenlabs.io"
"""Where a number's voice address leads once the platform has imported it."""


async def check_platform(settings: Settings) -> list[Finding]:
    """Key, permissions, number, agent, secrets, webhook. `settings` hold the stored tokens."""
    if settings.elevenlabs.api_key is None:
        return [Finding(KEY, Verdict.OK, "None is set; taking calls needs none.")]
    if settings.server.token is None:
        cure = "Start `bridge serve` once, or set server.token."
        return [Finding(KEY, Verdict.WARN, "It was not tried: there is no platform token.", cure)]
    told: list[Finding] = []
    try:
        async with provisioning.open_accounts(settings) as hands:
            async for finding in _findings(settings, hands):
                told.append(finding)  # noqa: PERF401 - what was told before a failure stays
    except BridgeError as error:
        told.append(Finding(PROVISIONED, Verdict.FAIL, error.message, error.hint))
    return told


async def _findings(settings: Settings, hands: Hands) -> AsyncIterator[Finding]:
    may_read = True
    async for finding in _key(hands):
        may_read = may_read and finding.verdict is not Verdict.FAIL
        yield finding
    if not may_read:
        return
    known = memory.load(settings.state_dir)
    if known.is_empty:
        yield Finding(
            PROVISIONED,
            Verdict.WARN,
            "Nothing was provisioned from here.",
            "Run `bridge provision`; an agent that was set up by hand is not looked at.",
        )
        return
    wish = provisioning.wish_of(settings, known_url(settings))
    run = Provisioner(wish, known, hands)
    there = await run.look()
    if wish.number is not None:
        yield _number(wish, there)
        if there.number is not None:
            yield await _at_carrier(wish, hands)
    steps = run.steps(there).steps
    yield _agent(there, [step for step in steps if step.thing is Thing.AGENT])
    yield _secrets([step for step in steps if step.thing is Thing.SECRET])
    yield _post_call(wish, there, known, [step for step in steps if step.thing is Thing.WEBHOOK])


async def _key(hands: Hands) -> AsyncIterator[Finding]:
    """Whether the key works, and for each list that it may not read, what it lacks."""
    platform = hands.platform
    reads: Mapping[str, Callable[[], Awaitable[object]]] = {
        "agents": lambda: platform.agents("bridge"),
        "secrets": platform.secrets,
        "telephone numbers": platform.numbers,
        "webhooks": platform.webhooks,
    }
    lacking = 0
    for read in reads.values():
        try:
            await read()
        except VendorError as error:
            lacking += 1
            yield Finding(KEY, Verdict.FAIL, error.message, error.hint)
            if error.why is not Why.PERMISSION:
                return
    if not lacking:
        cure = "Whether it may write them is seen when `bridge provision` does."
        yield Finding(KEY, Verdict.OK, f"It may read {', '.join(reads)}.", cure)


def _number(wish: Wish, there: Found) -> Finding:
    assert wish.number is not None
    masked = mask(wish.number)
    if there.number is None:
        cure = "Run `bridge provision`: it imports the number."
        return Finding(NUMBER, Verdict.FAIL, f"{masked} is not in the workspace.", cure)
    holder = there.number.get("assigned_agent")
    holds = holder.get("agent_id") if isinstance(holder, Mapping) else None
    ours = there.agent.get("agent_id") if there.agent is not None else None
    if holds is None or holds != ours:
        who = f"the agent {holds}" if holds else "nobody"
        cure = "Run `bridge provision`: it links the number to our agent."
        return Finding(NUMBER, Verdict.FAIL, f"{masked} is answered by {who}.", cure)
    return Finding(NUMBER, Verdict.OK, f"{masked} rings through to our agent.")


async def _at_carrier(wish: Wish, hands: Hands) -> Finding:
    check = "twilio"
    assert wish.number is not None
    if hands.carrier is None:
        return Finding(check, Verdict.OK, "No account is set; it was not asked.")
    try:
        number = await hands.carrier.number(wish.number)
    except VendorError as error:
        return Finding(check, Verdict.FAIL, error.message, error.hint)
    if number is None:
        cure = "Set twilio.phone_number to one of the account's numbers."
        return Finding(check, Verdict.FAIL, "The number is not the account's.", cure)
    host = urlsplit(number.voice.get("voice_url", "")).hostname or ""
    if host != PLATFORM_HOST and not host.endswith("." + PLATFORM_HOST):
        cure = "Take the number out at ElevenLabs and run `bridge provision`: it is imported anew."
        return Finding(check, Verdict.FAIL, f"It sends calls to {host or 'nobody'}.", cure)
    return Finding(check, Verdict.OK, "It sends the number's calls to ElevenLabs.")


def _agent(there: Found, steps: Sequence[Step]) -> Finding:
    if there.agent is None:
        return Finding(AGENT, Verdict.FAIL, "There is none.", "Run `bridge provision`.")
    name = there.agent.get("name")
    if steps:
        return Finding(AGENT, Verdict.FAIL, f"{name!r} has drifted: {steps[0].why}.", MEND)
    return Finding(AGENT, Verdict.OK, f"{name!r} is as the settings want it.")


def _secrets(steps: Sequence[Step]) -> Finding:
    """By what was last written there: the platform never tells a value."""
    missing = [step.name for step in steps if step.act is Act.CREATE]
    other = [step.name for step in steps if step.act is not Act.CREATE]
    said = [
        *([f"There is no {' and no '.join(missing)}."] if missing else []),
        *([f"Not what is set: {' and '.join(other)}."] if other else []),
    ]
    if said:
        return Finding(SECRETS, Verdict.FAIL, " ".join(said), "Run `bridge provision`.")
    return Finding(SECRETS, Verdict.OK, "Both are there, with what is set.")


def _post_call(wish: Wish, there: Found, known: Memory, steps: Sequence[Step]) -> Finding:
    webhook = there.webhooks.get(known.ids.get("post_call", ""))
    failure = webhook.get("most_recent_failure_error_code") if webhook is not None else None
    if steps:
        return Finding(WEBHOOK, Verdict.FAIL, _unfit(wish, webhook, known), MEND)
    if failure is not None:
        cure = (
            "See the server's log of the time after that call. One that keeps failing is switched "
            "off; `bridge provision` switches it on."
        )
        return Finding(WEBHOOK, Verdict.WARN, f"It failed lately (HTTP {failure}).", cure)
    return Finding(WEBHOOK, Verdict.OK, "It is there, and switched on.")


def _unfit(wish: Wish, webhook: Mapping[str, Any] | None, known: Memory) -> str:
    """What is wrong with a webhook for which there is something to do."""
    if webhook is None:
        return "There is none."
    if webhook.get("webhook_url") != wish.post_call_url:
        return f"It leads to {webhook.get('webhook_url')}."
    if not known.knows_post_call_secret:
        return "Its secret isn't known here, so its reports are refused."
    if webhook.get("is_disabled") or webhook.get("is_auto_disabled"):
        return "It is switched off."
    return "It is not as it should be."


async def check_inbound(settings: Settings) -> list[Finding]:
    """Whether the webhook answers at the address that is in use; nothing when none is.

    Its secret travels there, so whoever calls this has looked who answers.
    """
    url = present_url(settings)
    if settings.server.token is None or not url:
        return []
    try:
        if memory.load(settings.state_dir).is_empty:
            return []
    except SettingsError:  # `check_platform` tells of it
        return []
    return [await _inbound(provisioning.wish_of(settings, url))]


async def _inbound(wish: Wish) -> Finding:
    """Rings, as the platform does, with a caller who is withheld and a call that is none."""
    check = INBOUND
    body = {"caller_id": NOT_STATED, "agent_id": "", "called_number": "", "call_sid": ""}
    headers = {SECRET_HEADER: wish.webhook_token, "ngrok-skip-browser-warning": "1"}
    try:
        async with httpx.AsyncClient(timeout=INBOUND_WITHIN_S) as http:
            answer = await http.post(wish.inbound_url, json=body, headers=headers)
    except httpx.HTTPError as error:
        message = f"{wish.inbound_url} does not answer ({type(error).__name__})."
        cure = "Every call fails while it doesn't. Look at the tunnel or proxy, and at the server."
        return Finding(check, Verdict.FAIL, message, cure)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        cure = "Run the server, `bridge provision` and this with the same server.token."
        return Finding(check, Verdict.FAIL, "It refuses our secret.", cure)
    if not answer.is_success or not _introduces(answer):
        message = f"It answers with HTTP {answer.status_code}, and not as bridge does."
        return Finding(check, Verdict.FAIL, message, "See what answers at the public address.")
    return Finding(check, Verdict.OK, "It answers from outside, with every variable.")


def _introduces(answer: httpx.Response) -> bool:
    try:
        variables = answer.json()["dynamic_variables"]
    except (ValueError, LookupError, TypeError):
        return False
    return isinstance(variables, Mapping) and set(VARIABLES) <= set(variables)
