"""The composition root: settings in, a running bridge out.

The only place that names adapters, through `plugins`. Everything opened here is closed here, in
the opposite order.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel
from starlette.types import ASGIApp

from bridge import clock, log, plugins
from bridge.calls import entrance, inbound
from bridge.calls.plain import Plain
from bridge.calls.rules import Rules
from bridge.calls.sessions import SessionBook
from bridge.calls.turns import Turns
from bridge.core import filler
from bridge.core.pin import Pin
from bridge.core.policy import Inbound, Policy
from bridge.core.signature import keyed_digest
from bridge.core.speech import SpeechOptions
from bridge.errors import VendorError
from bridge.phrases import load_phrases
from bridge.ports.ledger import Ledger
from bridge.ports.tunnel import Tunnel
from bridge.ports.upstream import Upstream, Verdict
from bridge.reach.keeper import Keeper, Listener, Whereabouts, prover
from bridge.reach.outside import PROOF
from bridge.settings import Settings, install_secret
from bridge.settings.adapters import adapter_settings
from bridge.settings.faults import place
from bridge.settings.tokens import post_call_secrets, webhook_token
from bridge.web.app import Parts, build_app
from bridge.web.chat import ChatCompletions
from bridge.web.doors import Tokens, is_private_bind
from bridge.web.guard import Limits
from bridge.web.health import Presence, Readiness
from bridge.web.metrics import Metrics
from bridge.web.operator import Figures
from bridge.web.server import DrainGate
from bridge.web.webhooks import Reports

PROOF_KEY_BYTES = 32
"""Bytes of the key by which this process proves to be itself: as many as the digest has."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge at work: the HTTP surface, the agent behind it, the gate that stops it.

    `presence` is how it proves to be itself; `whereabouts` is where it is reached, as its keeper
    finds out.
    """

    app: ASGIApp
    upstream: Upstream
    turns: Turns
    gate: DrainGate
    presence: Presence
    whereabouts: Whereabouts


@asynccontextmanager
async def open_upstream(settings: Settings) -> AsyncIterator[Upstream]:
    """The agent that the settings name.

    Raises:
        SettingsError: there is no such kind of agent, or it can't work with its settings.
    """
    chosen = settings.upstream
    where = place(settings.origin("upstream.name"))
    module = plugins.adapter("upstreams", chosen.name, setting="upstream.name", where=where)
    common = {
        "url": chosen.url,
        "token": chosen.token,
        "model": chosen.model,
        "agent": chosen.agent,
        "timeout_s": chosen.timeout_s,
        "platform_prompt": chosen.platform_prompt,
        "calls_tools": chosen.calls_tools,
    }
    theirs = adapter_settings(
        cast(type[BaseModel], module.Settings),
        common,
        chosen.providers.get(chosen.name, {}),
        names={field: f"upstream.{field}" for field in common},
        own_name=f"upstream.providers.{chosen.name}",
        settings=settings,
    )
    async with module.connect(theirs) as upstream:
        yield cast(Upstream, upstream)


@asynccontextmanager
async def connect_tunnel(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel that the settings name. Nothing is opened yet.

    Raises:
        SettingsError: there is no such tunnel, or it can't work with its settings.
    """
    chosen = settings.tunnel
    where = place(settings.origin("tunnel.name"))
    module = plugins.adapter("tunnels", chosen.name, setting="tunnel.name", where=where)
    fields = type(chosen).model_fields
    common = {
        **{field: getattr(chosen, field) for field in fields},
        "folder": settings.state_dir,
        "public_url": settings.server.public_url,
    }
    names = {
        **{field: f"tunnel.{field}" for field in fields},
        "folder": "state_dir",
        "public_url": "server.public_url",
    }
    theirs = adapter_settings(
        cast(type[BaseModel], module.Settings),
        common,
        chosen.providers.get(chosen.name, {}),
        names=names,
        own_name=f"tunnel.providers.{chosen.name}",
        settings=settings,
    )
    async with module.connect(theirs) as tunnel:
        yield cast(Tunnel, tunnel)


@asynccontextmanager
async def open_keeper(
    settings: Settings, bridge: Bridge, port: int, listener: Listener
) -> AsyncIterator[Keeper]:
    """What keeps that port, on which the bridge listens, reachable from outside.

    Raises:
        SettingsError: as `connect_tunnel`.
    """
    async with connect_tunnel(settings) as tunnel:
        yield Keeper(
            tunnel,
            port,
            prove=prover(bridge.presence.proof_of),
            whereabouts=bridge.whereabouts,
            listener=listener,
            is_stopping=lambda: bridge.gate.draining,
        )


@asynccontextmanager
async def open_bridge(settings: Settings) -> AsyncIterator[Bridge]:
    """A bridge at work. `settings` hold both tokens (see `bridge.settings.ensure_tokens`)."""
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(open_upstream(settings))
        ledger: Ledger = plugins.adapter("stores", "memory").MemoryLedger()
        book = load_phrases()
        filler.strip("…", book.all_fillers())  # its pattern is made now, not while a caller waits
        metrics = Metrics()
        figures = Figures(metrics, SessionBook())
        turns = Turns(
            upstream,
            ledger,
            book,
            turn_rules(settings),
            now=clock.now_s,
            observe=figures.observe,
        )
        await stack.enter_async_context(turns.working())
        gate = DrainGate()
        metrics.runs_active.set_function(lambda: turns.live_runs)
        rules = entrance_rules(settings)
        door = entrance.Entrance(
            rules,
            book,
            figures.sessions,
            now=clock.now_s,
            today=clock.wall_s,
            refused=figures.refused,
        )
        bell = inbound.Inbound(
            rules,
            greeting(settings),
            book,
            figures.sessions,
            today=clock.wall_s,
            refused=figures.refused,
        )
        reports = Reports(
            lambda: post_call_secrets(settings),
            lambda _report: None,  # nothing is recorded yet
            metrics,
            per_minute=settings.limits.per_minute,
        )
        whereabouts, key = Whereabouts(), secrets.token_bytes(PROOF_KEY_BYTES)
        presence = Presence(
            proof_of=lambda nonce: keyed_digest(key, PROOF, nonce),
            reached_at=lambda: whereabouts.proven,
        )
        server = settings.server
        assert server.token is not None
        assert server.operator_token is not None
        parts = Parts(
            chat=ChatCompletions(turns, Plain(upstream, figures.plain_failed), door),
            ring=bell.ring,
            reports=reports,
            models=_models(settings, upstream),
            figures=figures,
            metrics=metrics,
            readiness=Readiness(lambda: _reasons(upstream), gate, clock.now_s),
            presence=presence,
            tokens=Tokens(
                server.token.get_secret_value(),
                server.operator_token.get_secret_value(),
                private_bind=is_private_bind(server.host),
                webhook=webhook_token(settings),
            ),
            limits=Limits(
                settings.limits.body_bytes, settings.limits.concurrent, settings.limits.per_minute
            ),
            gate=gate,
        )
        yield Bridge(build_app(parts), upstream, turns, gate, presence, whereabouts)


def _models(settings: Settings, upstream: Upstream) -> tuple[str, ...]:
    """What can be asked for. An agent without an address (the demo) is its own only model."""
    theirs = settings.upstream.model if settings.upstream.url else ""
    return tuple(dict.fromkeys(("bridge", theirs or upstream.name)))


def turn_rules(settings: Settings) -> Rules:
    """`turn.*` and `speech.*`, as the engine wants them."""
    turn, speech = settings.turn, settings.speech
    return Rules(
        first_words_s=turn.first_words_ms / 1000,
        fillers=turn.fillers,
        grace_s=turn.grace_s,
        settle_s=None if turn.settle_ms == "auto" else turn.settle_ms / 1000,
        deadline_s=turn.deadline_s,
        greeting=turn.greeting,
        tells_caller=settings.policy.tell_caller,
        speech=SpeechOptions(
            shape=speech.shape,
            numbers=speech.numbers,
            hold_s=speech.hold_ms / 1000,
            hold_chars=speech.hold_chars,
        ),
    )


def entrance_rules(settings: Settings) -> entrance.Rules:
    """`policy.*`, `session.*` and what limits a number, as the entrance wants them."""
    policy, session = settings.policy, settings.session
    return entrance.Rules(
        policy=Policy(Inbound(policy.inbound), policy.allow_from, policy.unidentified),
        scope=session.scope,
        template=session.template,
        fixed_key=session.key,
        secret=install_secret(settings),
        pin=Pin.of(policy.pin.get_secret_value()) if policy.pin else None,
        per_number=settings.limits.per_number_per_minute,
        language=settings.turn.language,
    )


def greeting(settings: Settings) -> inbound.Greeting:
    """What is said first, and in which language, as the bell wants it."""
    turn = settings.turn
    return inbound.Greeting(settings.elevenlabs.first_message, turn.greeting, turn.languages)


async def warm_up(upstream: Upstream) -> None:
    """Takes the cost of a first turn now. What goes wrong is said and changes nothing."""
    began_s = clock.now_s()
    try:
        await upstream.warm_up()
    except VendorError as error:
        log.warning("upstream.cold", vendor=error.vendor, why=error.why, status=error.status)
    else:
        log.event("upstream.warm", vendor=upstream.name, took_ms=1000 * (clock.now_s() - began_s))


async def _reasons(upstream: Upstream) -> list[str]:
    findings = await upstream.examine()
    return [
        f"{found.check}: {found.message}" for found in findings if found.verdict is Verdict.FAIL
    ]
