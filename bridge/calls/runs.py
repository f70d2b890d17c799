"""The runs under way in this process: each asks the agent at most once, and each is ended.

    start ─▶ stop what is live ▶ settle ▶ ask ▶ deliver ▶ let go of the agent ─▶ ledger ─▶ end
      └──────── left, superseded, failed, draining: given up, at any of these ───────┘

A run is a task of the engine and not of the request that started it: a request can go away, and
its retry still finds the run. Whatever ends a run, its reply gets its `End`: somebody may be
following it. One that outlives its deadline may go on behind the call (`calls/behind.py`).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup

from bridge import log
from bridge.calls import exchange, report
from bridge.calls.asking import AskPlan, heard_before, plan_ask
from bridge.calls.behind import NEVER, BehindCalls, RingBack
from bridge.calls.live import Live, apart
from bridge.calls.report import TurnReport
from bridge.calls.request import TurnRequest
from bridge.calls.rules import Rules
from bridge.calls.run import Run
from bridge.calls.steps import take_step
from bridge.calls.witness import NOBODY, Witness
from bridge.core import filler
from bridge.core.conversation import Stop
from bridge.core.delivery import Delivery, Style
from bridge.core.identity import Strength
from bridge.core.latency import Moments
from bridge.core.phrases import PhraseBook
from bridge.core.speech import Shaper
from bridge.core.turn import RESTLESS_SETTLE_S
from bridge.core.turn_events import (
    AskNow,
    AwaitReturn,
    Ended,
    GraceOver,
    Left,
    Settled,
    Start,
    StopRun,
)
from bridge.ports.ledger import Ledger
from bridge.ports.upstream import Ask, Upstream

LETTING_GO_S = 2.0
"""How long a stopped run may take to let go of the agent. Closing a connection takes
milliseconds; a run that takes longer is stuck, and neither the next one nor whoever follows it
may wait for it."""


class Runs:
    """Starts runs, stops them, and sees each of them to its end. Enter `working` once.

    Args:
        now: the clock, in seconds.
        observe: told of each run that is over.
        witness: told what was said in it.
        ring_back: who rings callers whose run outlives its deadline.
    """

    def __init__(
        self,
        upstream: Upstream,
        ledger: Ledger,
        book: PhraseBook,
        rules: Rules,
        *,
        now: Callable[[], float],
        observe: Callable[[TurnReport], None],
        witness: Witness = NOBODY,
        ring_back: RingBack = NEVER,
    ) -> None:
        self._upstream = upstream
        self._ledger = ledger
        self._book = book
        self._fillers = book.all_fillers()
        self._prompts = book.all_prompts()
        self._rules = rules
        self._now = now
        self._observe = observe
        self._witness = witness
        self._live: dict[str, Live] = {}
        self._ring_back = ring_back
        self._behind = BehindCalls(ledger, ring_back, self._live, now)
        self._tasks: TaskGroup | None = None

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._live)

    @property
    def is_working(self) -> bool:
        """Whether new runs are taken."""
        return self._tasks is not None

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Owns every task of the engine. On leaving, runs under way are given up."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._obey_stops)
            try:
                yield
            finally:
                self._tasks = None
                tasks.cancel_scope.cancel()

    async def start(self, request: TurnRequest, start: Start) -> None:
        """Starts a run that the ledger holds. While the engine stops, it is given up at once."""
        run_id = start.run_id
        run = Run(
            self._delivery(request, run_id),
            lambda items: self._ledger.append(run_id, *items),
            self._now,
        )
        live = Live(request, start, run, Moments(request.received_s, self._now()))
        if self._tasks is None:
            await self._close(live)
            return
        self._live[run_id] = live
        self._tasks.start_soon(self._run, live)

    # -- going away -----------------------------------------------------------------------------

    async def leave(self, request: TurnRequest, run_id: str, *, heard_words: bool) -> None:
        """A listener went away before the end. `heard_words`: it had been sent words of the agent.

        The run is stopped, or goes on for `turn.grace_s` for a retry to attach to it.
        """
        may_return = request.strength is not Strength.ALONE and self._rules.grace_s > 0
        left = Left(self._now(), run_id, heard_words, may_return)
        decision = await take_step(self._ledger, request.thread, left)
        if isinstance(decision, StopRun):
            await self._ledger.ask_to_stop(decision.run_id, decision.cause)
        elif isinstance(decision, AwaitReturn) and self._tasks is not None:
            self._tasks.start_soon(self._await_return, request.thread, decision)
        await self._forget_if_done(request, run_id)

    async def _await_return(self, thread: str, wait: AwaitReturn) -> None:
        await anyio.sleep(self._rules.grace_s)
        over = GraceOver(self._now(), wait.run_id, wait.left_at_s)
        with apart("turn.broke", wait.run_id):
            decision = await take_step(self._ledger, thread, over)
            if isinstance(decision, StopRun):
                await self._ledger.ask_to_stop(decision.run_id, decision.cause)

    async def _forget_if_done(self, request: TurnRequest, run_id: str) -> None:
        """Nobody can come back to a request that stood alone: it is not remembered."""
        if request.strength is Strength.ALONE:
            held = (await self._ledger.read(request.thread)).conversation.run(run_id)
            if held is not None and held.is_over and not held.listeners:
                await self._ledger.forget(request.thread)

    async def _obey_stops(self) -> None:
        async for run_id, cause in self._ledger.stops():
            live = self._live.get(run_id)
            if live is not None and not live.is_closing and self._tasks is not None:
                live.cause = live.cause or cause
                live.scope.cancel()
                self._tasks.start_soon(self._see_off, live)

    async def _see_off(self, live: Live) -> None:
        """A stopped run that does not let go of the agent is over for whoever follows it."""
        with anyio.move_on_after(LETTING_GO_S):
            await live.closed.wait()
            return
        log.failure("turn.stuck", turn=live.start.run_id, upstream=self._upstream.name)
        with anyio.CancelScope(shield=True):
            await self._close(live)

    # -- a run ----------------------------------------------------------------------------------

    async def _run(self, live: Live) -> None:
        run_id, run = live.start.run_id, live.run
        try:
            with live.scope:
                await run.speak(
                    self._upstream,
                    lambda: self._prepare(live),
                    self._rules.deadline_s,
                    lambda: self._go_behind(live),
                )
                live.has_finished = True
        except Exception as error:  # noqa: BLE001 - a bug of ours must not leave a caller in silence
            log.failure("turn.broke", error, turn=run_id)
            live.cause = live.cause or Stop.FAILED
        finally:
            with anyio.CancelScope(shield=True):
                await self._close(live)
        if live.promise is None:
            self._tell(live)
        else:
            with apart("ring_back.broke", run_id):
                await self._behind.keep(live)

    def _tell(self, live: Live) -> None:
        """The turn is over: its reply has its end."""
        with apart("turn.uncounted", live.start.run_id):
            live.moments.last_word_s = self._now()
            done = report.of_run(live.request, live.start, live.run, live.outcome, live.moments)
            self._observe(done)
            told = heard_before(live.plan) if live.plan is not None else None
            promised = live.promise.call if live.promise else None
            self._witness.turned(exchange.of_run(live.request, live.run, done, told, promised))

    async def _go_behind(self, live: Live) -> float | None:
        """The deadline has come: for how long the run goes on behind the call; `None` if not."""
        with anyio.CancelScope(shield=True):
            sentence = self._book.for_language(live.request.language).ring_back
            if not await self._behind.begin(live, sentence):
                return None
            self._tell(live)
        return self._ring_back.limit_s

    async def _close(self, live: Live) -> None:
        """The run is over, whatever ended it: whoever follows it must learn so. Done once.

        Its `End` comes last: who has read it may rely on the agent being free again (but of a
        run that is stuck), and on the ledger knowing what was said.
        """
        if live.is_closing:
            return
        live.is_closing = True
        if live.promise is None:
            await self._end_reply(live)
        else:
            await self._behind.end(live)
        self._live.pop(live.id, None)
        live.closed.set()

    async def _end_reply(self, live: Live) -> None:
        run_id, thread, run, delivery = (
            live.start.run_id,
            live.request.thread,
            live.run,
            live.run.delivery,
        )
        if delivery.is_over:
            live.cause = None  # it came to its end before it could be stopped
        else:
            live.cause = live.cause or Stop.DRAINING  # whatever else ends it has said so
            with apart("turn.broke", run_id):
                await run.give_up(live.cause)
        reached = run.failure is None or run.failure.asked
        ended = Ended(
            self._now(), run_id, delivery.said, tuple(delivery.fillers), live.stop, reached
        )
        with apart("turn.unrecorded", run_id):
            await take_step(self._ledger, thread, ended)
        with apart("turn.unrecorded", run_id):
            await self._ledger.append(run_id, run.end)
            await self._forget_if_done(live.request, run_id)

    async def _prepare(self, live: Live) -> Ask | None:
        """Stops what is live, settles, and says what the agent is to be asked, if it still is."""
        request, start, delivery = live.request, live.start, live.run.delivery
        entry = await self._ledger.read(request.thread)
        delivery.previous_filler = entry.conversation.last_filler
        for earlier in start.stops:
            await self._ledger.ask_to_stop(earlier, Stop.SUPERSEDED)
        if start.after:
            with anyio.move_on_after(LETTING_GO_S):
                for earlier in start.after:
                    async for _items in self._ledger.follow(earlier):
                        pass
        settle_s = self._rules.settle_s
        if settle_s is None:
            settle_s = RESTLESS_SETTLE_S if start.is_restless else 0.0
        if settle_s:
            await anyio.sleep(settle_s)
        settled = Settled(self._now(), start.run_id)
        decision = await take_step(self._ledger, request.thread, settled)
        entry = await self._ledger.read(request.thread)
        if not isinstance(decision, AskNow):
            held = entry.conversation.run(start.run_id)
            live.cause = live.cause or (held and held.stop) or Stop.LEFT
            return None
        delivery.previous_filler = entry.conversation.last_filler
        live.plan = plan = AskPlan(
            request,
            entry.conversation,
            replaces=start.replaces,
            fillers=self._fillers,
            prompts=self._prompts,
            tells_caller=self._rules.tells_caller,
            breaks_promise=start.breaks_promise,
            behind_s=self._behind_s(request),
        )
        if start.breaks_promise:
            await live.run.say_ours(self._book.for_language(request.language).ring_back_off)
        return plan_ask(plan, self._upstream)

    def _behind_s(self, request: TurnRequest) -> float:
        """How long the agent may take in all, when this caller might be rung back; else 0."""
        if not self._ring_back.may_promise(request):
            return 0.0
        return self._rules.deadline_s + self._ring_back.limit_s

    def _delivery(self, request: TurnRequest, run_id: str) -> Delivery:
        phrases = self._book.for_language(request.language)
        speech = replace(
            self._rules.speech,
            language=request.language,
            code_left_out=phrases.code_left_out,
            at_sign=phrases.at_sign,
            dot=phrases.dot,
        )
        style = Style(
            phrases,
            filler.schedule(self._rules.first_words_s, self._rules.fillers),
            run_id,
            request.tools,
        )
        return Delivery(style, Shaper(speech), request.received_s)
