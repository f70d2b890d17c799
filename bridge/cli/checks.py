"""What `bridge doctor` proves: one function a hop, each with its findings and their cures.

Nothing is changed or made here, no check raises for what it finds, and every wait is bounded.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import httpx

from bridge import clock
from bridge.cli import public
from bridge.cli.running import Server, address_of, fetch, json_object, server_at
from bridge.core.chat import Message
from bridge.core.public_url import is_public
from bridge.core.session import SessionKey
from bridge.errors import BridgeError, SettingsError, VendorError
from bridge.ports.upstream import Ask, Finding, Text, Verdict
from bridge.settings import Settings, ensure_tokens
from bridge.settings.accounts import Tunnel
from bridge.settings.model import DEFAULT
from bridge.settings.table import SETTINGS
from bridge.settings.tokens import TOKENS
from bridge.web.server import bind
from bridge.wiring.adapters import connect_tunnel, open_upstream

EXAMINE_WITHIN_S = 30.0
"""How long the examination of the upstream may take: a few requests of at most 10 s each."""

CHECK_KEY = SessionKey("bridge:check")
"""The session of the test turn, so that no caller's conversation holds it."""

DEFAULT_TUNNEL = Tunnel().name
"""The tunnel of who wants none."""

_QUESTION = Message.of("user", "This is a check of the line. Reply with one short sentence.")


def ok(check: str, message: str, cure: str = "") -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, message, cure)


def failed(check: str, error: BridgeError) -> Finding:
    """An error as a finding."""
    return Finding(check, Verdict.FAIL, error.message, error.hint)


def check_settings(settings: Settings) -> Finding:
    """They could be read; says how many somebody set."""
    count = sum(settings.origin(name) != DEFAULT for name in SETTINGS)
    return ok("settings", f"All are right; {count} of {len(SETTINGS)} are set.")


def check_state(settings: Settings) -> Finding:
    """The state folder can be written to, or made."""
    folder = settings.state_dir
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        made = "can be written to" if there == folder else "can be made"
        return ok("state folder", f"{str(folder)!r} {made}.")
    cure = f"Set {SETTINGS['state_dir'].variable} to a folder that bridge may write to."
    return Finding("state folder", Verdict.FAIL, f"{str(folder)!r} can't be written to.", cure)


def check_tokens(settings: Settings) -> Finding:
    """Both tokens are there and fit for the address. `settings` hold those that are stored."""
    missing = [name for name in TOKENS if settings.value(name) is None]
    if missing and not is_public(settings.server.host):
        return ok("tokens", f"{' and '.join(missing)} will be made when the server starts.")
    try:
        ensure_tokens(settings)  # refuses what is missing on a public address; so it makes none
    except SettingsError as error:
        return failed("tokens", error)
    return ok("tokens", "Both are set.")


def check_server(settings: Settings) -> Iterator[Finding]:
    """The running server answers and is ready; or the address is free for one."""
    check = "server"
    if settings.server.port == 0:
        yield ok(check, "It will take any free port.")
        return
    where = server_at(None, settings)
    if not where.answers():
        yield _free(settings)
        return
    yield ok(check, f"It runs at {where.root}.")
    yield _readiness(where, settings)


def _free(settings: Settings) -> Finding:
    host, port = settings.server.host, settings.server.port
    try:
        bind(host, port).close()
    except OSError as error:
        cure = "Stop what listens there, or set server.host and server.port to a free address."
        message = f"Nothing can listen on {address_of(host, port)}: {error.strerror or error}."
        return Finding("server", Verdict.FAIL, message, cure)
    message = f"None runs; {address_of(host, port)} is free."
    return ok("server", message, "Start it with `bridge serve`.")


def _readiness(where: Server, settings: Settings) -> Finding:
    check = "server readiness"
    try:
        with where.client(settings.server.token) as http:
            answer = json_object(fetch(http, "/readyz"))
    except httpx.HTTPError:
        return Finding(check, Verdict.WARN, "It did not say in time whether it is ready.")
    if answer.get("status") == "ready":
        return ok(check, "It is ready for calls.")
    if "reasons" not in answer:
        cure = "Run doctor with the token that the server runs with (server.token)."
        return Finding(check, Verdict.WARN, "It is not ready, and knows another token.", cure)
    reasons = "; ".join(str(reason) for reason in answer["reasons"])
    return Finding(check, Verdict.FAIL, f"It is not ready: {reasons}", "See the checks below.")


async def check_upstream(settings: Settings, *, turn: bool) -> list[Finding]:
    """Address, token, endpoint, agent, as its adapter examines them. `turn`: ask it something."""
    try:
        async with asyncio.timeout(EXAMINE_WITHIN_S), open_upstream(settings) as upstream:
            found = [*await upstream.examine(deep=turn)]
            is_there = all(finding.verdict is not Verdict.FAIL for finding in found)
            if is_there and upstream.herald is not None:
                found.append(await upstream.herald.examine())
    except SettingsError as error:
        return [failed("upstream", error)]
    except TimeoutError:
        message = f"The examination took longer than {EXAMINE_WITHIN_S:g} s."
        return [Finding("upstream", Verdict.FAIL, message, "Look at the agent's own log.")]
    if turn and all(finding.verdict is not Verdict.FAIL for finding in found):
        found.append(await check_turn(settings))
    return found


async def check_turn(settings: Settings) -> Finding:
    """One real turn. Costs tokens."""
    check = "upstream turn"
    began_s = clock.now_s()
    first_s: float | None = None
    messages = (_QUESTION,)
    ask = Ask(messages, messages, session_key=CHECK_KEY)
    try:
        async with (
            asyncio.timeout(settings.turn.deadline_s),
            open_upstream(settings) as upstream,
            upstream.ask(ask) as events,
        ):
            async for event in events:
                if isinstance(event, Text) and first_s is None:
                    first_s = clock.now_s() - began_s
    except VendorError as error:
        return failed(check, error)
    except TimeoutError:
        limit = f"turn.deadline_s ({settings.turn.deadline_s:g} s)"
        cure = "Look at the agent's own log; a smaller model replies sooner."
        return Finding(check, Verdict.FAIL, f"The reply took longer than {limit}.", cure)
    if first_s is None:
        cure = "Ask the agent the same in its own chat, and look at its log."
        return Finding(check, Verdict.FAIL, "The reply was empty.", cure)
    whole_s = clock.now_s() - began_s
    return ok(check, f"It replies: first text after {first_s:.2f} s, whole after {whole_s:.2f} s.")


def check_tunnel(settings: Settings) -> Iterator[Finding]:
    """What the tunnel needs is there, as its adapter examines it. None is opened."""
    try:
        yield from asyncio.run(_examined(settings))
    except BridgeError as error:
        yield failed("tunnel", error)
    except TimeoutError:
        message = f"The examination took longer than {EXAMINE_WITHIN_S:g} s."
        yield Finding("tunnel", Verdict.FAIL, message, "Look at the tunnel's own program.")


async def _examined(settings: Settings) -> tuple[Finding, ...]:
    async with asyncio.timeout(EXAMINE_WITHIN_S), connect_tunnel(settings) as tunnel:
        return await tunnel.examine()


def check_public(settings: Settings) -> Iterator[Finding]:
    """The public address leads to us, by way of the internet."""
    check = "public address"
    local = server_at(None, settings) if settings.server.port else None
    url = settings.server.public_url or _reached_at(local, settings)
    if url:
        yield asyncio.run(public.check_address(url, local, settings.server.token))
    elif settings.tunnel.name == DEFAULT_TUNNEL:
        cure = "For calls, set server.public_url, or start with `bridge serve --tunnel ngrok`."
        yield ok(check, "None is set.", cure)
    elif local is not None and local.answers():
        cure = "Look at its log; it opens and proves the address by itself."
        yield Finding(check, Verdict.FAIL, "The running server is not reached from outside.", cure)
    else:
        cure = "Start it with `bridge serve`, and run doctor beside it."
        yield ok(check, "It is known once the server runs.", cure)


def _reached_at(local: Server | None, settings: Settings) -> str:
    """The address that the running server has proven; empty when it has none, or none runs."""
    if local is None:
        return ""
    try:
        with local.client(settings.server.token) as http:
            found = json_object(fetch(http, "/readyz")).get("public_url")
    except httpx.HTTPError:
        return ""
    return found if isinstance(found, str) else ""


def check_policy(settings: Settings) -> Iterator[Finding]:
    """Somebody may call."""
    policy = settings.policy
    if policy.inbound == "disabled":
        cure = (
            'Set policy.inbound to "allowlist" and policy.allow_from to your number, '
            'or policy.inbound to "open".'
        )
        message = 'policy.inbound is "disabled": every telephone call is refused.'
        yield Finding("policy", Verdict.WARN, message, cure)
    elif policy.inbound == "allowlist" and not policy.allow_from:
        cure = "Set policy.allow_from, as +15550100999 or +1415*."
        yield Finding("policy", Verdict.WARN, "The list of callers is empty.", cure)
    else:
        who = "Everybody" if policy.inbound == "open" else "Whoever is on the list"
        code = ", with the code" if policy.pin else ""
        yield ok("policy", f"{who} may call{code}.")
