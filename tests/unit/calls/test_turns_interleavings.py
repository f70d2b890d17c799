"""Every interleaving of repeats, revisions, disconnects and silences, over the real engine.

The state machine plays the platform: it sends turns again, sends them early and then longer,
closes connections when it likes, and asks when nobody has spoken. The agent is slow or fast,
talks a little or much. Whatever the order: no utterance is asked twice, the final one is asked,
one run at a time, everybody hears the same, and nothing is left behind.

All of it once more over a ledger that takes its time, as a shared one does: what was read may be
gone by the time it is acted on. And once more with callers who are rung back when a run outlives
its deadline: each promise that was heard comes to one end, and only one.
"""

import asyncio
from collections.abc import Callable

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from bridge.calls.behind import NEVER, RingBack
from bridge.calls.rules import Rules
from bridge.core.chat import Message
from bridge.core.conversation import Conversation, Stop
from bridge.core.reply import End, Item, Origin
from bridge.core.ring_back import NEVER_SAID
from bridge.core.turn_events import (
    TurnClass,
)
from bridge.ports.ledger import Entry, Ledger
from bridge.ports.upstream import Finish, Text
from bridge.stores.memory import MemoryLedger
from tests.fakes.engine import BOOK, Connection, Engine, engine, text_of
from tests.fakes.jumping_loop import JumpingLoop
from tests.fakes.ring_backs import RingBacks
from tests.fakes.scripted_agent import Script, ScriptedAgent

PROMISE = BOOK.for_language("en").ring_back

RULES = Rules(deadline_s=30.0)
LONGEST_S = 120.0
"""Longer than any run can last: the deadline, grace, and every earlier run's closing."""

seconds = st.sampled_from([0.0, 0.01, 0.1, 0.24, 0.26, 1.0, 1.3, 2.9, 3.1, 7.0])

paces = st.builds(
    lambda think_s, words, gap_s: Script([*words, Finish()], think_s, gap_s),
    seconds,
    st.integers(0, 4).map(lambda count: [Text(f"word{i}. ") for i in range(count)]),
    seconds,
)
"""How the agent answers from now on: after how long, how much, how haltingly."""


class Patient(MemoryLedger):
    """A ledger whose every step takes half a millisecond or so, before and after it is done."""

    @override
    async def read(self, thread: str) -> Entry:
        await asyncio.sleep(0.0003)
        entry = await super().read(thread)
        await asyncio.sleep(0.0004)
        return entry

    @override
    async def replace(
        self,
        thread: str,
        version: int,
        conversation: Conversation,
        at_s: float,
        opens: str | None = None,
    ) -> bool:
        await asyncio.sleep(0.0005)
        is_taken = await super().replace(thread, version, conversation, at_s, opens)
        await asyncio.sleep(0.0006)
        return is_taken

    @override
    async def append(self, run_id: str, *items: Item) -> None:
        await asyncio.sleep(0.0001)
        await super().append(run_id, *items)

    @override
    async def ask_to_stop(self, run_id: str, cause: Stop) -> None:
        await asyncio.sleep(0.0007)
        await super().ask_to_stop(run_id, cause)


class Platform(RuleBasedStateMachine):
    """One conversation with an impatient, stateless platform.

    Attributes:
        ledger: what the engine keeps its turns in.
        ring_backs: who rings callers back.
        apart_s: from one moment of sending to the next: a ledger that takes its time decides
            about requests in the order in which they come only if they don't come all at once.
    """

    ledger: Callable[[], Ledger] = MemoryLedger
    ring_backs: Callable[[], RingBack] = staticmethod(lambda: NEVER)
    terms = RULES
    apart_s = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.loop = JumpingLoop()
        self.count = 0
        self.history: list[Message] = []
        self.connections: list[Connection] = []
        self.engine: Engine
        self._over = asyncio.Event()

    @initialize()
    def picks_up(self) -> None:
        self._program = self.loop.create_task(self._work())
        self.loop.run(asyncio.sleep(0.001))

    async def _work(self) -> None:
        self.rings = self.ring_backs()
        program = engine(ScriptedAgent(), self.terms, self.ledger(), self.rings)
        async with program as self.engine:
            await self._over.wait()

    # -- what the caller and the platform do ---------------------------------------------------

    @rule(pace=paces, times=st.integers(1, 3))
    def caller_speaks(self, pace: Script, times: int) -> None:
        """What was heard so far goes into the history, cut or whole, then new words."""
        heard = text_of(self.connections[-1].items) if self.connections else ""
        if heard:
            self.history.append(Message.of("assistant", heard))
        self.history.append(Message.of("user", self._words()))
        self._send(pace, times=times)

    @precondition(lambda self: self._last_is_caller())
    @rule(pace=paces)
    def transcript_is_revised(self, pace: Script) -> None:
        last = self.history.pop()
        self.history.append(Message.of("user", f"{last.text} {self._words()}"))
        self._send(pace)

    @precondition(lambda self: self._last_is_caller())
    @rule(times=st.integers(1, 4))
    def turn_is_sent_again(self, times: int) -> None:
        self._send(times=times)

    @precondition(lambda self: self._last_is_caller() and self.connections)
    @rule()
    def nobody_speaks(self) -> None:
        heard = text_of(self.connections[-1].items) or "One moment... "
        self._send(extra=Message.of("assistant", heard))

    @precondition(lambda self: any(c.is_open for c in self.connections))
    @rule(after_s=seconds, which=st.integers(0, 3))
    def connection_is_closed(self, after_s: float, which: int) -> None:
        still_open = [c for c in self.connections if c.is_open]
        self.loop.run(asyncio.sleep(after_s))
        self.loop.run(still_open[which % len(still_open)].close())

    @precondition(lambda self: any(c.is_open for c in self.connections))
    @rule(for_s=seconds)
    def time_passes(self, for_s: float) -> None:
        self.loop.run(asyncio.sleep(for_s))

    # -- what must hold ------------------------------------------------------------------------

    @invariant()
    def no_utterance_is_asked_twice(self) -> None:
        asked = [a.words for a in self.engine.agent.asked] if self.history else []

        assert len(asked) == len(set(asked))

    @invariant()
    def the_agent_is_never_asked_two_things_at_once(self) -> None:
        assert not self.history or len(self.engine.agent.open) <= 1

    @override
    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.loop.run(self._the_call_goes_on_to_its_end())
            assert self.loop.others() == set()
        self.loop.close()

    async def _the_call_goes_on_to_its_end(self) -> None:
        if self._last_is_caller():
            await self._the_final_utterance_is_not_lost()
        self.history.append(Message.of("user", self._words()))
        await self._the_final_utterance_is_not_lost()
        for connection in self.connections:
            await connection.close()
        await asyncio.sleep(LONGEST_S)

        assert self.engine.turns.live_runs == 0
        assert self.engine.agent.open == []
        self._over.set()
        await self._program

    async def _the_final_utterance_is_not_lost(self) -> None:
        patient = [self.engine.call(self.history), self.engine.call(self.history)]
        replies = [await connection.end() for connection in patient]

        assert [a.words for a in self.engine.agent.asked].count(self.history[-1].text) == 1
        assert replies[0] == replies[1]
        assert isinstance(replies[0][-1], End)
        assert text_of(replies[0], Origin.AGENT, Origin.BRIDGE)

    # -- parts ---------------------------------------------------------------------------------

    def _words(self) -> str:
        self.count += 1
        return f"utterance{self.count}"

    def _last_is_caller(self) -> bool:
        return bool(self.history) and self.history[-1].role == "user"

    def _send(
        self, pace: Script | None = None, *, times: int = 1, extra: Message | None = None
    ) -> None:
        self.engine.agent.always = pace or self.engine.agent.always
        messages = [*self.history, *([extra] if extra else [])]
        self.loop.run(self._open(messages, times))

    async def _open(self, messages: list[Message], times: int) -> None:
        self.connections += [self.engine.call(messages) for _ in range(times)]
        await asyncio.sleep(self.apart_s)


Platform.TestCase.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
TestEveryInterleaving = Platform.TestCase


class PlatformOverPatientLedger(Platform):
    """The same, over a ledger that takes its time."""

    ledger = Patient
    apart_s = 0.09


PlatformOverPatientLedger.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestEveryInterleavingOverPatientLedger = PlatformOverPatientLedger.TestCase


class PlatformOfCallersRungBack(Platform):
    """The same, with runs that go on behind the call.

    The first words after a promise aren't put to the agent: a caller who wants something says it
    again.
    """

    ring_backs = staticmethod(RingBacks)
    terms = Rules(deadline_s=2.5)

    @invariant()
    def each_promise_comes_to_one_end(self) -> None:
        if isinstance(rings := getattr(self, "rings", None), RingBacks):
            assert len(set(rings.settled)) == len(rings.settled)
            assert set(rings.settled) <= set(rings.promised)

    @override
    def teardown(self) -> None:
        super().teardown()
        if isinstance(rings := getattr(self, "rings", None), RingBacks):
            assert sorted(rings.settled) == sorted(rings.promised)
            heard = {c.run_id for c in self.connections if PROMISE in text_of(c.items)}
            assert heard <= set(rings.promised)
            never_said = {run for run, verdict in rings.taken_back if verdict == NEVER_SAID}
            assert not heard & never_said

    @override
    async def _the_final_utterance_is_not_lost(self) -> None:
        """What is answered here after a promise is said once more, and then it is put to it."""
        while True:
            first = self.engine.call(self.history)
            reply = text_of(await first.end())
            if first.kind != TurnClass.PROMISED:
                break
            self.history += [Message.of("assistant", reply), Message.of("user", self._words())]
        await super()._the_final_utterance_is_not_lost()


PlatformOfCallersRungBack.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
TestEveryInterleavingOfCallersRungBack = PlatformOfCallersRungBack.TestCase


class PlatformOfCallersRungBackOverPatientLedger(PlatformOfCallersRungBack):
    """Both."""

    ledger = Patient
    apart_s = 0.09


PlatformOfCallersRungBackOverPatientLedger.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestEveryInterleavingOfCallersRungBackOverPatientLedger = (
    PlatformOfCallersRungBackOverPatientLedger.TestCase
)
