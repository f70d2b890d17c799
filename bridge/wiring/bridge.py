"""A bridge at work: opened from the settings, in the order in which its parts need one another.

agent ─▶ bookkeeping ─▶ calling out ─▶ turns ─▶ doors
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp

from bridge import clock, log, plugins
from bridge.calls.behind import NEVER
from bridge.calls.feed import Feed
from bridge.calls.ring_back import RingBacks
from bridge.calls.scheduler import Scheduler
from bridge.calls.sessions import SessionBook
from bridge.calls.teller import Teller
from bridge.calls.turns import Turns, random_id
from bridge.core import filler
from bridge.errors import VendorError
from bridge.phrases import load_phrases
from bridge.ports.ledger import Ledger
from bridge.ports.upstream import Upstream
from bridge.reach.keeper import Whereabouts
from bridge.settings import Settings
from bridge.web.app import build_app
from bridge.web.health import Presence
from bridge.web.metrics import Metrics
from bridge.web.operator import Figures
from bridge.web.server import DrainGate
from bridge.wiring.adapters import open_upstream
from bridge.wiring.bookkeeping import open_bookkeeping
from bridge.wiring.calling import open_calling, ring_back
from bridge.wiring.doors import Inside, open_doors
from bridge.wiring.rules import turn_rules
from bridge.wiring.scheduling import scheduler


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge at work: the HTTP surface, the agent behind it, the gate that stops it.

    `presence` is how it proves to be itself; `whereabouts` is where it is reached, as its keeper
    finds out. `feed` is told what happens in calls; `ring_backs` knows what callers were promised.
    `scheduler` is not at work: a server that only answers somebody's test must ring nobody.
    """

    app: ASGIApp
    upstream: Upstream
    turns: Turns
    scheduler: Scheduler
    gate: DrainGate
    presence: Presence
    whereabouts: Whereabouts
    feed: Feed
    ring_backs: RingBacks


@asynccontextmanager
async def open_bridge(
    settings: Settings,
    *,
    watched: Callable[[Upstream], Upstream] | None = None,
    new_id: Callable[[], str] = random_id,
) -> AsyncIterator[Bridge]:
    """A bridge at work.

    Args:
        settings: with both tokens in them (see `bridge.settings.ensure_tokens`).
        watched: what stands between bridge and the agent, for who wants to know what passes there.
        new_id: see `Turns`.
    """
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(open_upstream(settings))
        if watched is not None:
            upstream = watched(upstream)
        ledger: Ledger = plugins.adapter("stores", "memory").MemoryLedger()
        book = load_phrases()
        filler.strip("…", book.all_fillers())  # its pattern is made now, not while a caller waits
        keeps = await stack.enter_async_context(open_bookkeeping(settings))
        await stack.enter_async_context(keeps.upkeep.working())
        calling = await stack.enter_async_context(open_calling(settings, keeps))
        if upstream.herald is not None:
            teller = Teller(keeps.records, upstream.herald, keeps.feed, today=clock.wall_s)
            await stack.enter_async_context(teller.working())
        ring_backs = ring_back(settings, calling, book)
        metrics = Metrics()
        figures = Figures(metrics, SessionBook(), keeps.records.stages)
        turns = Turns(
            upstream,
            ledger,
            book,
            turn_rules(settings),
            now=clock.now_s,
            observe=figures.observe,
            witness=keeps.recorder,
            ring_back=ring_backs if settings.turn.ring_back else NEVER,
            new_id=new_id,
        )
        await stack.enter_async_context(turns.working())
        metrics.runs_active.set_function(lambda: turns.live_runs)
        gate, whereabouts = DrainGate(), Whereabouts()
        at_times = scheduler(settings, keeps, calling.outbound, lambda: gate.draining)
        inside = Inside(
            upstream, turns, book, keeps, calling, at_times, figures, metrics, gate, whereabouts
        )
        parts = open_doors(settings, inside)
        yield Bridge(
            build_app(parts),
            upstream,
            turns,
            at_times,
            gate,
            parts.presence,
            whereabouts,
            keeps.feed,
            ring_backs,
        )


async def warm_up(upstream: Upstream) -> None:
    """Takes the cost of a first turn now. What goes wrong is said and changes nothing."""
    began_s = clock.now_s()
    try:
        await upstream.warm_up()
    except VendorError as error:
        log.warning("upstream.cold", vendor=error.vendor, why=error.why, status=error.status)
    else:
        log.event("upstream.warm", vendor=upstream.name, took_ms=1000 * (clock.now_s() - began_s))
