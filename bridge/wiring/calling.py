"""What places calls, for a server or for a command where none runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bridge import clock
from bridge.calls.aftermath import Aftermath, Patience
from bridge.calls.endings import Endings
from bridge.calls.errands import Errands
from bridge.calls.feed import Feed
from bridge.calls.outbound import Means, Outbound
from bridge.calls.ring_back import RingBacks, Terms
from bridge.core.phrases import PhraseBook
from bridge.ports.records import Records
from bridge.settings import Settings
from bridge.wiring import dialling
from bridge.wiring.bookkeeping import Bookkeeping
from bridge.wiring.rules import entrance_rules, keeping


@dataclass(frozen=True, slots=True)
class Calling:
    """What places calls, and what it works with."""

    outbound: Outbound
    means: Means
    endings: Endings


def calling(settings: Settings, records: Records, feed: Feed) -> Calling:
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
    return Calling(outbound, means, Endings(records, outbound.tell, today=clock.wall_s))


def aftermath(out: Calling, keeps: Bookkeeping, patience: Patience | None = None) -> Aftermath:
    """What follows the calls that were placed. It is not at work yet."""
    return Aftermath(
        out.outbound,
        out.means.opens,
        out.endings,
        keeps.upkeep.settle,
        today=clock.wall_s,
        patience=patience,
    )


def ring_back(settings: Settings, out: Calling, book: PhraseBook) -> RingBacks:
    """Who rings callers back, on the operator's terms."""
    turn = settings.turn
    by_number = (entry.partition("=")[2] for entry in turn.languages)
    terms = Terms(
        turn.ring_back_s,
        dialling.line(settings),
        asks_code=settings.policy.pin is not None,
        languages=frozenset(tag.lower() for tag in (turn.language, *by_number)),
    )
    return RingBacks(out.outbound, out.means.desk, book, terms)


@asynccontextmanager
async def open_calling(settings: Settings, keeps: Bookkeeping) -> AsyncIterator[Calling]:
    """What places calls, and follows them until they end."""
    out = calling(settings, keeps.records, keeps.feed)
    await out.endings.learn()  # before the first turn of a call that outlived a restart
    async with aftermath(out, keeps).working():
        yield out
