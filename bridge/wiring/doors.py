"""What the doors open on to, made of what stands behind them."""

import secrets
from dataclasses import dataclass

from bridge import clock
from bridge.calls.entrance import Entrance
from bridge.calls.inbound import Inbound
from bridge.calls.plain import Plain
from bridge.calls.scheduler import Scheduler
from bridge.calls.turns import Turns
from bridge.core.phrases import PhraseBook
from bridge.core.signature import keyed_digest
from bridge.core.sound_delivery import MOST_BYTES
from bridge.errors import SettingsError
from bridge.ports.upstream import Upstream, Verdict
from bridge.reach.keeper import Whereabouts
from bridge.reach.outside import PROOF
from bridge.settings import Settings
from bridge.settings.tokens import agent_token, post_call_secrets, webhook_token
from bridge.web.app import Parts
from bridge.web.calls import CallBook
from bridge.web.chat import ChatCompletions
from bridge.web.doors import Tokens, is_private_bind
from bridge.web.guard import DELIVERY_BYTES, Limits
from bridge.web.health import Presence, Readiness
from bridge.web.metrics import Metrics
from bridge.web.operator import Figures
from bridge.web.orders import Orders
from bridge.web.schedules import ScheduleBook
from bridge.web.server import DrainGate
from bridge.web.webhooks import Reports
from bridge.wiring import dialling
from bridge.wiring.bookkeeping import Bookkeeping
from bridge.wiring.calling import Calling
from bridge.wiring.rules import entrance_rules, greeting
from bridge.wiring.scheduling import timetable

PROOF_KEY_BYTES = 32
"""Bytes of the key by which this process proves to be itself: as many as the digest has."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What stands behind the doors."""

    upstream: Upstream
    turns: Turns
    book: PhraseBook
    keeps: Bookkeeping
    calling: Calling
    scheduler: Scheduler
    figures: Figures
    metrics: Metrics
    gate: DrainGate
    whereabouts: Whereabouts


def open_doors(settings: Settings, inside: Inside) -> Parts:
    """The doors. `settings` hold both tokens."""
    keeps, calling, gate = inside.keeps, inside.calling, inside.gate
    return Parts(
        chat=ChatCompletions(
            inside.turns,
            Plain(inside.upstream, inside.figures.plain_failed),
            _entrance(settings, inside),
        ),
        ring=_bell(settings, inside).ring,
        reports=_reports(settings, inside),
        models=_models(settings, inside.upstream),
        figures=inside.figures,
        calls=CallBook(keeps.records, calling.endings, keeps.feed, keeps.recordings.discard, gate),
        orders=Orders(calling.outbound, calling.means.desk, lambda: dialling.line(settings)),
        schedules=ScheduleBook(timetable(settings, keeps, calling.outbound, inside.scheduler.wake)),
        metrics=inside.metrics,
        readiness=Readiness(lambda: _reasons(inside.upstream), gate, clock.now_s),
        presence=_presence(inside.whereabouts),
        tokens=_tokens(settings),
        limits=_limits(settings),
        gate=gate,
    )


def _entrance(settings: Settings, inside: Inside) -> Entrance:
    return Entrance(
        entrance_rules(settings),
        inside.book,
        inside.figures.sessions,
        now=clock.now_s,
        today=clock.wall_s,
        refused=inside.figures.refused,
        witness=inside.keeps.recorder,
        errands=inside.calling.means.errands,
        endings=inside.calling.endings,
    )


def _bell(settings: Settings, inside: Inside) -> Inbound:
    return Inbound(
        entrance_rules(settings),
        greeting(settings),
        inside.book,
        inside.figures.sessions,
        today=clock.wall_s,
        refused=inside.figures.refused,
        witness=inside.keeps.recorder,
    )


def _reports(settings: Settings, inside: Inside) -> Reports:
    keeps = inside.keeps
    return Reports(
        lambda: post_call_secrets(settings),
        lambda _report: None,
        inside.metrics,
        per_minute=settings.limits.per_minute,
        keep=keeps.recorder.reported,
        keep_sound=keeps.keep_sound if settings.records.keep_audio else None,
    )


def _presence(whereabouts: Whereabouts) -> Presence:
    key = secrets.token_bytes(PROOF_KEY_BYTES)
    return Presence(
        proof_of=lambda nonce: keyed_digest(key, PROOF, nonce),
        reached_at=lambda: whereabouts.proven,
    )


def _tokens(settings: Settings) -> Tokens:
    server = settings.server
    assert server.token is not None
    assert server.operator_token is not None
    return Tokens(
        server.token.get_secret_value(),
        server.operator_token.get_secret_value(),
        private_bind=is_private_bind(server.host),
        webhook=webhook_token(settings),
        agent=lambda: _agent_token(settings),
    )


def _agent_token(settings: Settings) -> str:
    """An agent's token as it is now; empty, so that no agent comes in, when it can't be read."""
    try:
        token = agent_token(settings)
    except SettingsError:
        return ""
    return "" if token is None else token.get_secret_value()


def _limits(settings: Settings) -> Limits:
    limits = settings.limits
    return Limits(
        limits.body_bytes,
        limits.concurrent,
        limits.per_minute,
        delivery_bytes=MOST_BYTES if settings.records.keep_audio else DELIVERY_BYTES,
    )


def _models(settings: Settings, upstream: Upstream) -> tuple[str, ...]:
    """What can be asked for. An agent without an address (the demo) is its own only model."""
    theirs = settings.upstream.model if settings.upstream.url else ""
    return tuple(dict.fromkeys(("bridge", theirs or upstream.name)))


async def _reasons(upstream: Upstream) -> list[str]:
    findings = await upstream.examine()
    return [
        f"{found.check}: {found.message}" for found in findings if found.verdict is Verdict.FAIL
    ]
