"""The composition root: settings in, a running bridge out.

The only place that names adapters, through `plugins`. Everything opened here is closed here, in
the opposite order.
"""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel
from starlette.types import ASGIApp

from bridge import clock, dialling, log, plugins
from bridge.calls import entrance, inbound
from bridge.calls.aftermath import Aftermath
from bridge.calls.errands import Errands
from bridge.calls.facts import Keeping
from bridge.calls.feed import Feed
from bridge.calls.outbound import Means, Outbound
from bridge.calls.plain import Plain
from bridge.calls.recorder import Recorder
from bridge.calls.rules import Rules
from bridge.calls.sessions import SessionBook
from bridge.calls.turns import Turns
from bridge.calls.upkeep import Upkeep
from bridge.core import filler
from bridge.core.pin import Pin
from bridge.core.platform_call import PlatformCall
from bridge.core.policy import Inbound, Policy
from bridge.core.redaction import Redactor
from bridge.core.signature import keyed_digest
from bridge.core.sound_delivery import AUDIO, MOST_BYTES
from bridge.core.speech import SpeechOptions
from bridge.errors import VendorError
from bridge.phrases import load_phrases
from bridge.ports.ledger import Ledger
from bridge.ports.platform import Platform
from bridge.ports.records import Records
from bridge.ports.tunnel import Tunnel
from bridge.ports.upstream import Upstream, Verdict
from bridge.reach.keeper import Keeper, Listener, Whereabouts, prover
from bridge.reach.outside import PROOF
from bridge.settings import Settings, install_secret
from bridge.settings.adapters import adapter_settings
from bridge.settings.faults import place
from bridge.settings.records import database_path
from bridge.settings.tokens import post_call_secrets, webhook_token
from bridge.vendors.elevenlabs import conversations
from bridge.web.app import Parts, build_app
from bridge.web.calls import CallBook
from bridge.web.chat import ChatCompletions
from bridge.web.doors import Tokens, is_private_bind
from bridge.web.guard import DELIVERY_BYTES, Limits
from bridge.web.health import Presence, Readiness
from bridge.web.metrics import Metrics
from bridge.web.operator import Figures
from bridge.web.orders import Orders
from bridge.web.server import DrainGate
from bridge.web.webhooks import Reports

PROOF_KEY_BYTES = 32
"""Bytes of the key by which this process proves to be itself: as many as the digest has."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge at work: the HTTP surface, the agent behind it, the gate that stops it.

    `presence` is how it proves to be itself; `whereabouts` is where it is reached, as its keeper
    finds out. `feed` is told what happens in calls.
    """

    app: ASGIApp
    upstream: Upstream
    turns: Turns
    gate: DrainGate
    presence: Presence
    whereabouts: Whereabouts
    feed: Feed


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
        records = await stack.enter_async_context(open_records(settings))
        recordings = plugins.adapter("stores", "sqlite").Recordings(settings.state_dir)
        feed = Feed()
        recorder = Recorder(records, feed, keeping(settings), now=clock.now_s, today=clock.wall_s)
        await stack.enter_async_context(recorder.working())
        upkeep = Upkeep(
            records,
            recorder,
            platform_opener(settings),
            recordings.discard,
            keep_days=settings.records.keep_days,
            today=clock.wall_s,
        )
        await stack.enter_async_context(upkeep.working())
        outgoing = open_outgoing(settings, records, feed)
        aftermath = Aftermath(
            outgoing.outbound, outgoing.means.opens, upkeep.settle, today=clock.wall_s
        )
        await stack.enter_async_context(aftermath.working())
        metrics = Metrics()
        figures = Figures(metrics, SessionBook(), records.stages)
        turns = Turns(
            upstream,
            ledger,
            book,
            turn_rules(settings),
            now=clock.now_s,
            observe=figures.observe,
            witness=recorder,
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
            witness=recorder,
            errands=outgoing.means.errands,
        )
        bell = inbound.Inbound(
            rules,
            greeting(settings),
            book,
            figures.sessions,
            today=clock.wall_s,
            refused=figures.refused,
            witness=recorder,
        )

        async def keep_sound(conversation: str, sound: memoryview) -> None:
            file = await recordings.keep(conversation, sound)
            await recorder.reported(AUDIO, PlatformCall(conversation), file=file)

        reports = Reports(
            lambda: post_call_secrets(settings),
            lambda _report: None,
            metrics,
            per_minute=settings.limits.per_minute,
            keep=recorder.reported,
            keep_sound=keep_sound if settings.records.keep_audio else None,
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
            calls=CallBook(records, feed, recordings.discard, gate),
            orders=Orders(outgoing.outbound, outgoing.means.desk, lambda: dialling.line(settings)),
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
                settings.limits.body_bytes,
                settings.limits.concurrent,
                settings.limits.per_minute,
                delivery_bytes=MOST_BYTES if settings.records.keep_audio else DELIVERY_BYTES,
            ),
            gate=gate,
        )
        yield Bridge(build_app(parts), upstream, turns, gate, presence, whereabouts, feed)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What places calls, and what it works with."""

    outbound: Outbound
    means: Means


def open_outgoing(settings: Settings, records: Records, feed: Feed) -> Outgoing:
    """What places calls. Nothing is opened by it until one is to be placed."""
    desk = dialling.desk(settings)
    means = Means(records, desk, Errands(records, desk), dialling.opener(settings), feed)
    outbound = Outbound(
        means,
        dialling.guard(settings),
        entrance_rules(settings),
        keeping(settings),
        today=clock.wall_s,
    )
    return Outgoing(outbound, means)


@asynccontextmanager
async def open_records(settings: Settings) -> AsyncIterator[Records]:
    """The records of calls, where `store.url` says.

    Raises:
        SettingsError: the file can't be used.
        VendorUnavailable: another process holds it.
    """
    path = database_path(settings.store.url)
    async with plugins.adapter("stores", "sqlite").connect(path) as records:
        yield cast(Records, records)


def keeping(settings: Settings) -> Keeping:
    """`records.*`, as the recorder wants them."""
    pin, chosen = settings.policy.pin, settings.records
    is_code = Pin.of(pin.get_secret_value()).matches if pin else Redactor().is_code
    return Keeping(chosen.words, Redactor(is_code, works=chosen.redact))


def platform_opener(
    settings: Settings,
) -> Callable[[], AbstractAsyncContextManager[Platform]] | None:
    """A way to ask the platform; `None` without an account."""
    account = settings.elevenlabs
    key = account.api_key
    if key is None:
        return None

    def opened() -> AbstractAsyncContextManager[Platform]:
        return conversations.connect(key, account.base_url)

    return opened


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
