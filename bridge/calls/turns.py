"""The turn engine: every request becomes a reply, and the agent is asked at most once for it.

    listen ─▶ step ─┬─ answered here ─────────────────────▶ items
                    ├─ attach ─▶ the reply of a run, from its beginning, then live
                    └─ start ──▶ a run (`calls/runs.py`) ─▶ its reply, as it comes

`core/turn.py` decides; here is only what waits.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio

from bridge import log
from bridge.calls import exchange, report
from bridge.calls.behind import NEVER, RingBack
from bridge.calls.listening import Follower, Listening, at_once
from bridge.calls.report import TurnReport
from bridge.calls.request import TurnRequest
from bridge.calls.rules import Rules
from bridge.calls.runs import Runs
from bridge.calls.steps import take_step
from bridge.calls.witness import NOBODY, Witness
from bridge.core import filler, prompts
from bridge.core.delivery import sentence_for
from bridge.core.identity import Strength
from bridge.core.phrases import PhraseBook
from bridge.core.reply import End, Failure, Item, Origin, Words
from bridge.core.turn_events import (
    AnswerHere,
    Attach,
    Requested,
    Start,
    TurnClass,
)
from bridge.errors import Draining, VendorError
from bridge.ports.ledger import Ledger
from bridge.ports.upstream import Upstream

LEAVING_S = 2.0
"""How long telling the ledger that a listener left may take, while its request is torn down."""


def random_id() -> str:
    """A name that nobody else has, nor could guess."""
    return secrets.token_hex(8)


class Turns:
    """The engine. Enter `working` once, then `listen` for each request.

    Args:
        now: the clock, in seconds.
        observe: told of each reply: a run that is over, one given here, a run that was joined.
        witness: told what was said in the first two.
        ring_back: who rings callers whose run outlives its deadline.
        new_id: names a run; each time another. What is drawn by lot in a run is drawn by it.
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
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self._upstream = upstream
        self._new_id = new_id
        self._ledger = ledger
        self._book = book
        self._fillers = book.all_fillers()
        self._greeting = rules.greeting
        self._now = now
        self._observe = observe
        self._witness = witness
        self._runs = Runs(
            upstream,
            ledger,
            book,
            rules,
            now=now,
            observe=observe,
            witness=witness,
            ring_back=ring_back,
        )

    @property
    def live_runs(self) -> int:
        """Runs under way in this process."""
        return len(self._runs)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Turns"]:
        """Owns every task of the engine. On leaving, runs under way are given up."""
        async with self._runs.working():
            yield self

    @asynccontextmanager
    async def listen(self, request: TurnRequest) -> AsyncIterator[Listening]:
        """Follows the reply to a request. Leaving before its `End` is the listener going away.

        Raises:
            Draining: the engine is stopping, or was never started.
        """
        run_id = self._new_id()
        if request.closing:
            yield Listening("closing", run_id, at_once(self._close(request, run_id)))
            return
        decision = await self._take(request, self._requested(request, run_id))
        if isinstance(decision, VendorError):
            yield Listening("failed", run_id, at_once(self._fail(request, decision, run_id)))
            return
        if isinstance(decision, AnswerHere):
            items = self._answer_here(request, decision.turn_class, run_id)
            yield Listening(decision.turn_class, run_id, at_once(items))
            return
        run_id = decision.run_id
        lost = self._book.for_language(request.language).lost
        follower = Follower(self._ledger.follow(run_id), lost)
        try:
            if isinstance(decision, Attach):
                self._observe(report.joined(request, run_id, decision.turn_class, self._now()))
            yield Listening(decision.turn_class, run_id, follower)
        finally:
            if not follower.is_over:
                with anyio.move_on_after(LEAVING_S, shield=True):
                    await self._runs.leave(request, run_id, heard_words=follower.heard_words)
            elif request.strength is Strength.ALONE:
                with anyio.move_on_after(LEAVING_S, shield=True):
                    await self._ledger.forget(request.thread)

    def _requested(self, request: TurnRequest, run_id: str) -> Requested:
        dialogue = request.dialogue
        return Requested(
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

    def _without_fillers(self, text: str) -> str:
        return filler.strip(text, self._fillers).strip()

    async def _take(
        self, request: TurnRequest, event: Requested
    ) -> AnswerHere | Attach | Start | VendorError:
        """Decides about a request and starts its run, all or nothing.

        Whoever asks may go away meanwhile; a run that the ledger holds and nobody runs would keep
        every repeat waiting.

        Returns:
            The decision, or why the ledger took none; then nothing was asked.
        """
        if not self._runs.is_working:
            raise Draining("The turn engine is stopping, or was never started.")
        with anyio.CancelScope(shield=True):
            try:
                decision = await take_step(self._ledger, request.thread, event)
            except VendorError as error:
                return error
            if isinstance(decision, Start):
                await self._runs.start(request, decision)
        assert isinstance(decision, AnswerHere | Attach | Start), decision
        return decision

    def _fail(self, request: TurnRequest, error: VendorError, run_id: str) -> Sequence[Item]:
        """What is heard when nobody can tell what a request is."""
        log.failure("turn.undecided", error, turn=run_id)
        failure = Failure.of(error)
        sentence = sentence_for(failure, self._book.for_language(request.language), spoke=False)
        return [Words(sentence, Origin.BRIDGE), End(failure=failure)]

    def _close(self, request: TurnRequest, run_id: str) -> Sequence[Item]:
        """A call that is over for us: the ledger has no say, and the agent learns of nothing."""
        done = report.answered_here(request, run_id, TurnClass.NEW, self._now())
        self._observe(done)
        self._witness.turned(exchange.answered_here(request, request.closing, done))
        return request.closing

    def _answer_here(
        self, request: TurnRequest, turn_class: TurnClass, run_id: str
    ) -> Sequence[Item]:
        items = prompts.answer(
            turn_class,
            request.dialogue,
            self._book.for_language(request.language),
            tools=request.tools,
            greeting=self._greeting,
            run_id=run_id,
        )
        done = report.answered_here(request, run_id, turn_class, self._now())
        self._observe(done)
        self._witness.turned(exchange.answered_here(request, items, done))
        return items
