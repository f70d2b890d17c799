"""The platform asks bridge, as impatiently as it does: deadlines, retries, twins, second thoughts.

    ask ─▶ attempt ─┬─ words in time ──▶ a reply
              ▲     └─ late or broken ─▶ closed, and the same body again, `attempts` times in all
              └──────────────────────────────┘

A request is taken back by closing its connection, and in no other way.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Literal, assert_never

import anyio
import httpx

from bridge.rehearsal.performance import Answered, Broke, FirstWords, Requested, Why, Withdrawn
from bridge.rehearsal.platform.request import Question
from bridge.rehearsal.platform.stream import Called, Done, Finished, Part, StreamReader, Words
from bridge.rehearsal.platform.surroundings import Surroundings
from bridge.rehearsal.system_tools import ToolUse
from bridge.rehearsal.tape import DIGITS

RETRY_PAUSE_S = 1.0
"""Before it asks again when an attempt came to nothing at once: a server that is being restarted
is back by the third. Nobody has measured the real one's; see the retries of any HTTP client."""

Because = Literal["late", "revised", "barge_in", "hang_up", "over"]
Hear = Callable[[str], None]

_ANSWERED_BYTES = 300
"""Of an answer that is an error: as much as says what it is."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform takes for a reply. `is_whole`: its stream came to its end."""

    text: str
    uses: Sequence[ToolUse] = ()
    is_whole: bool = True


class _Failure(Enum):
    """Why a request came to nothing."""

    LATE = "late"
    AT_ONCE = "at once"


@dataclass(slots=True)
class _Request:
    """A request that is open."""

    number: int
    scope: anyio.CancelScope
    reader: StreamReader = field(default_factory=StreamReader)
    is_withdrawn: bool = False
    has_words: bool = False
    words_s: float = 0.0
    longest_gap_s: float = 0.0

    def note_words(self, at_s: float) -> None:
        """More of its words came."""
        if self.has_words:
            self.longest_gap_s = max(self.longest_gap_s, at_s - self.words_s)
            self.words_s = at_s


class Asking:
    """The requests of one call.

    Args:
        url: where to ask, now.
        headers: what each request carries.
    """

    def __init__(
        self, around: Surroundings, url: Callable[[], str], headers: Callable[[], dict[str, str]]
    ) -> None:
        self._around = around
        self._url = url
        self._headers = headers
        self._open: list[_Request] = []

    async def ask(self, question: Question, hear: Hear) -> Reply | None:
        """A reply; its words as they come go to `hear`. `None` when every attempt failed."""
        manners = self._around.manners
        for attempt in range(1, manners.attempts + 1):
            async with anyio.create_task_group() as twins:
                if manners.twice:
                    twins.start_soon(self._once, question, Why.TWIN, attempt)
                why = question.why if attempt == 1 else Why.RETRY
                reply = await self._once(question, why, attempt, hear)
                if isinstance(reply, _Failure):
                    self.withdraw("late")
            if isinstance(reply, Reply):
                return reply
            if attempt < manners.attempts and reply is _Failure.AT_ONCE:
                await self._around.waiting.pause(RETRY_PAUSE_S)
        return None

    async def early(self, question: Question) -> None:
        """Asks with a transcript that will still change. Nothing of the reply is spoken."""
        await self._once(question, Why.EARLY, 1)

    def withdraw(self, because: Because) -> None:
        """Takes back what is open."""
        for request in self._open:
            request.is_withdrawn = True
            self._around.tape.add(Withdrawn(self._around.at_s, request.number, because))
            request.scope.cancel()
        self._open.clear()

    async def _once(
        self, question: Question, why: Why, attempt: int, hear: Hear | None = None
    ) -> Reply | _Failure:
        """One request, and what the platform makes of it."""
        around, manners = self._around, self._around.manners
        is_last = attempt == manners.attempts
        patience_s = manners.retry_after_s if manners.impatient else manners.first_token_s
        with anyio.CancelScope() as scope:
            request = _Request(next(around.numbers), scope)
            self._open.append(request)
            scope.deadline = anyio.current_time() + (
                manners.first_token_s if is_last else patience_s
            )
            stated = (question.line, why, attempt, question.utterance)
            around.tape.add(Requested(around.at_s, request.number, *stated))
            try:
                await self._read(request, question, hear)
            except httpx.HTTPError as error:
                self._broke(request, 0, type(error).__name__)
        is_late = scope.cancelled_caught and not request.is_withdrawn
        if is_late:
            around.tape.add(Withdrawn(around.at_s, request.number, "late"))
        if request in self._open:
            self._open.remove(request)
        return _Failure.LATE if is_late else _taken(request.reader, question)

    async def _read(self, request: _Request, question: Question, hear: Hear | None) -> None:
        body = json.dumps(question.body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", **self._headers()}
        url = self._around.stage.reach(self._url())
        async with self._around.http.stream("POST", url, content=body, headers=headers) as answer:
            if answer.status_code != HTTPStatus.OK:
                told = (await answer.aread())[:_ANSWERED_BYTES].decode(errors="replace")
                self._broke(request, answer.status_code, told)
                return
            request.reader.begin(answer.headers)
            async for data in answer.aiter_bytes():
                for part in request.reader.feed(data):
                    self._take(request, part, hear)
        request.reader.end()
        if not request.reader.is_done:
            self._broke(request, 0, "the stream ended early")
            return
        self._complain(request)

    def _take(self, request: _Request, part: Part, hear: Hear | None) -> None:
        match part:
            case Words():
                if not request.has_words and part.text.strip():
                    request.has_words = True
                    request.scope.deadline = float("inf")
                    first = FirstWords(self._around.at_s, request.number, part.text)
                    self._around.tape.add(first)
                    request.words_s = self._around.at_s
                request.note_words(self._around.at_s)
                if hear is not None:
                    hear(part.text)
            case Done():
                reader, at_s = request.reader, self._around.at_s
                said, gap_s = (reader.finish, reader.text), round(request.longest_gap_s, DIGITS)
                self._around.tape.add(Answered(at_s, request.number, *said, gap_s))
            case Called() | Finished():
                pass
            case _ as never:
                assert_never(never)

    def _broke(self, request: _Request, status: int, detail: str) -> None:
        self._around.tape.add(Broke(self._around.at_s, request.number, status, detail))
        self._complain(request)

    def _complain(self, request: _Request) -> None:
        for problem in request.reader.problems:
            self._around.tape.problems.append(f"Request {request.number}: {problem}")


def _taken(reader: StreamReader, question: Question) -> Reply | _Failure:
    """What the platform makes of what came. An empty end is a reply to results of tools alone."""
    reply = Reply(reader.text, tuple(reader.uses), reader.is_done)
    is_enough = reply.text.strip() or reply.uses or (question.tells_results and reader.is_done)
    return reply if is_enough else _Failure.AT_ONCE
