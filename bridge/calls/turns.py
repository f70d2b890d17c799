"""The turn engine: every request becomes a reply, and the agent is asked at most once for it.

    listen ─▶ step ─┬─ answered here ─────────────────────────▶ items
                    ├─ attach ─▶ the reply of a run, from its beginning, then live
                    └─ start ──▶ stop what is live ▶ settle ▶ ask ▶ deliver ─▶ ledger ─▶ listeners

`core/turn.py` decides; here is only what waits. Runs are tasks of the engine, not of the request
that started them: a request can go away and its retry still find the run.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from bridge import log
from bridge.calls import report
from bridge.calls.asking import AskPlan, plan_ask
from bridge.calls.listening import Follower, Listening, each
from bridge.calls.report import TurnReport
from bridge.calls.request import TurnRequest
from bridge.calls.rules import Rules
from bridge.calls.run import Run
from bridge.core import filler, prompts
from bridge.core.conversation import Stop
from bridge.core.delivery import Delivery, Style
from bridge.core.identity import Strength
from bridge.core.latency import Moments
from bridge.core.phrases import PhraseBook
from bridge.core.reply import Item
from bridge.core.speech import Shaper
from bridge.core.turn import (
    RESTLESS_SETTLE_S,
    AnswerHere,
    AskNow,
    Attach,
    AwaitReturn,
    Decision,
    Ended,
    Event,
    GraceOver,
    Left,
    Requested,
    Settled,
    Start,
    StopRun,
    TurnClass,
    step,
)
from bridge.errors import Draining
from bridge.ports.ledger import Ledger
from bridge.ports.upstream import Ask, Upstream

EARLIER_RUN_S = 2.0
"""How long a new run waits for a stopped one to let go of the agent. Closing a connection takes
milliseconds; a run that takes longer is stuck, and the caller must not wait for it."""

LEAVING_S = 2.0
"""How long telling the ledger that a listener left may take, while its request is torn down."""


@dataclass(slots=True)
class _Live:
    """A run that is under way in this process."""

    request: TurnRequest
    start: Start
    moments: Moments
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    cause: Stop | None = None


class Turns:
    """The engine. Enter `working` once, then `listen` for each request."""

    def __init__(
        self,
        upstream: Upstream,
        ledger: Ledger,
        book: PhraseBook,
        rules: Rules,
        *,
        now: Callable[[], float],
        observe: Callable[[TurnReport], None],
    ) -> None:
        self._upstream = upstream
        self._ledger = ledger
        self._book = book
        self._fillers = book.all_fillers()
        self._prompts = book.all_prompts()
        self._rules = rules
        self._now = now
        self._observe = observe
        self._live: dict[str, _Live] = {}
        self._tasks: TaskGroup | None = None

    @property
    def live_runs(self) -> int:
        """Runs under way in this process."""
        return len(self._live)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Turns"]:
        """Owns every task of the engine. On leaving, runs under way are given up."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._obey_stops)
            try:
                yield self
            finally:
                for live in self._live.values():
                    live.cause = live.cause or Stop.DRAINING
                self._tasks = None
                tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def listen(self, request: TurnRequest) -> AsyncIterator[Listening]:
        """Follows the reply to a request. Leaving before its `End` is the listener going away."""
        run_id = secrets.token_hex(8)
        dialogue = request.dialogue
        event = Requested(
            self._now(),
            run_id,
            dialogue.news,
            dialogue.key,
            request.strength,
            heard_nothing=not dialogue.called and not self._without_fillers(dialogue.since),
            may_continue=prompts.may_continue(
                dialogue, acts_are_ours=not self._upstream.calls_tools
            ),
        )
        decision = await self._take(request, event)
        if isinstance(decision, AnswerHere):
            items = self._answer_here(request, decision.turn_class, run_id)
            yield Listening(decision.turn_class, run_id, each(items))
            return
        run_id = decision.run_id
        lost = self._book.for_language(request.language).lost
        follower = Follower(self._ledger.follow(run_id), lost)
        try:
            if isinstance(decision, Attach):
                self._observe(report.joined(request, run_id, decision.turn_class, self._now()))
            yield Listening(decision.turn_class, run_id, follower.items())
        finally:
            with anyio.move_on_after(LEAVING_S, shield=True):
                if not follower.is_over:
                    await self._leave(request, run_id, heard_words=follower.heard_words)
                elif request.strength is Strength.ALONE:
                    await self._ledger.forget(request.thread)

    async def _take(self, request: TurnRequest, event: Requested) -> AnswerHere | Attach | Start:
        """Decides about a request and starts its run, all or nothing.

        Whoever asks may go away meanwhile; a run that the ledger holds and nobody runs would keep
        every repeat waiting.
        """
        if self._tasks is None:
            raise Draining("The turn engine is stopping, or was never started.")
        with anyio.CancelScope(shield=True):
            decision = await self._decide(request.thread, event)
            if isinstance(decision, Start):
                await self._start(request, decision)
        assert isinstance(decision, AnswerHere | Attach | Start), decision
        return decision

    def _without_fillers(self, text: str) -> str:
        return filler.strip(text, self._fillers).strip()

    # -- deciding -------------------------------------------------------------------------------

    async def _decide(self, thread: str, event: Event) -> Decision:
        """One step of the conversation, on what the ledger really holds."""
        while True:
            entry = await self._ledger.read(thread)
            conversation, decision = step(entry.conversation, event)
            if conversation == entry.conversation and not isinstance(decision, Start):
                return decision
            opens = decision.run_id if isinstance(decision, Start) else None
            if await self._ledger.replace(thread, entry.version, conversation, event.at_s, opens):
                return decision

    def _answer_here(
        self, request: TurnRequest, turn_class: TurnClass, run_id: str
    ) -> Sequence[Item]:
        items = prompts.answer(
            turn_class,
            request.dialogue,
            self._book.for_language(request.language),
            tools=request.tools,
            greeting=self._rules.greeting,
            run_id=run_id,
        )
        self._observe(report.answered_here(request, run_id, turn_class, self._now()))
        return items

    # -- going away -----------------------------------------------------------------------------

    async def _leave(self, request: TurnRequest, run_id: str, *, heard_words: bool) -> None:
        may_return = request.strength is not Strength.ALONE and self._rules.grace_s > 0
        left = Left(self._now(), run_id, heard_words, may_return)
        decision = await self._decide(request.thread, left)
        if isinstance(decision, StopRun):
            await self._ledger.ask_to_stop(decision.run_id, decision.cause)
        elif isinstance(decision, AwaitReturn) and self._tasks is not None:
            self._tasks.start_soon(self._await_return, request.thread, decision)

    async def _await_return(self, thread: str, wait: AwaitReturn) -> None:
        await anyio.sleep(self._rules.grace_s)
        over = GraceOver(self._now(), wait.run_id, wait.left_at_s)
        decision = await self._decide(thread, over)
        if isinstance(decision, StopRun):
            await self._ledger.ask_to_stop(decision.run_id, decision.cause)

    async def _obey_stops(self) -> None:
        async for run_id, cause in self._ledger.stops():
            live = self._live.get(run_id)
            if live is not None:
                live.cause = live.cause or cause
                live.scope.cancel()

    # -- a run ----------------------------------------------------------------------------------

    async def _start(self, request: TurnRequest, start: Start) -> None:
        live = _Live(request, start, Moments(request.received_s, self._now()))
        if self._tasks is None:
            live.cause = Stop.DRAINING
            await self._close(live, self._new_run(live))
            return
        self._live[start.run_id] = live
        self._tasks.start_soon(self._run, live)

    def _new_run(self, live: _Live) -> Run:
        run_id = live.start.run_id
        delivery = self._delivery(live.request, run_id)
        return Run(delivery, lambda item: self._ledger.append(run_id, item), self._now)

    async def _run(self, live: _Live) -> None:
        run_id, run = live.start.run_id, self._new_run(live)
        try:
            with live.scope:
                await run.speak(
                    self._upstream, lambda: self._prepare(live, run), self._rules.deadline_s
                )
        except Exception as error:  # noqa: BLE001 - a bug of ours must not leave a caller in silence
            log.failure("turn.broke", error, turn=run_id)
            live.cause = live.cause or Stop.FAILED
        finally:
            with anyio.CancelScope(shield=True):
                await self._close(live, run)
        try:
            live.moments.last_word_s = self._now()
            stop = _stop_of(live, run)
            self._observe(report.of_run(live.request, live.start, run, stop, live.moments))
        except Exception as error:  # noqa: BLE001 - nor may a bug in counting end other calls
            log.failure("turn.uncounted", error, turn=run_id)

    async def _close(self, live: _Live, run: Run) -> None:
        """The run is over, whatever ended it: whoever follows it must learn so.

        Its `End` comes last: who has read it may rely on the agent being free again, and on the
        ledger knowing what was said.
        """
        run_id, thread, delivery = live.start.run_id, live.request.thread, run.delivery
        if delivery.is_over:
            live.cause = None  # it came to its end before it could be stopped
        elif live.cause is not None:
            await self._give_up(live.cause, run, run_id)
        stop = _stop_of(live, run)
        reached = run.failure is None or run.failure.asked
        ended = Ended(self._now(), run_id, delivery.said, tuple(delivery.fillers), stop, reached)
        await self._decide(thread, ended)
        await self._ledger.append(run_id, run.end)
        self._live.pop(run_id, None)
        if live.request.strength is Strength.ALONE:
            held = (await self._ledger.read(thread)).conversation.run(run_id)
            if held is not None and not held.listeners:
                await self._ledger.forget(thread)

    async def _give_up(self, cause: Stop, run: Run, run_id: str) -> None:
        try:
            await run.give_up(cause)
        except Exception as error:  # noqa: BLE001 - one broken reply must not end other calls
            log.failure("turn.broke", error, turn=run_id)

    async def _prepare(self, live: _Live, run: Run) -> Ask | None:
        """Stops what is live, settles, and says what the agent is to be asked, if it still is."""
        request, start = live.request, live.start
        entry = await self._ledger.read(request.thread)
        run.delivery.previous_filler = entry.conversation.last_filler
        for earlier in start.stops:
            await self._ledger.ask_to_stop(earlier, Stop.SUPERSEDED)
        with anyio.move_on_after(EARLIER_RUN_S):
            for earlier in start.after:
                async for _item in self._ledger.follow(earlier):
                    pass
        settle_s = self._rules.settle_s
        if settle_s is None:
            settle_s = RESTLESS_SETTLE_S if start.is_restless else 0.0
        if settle_s:
            await anyio.sleep(settle_s)
        decision = await self._decide(request.thread, Settled(self._now(), start.run_id))
        if not isinstance(decision, AskNow):
            live.cause = live.cause or Stop.LEFT
            return None
        entry = await self._ledger.read(request.thread)
        run.delivery.previous_filler = entry.conversation.last_filler
        plan = AskPlan(
            request,
            entry.conversation,
            replaces=start.replaces,
            fillers=self._fillers,
            prompts=self._prompts,
            tells_caller=self._rules.tells_caller,
        )
        return plan_ask(plan, self._upstream)

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


def _stop_of(live: _Live, run: Run) -> Stop | None:
    return live.cause or (Stop.FAILED if run.failure else None)
