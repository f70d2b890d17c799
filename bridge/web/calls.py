"""Calls on record: listed, searched, read, ended, erased, watched.

| route | what |
| --- | --- |
| `GET /calls` | a page of calls, the latest first; filters as query parameters |
| `GET /calls/search` | turns in which all words of `q` were said |
| `GET /calls/{id}` | one call with what is known of it |
| `GET /calls/{id}/transcript` | its turns, with their words |
| `DELETE /calls/{id}` | ends it: 202 with when that will be, 200 when it is over |
| `DELETE /calls/{id}?erase=true` | erases it for good; 409 before it is over |
| `GET /events` | what happens, live, as server-sent events; words with `words=true` |

Numbers are masked unless `reveal=true`: the operator's token opens both. An agent meets the calls
that it placed and no others, by their whole ids and with whole numbers: another's is a 404, as is
one that doesn't exist. It may end its calls, and erases none.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

import anyio
from sse_starlette.sse import EventSourceResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from bridge.calls.endings import Endings
from bridge.calls.erasing import erase
from bridge.calls.errands import as_our_id
from bridge.calls.feed import Feed
from bridge.core.call_export import ending_note, render_call, render_turn, render_words
from bridge.core.chat import dump
from bridge.core.order import AGENT, OPERATOR
from bridge.core.record import CallRecord
from bridge.errors import NotAllowed, OverLimit
from bridge.ports.records import PAGE, Records
from bridge.web.call_query import parse_count, parse_filter, parse_flag
from bridge.web.doors import Gate, is_agent

PING_S = 15
"""How often a stream without news shows that it is alive: proxies close silent ones after 30 to 60
seconds."""

LOOK_EVERY_S = 1.0
"""How often a stream without news looks whether we are stopping: it must not hold that up."""

SEND_WITHIN_S = 30.0
"""How long a watcher may take to accept an event."""

Discard = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class CallBook:
    """What the routes open on to.

    Attributes:
        discard: deletes files of sound, by name.
        gate: tells whether we are stopping.
    """

    records: Records
    endings: Endings
    feed: Feed
    discard: Discard
    gate: Gate

    async def page(self, request: Request) -> Response:
        """`GET /calls`."""
        query, wanted = request.query_params, parse_filter(request.query_params)
        if is_agent(request.scope):
            wanted = replace(wanted, owner=AGENT)
        page = await self.records.calls(
            wanted,
            limit=parse_count(query, "limit", PAGE),
            cursor=query.get("cursor", ""),
        )
        reveal = _reveals(request)
        return JSONResponse(
            {
                "calls": [render_call(call, reveal=reveal) for call in page.calls],
                "next": page.next or None,
            }
        )

    async def search(self, request: Request) -> Response:
        """`GET /calls/search`."""
        query = request.query_params
        hits = await self.records.search(
            query.get("q", ""), limit=parse_count(query, "limit", PAGE)
        )
        reveal = parse_flag(query, "reveal")
        return JSONResponse(
            {
                "hits": [
                    {"call": render_call(hit.call, reveal=reveal), "turn": render_turn(hit.turn)}
                    for hit in hits
                ]
            }
        )

    async def one(self, request: Request) -> Response:
        """`GET /calls/{id}`."""
        call = await self._call(request)
        return JSONResponse(
            {
                **render_call(call, reveal=_reveals(request)),
                **render_words(call),
            }
        )

    async def transcript(self, request: Request) -> Response:
        """`GET /calls/{id}/transcript`."""
        call = await self._call(request)
        turns = await self.records.turns(call.id)
        return JSONResponse({"call": call.id, "turns": [render_turn(turn) for turn in turns]})

    async def end(self, request: Request) -> Response:
        """`DELETE /calls/{id}`: the whole id, so that nobody ends or erases another by a slip."""
        by, call_id = OPERATOR, request.path_params["id"]
        erases = parse_flag(request.query_params, "erase")
        if is_agent(request.scope):
            by, call_id = AGENT, (await self._call(request)).id
            if erases:
                raise NotAllowed("Agents erase no calls.", rule="agents_erase")
        if erases:
            return await self._erase(call_id)
        call = await self.endings.end(call_id, by=by)
        if call is None:
            raise HTTPException(404)
        told = {**render_call(call, reveal=_reveals(request)), "note": ending_note(call)}
        return JSONResponse(told, 202 if call.is_live else 200)

    async def _erase(self, call_id: str) -> Response:
        gone = await erase(self.records, self.discard, call_id)
        if not gone.calls:
            raise HTTPException(404)
        return JSONResponse({"erased": {"calls": gone.calls, "turns": gone.turns}})

    async def events(self, request: Request) -> Response:
        """`GET /events`."""
        if self.feed.is_full:
            raise OverLimit("Too many watch already.", retry_after_s=PING_S)
        words = parse_flag(request.query_params, "words")
        return _Events(self._events(words=words), ping=PING_S, send_timeout=SEND_WITHIN_S, sep="\n")

    async def _events(self, *, words: bool) -> AsyncIterator[bytes]:
        with self.feed.watching() as watch:
            yield b": watching\n\n"
            while not self.gate.draining:
                with anyio.move_on_after(LOOK_EVERY_S):
                    await watch.wait()
                for happening in watch.take():
                    yield f"data: {dump(happening.render(words=words))}\n\n".encode()

    async def _call(self, request: Request) -> CallRecord:
        call_id, is_theirs = request.path_params["id"], is_agent(request.scope)
        if is_theirs and as_our_id(call_id) is None:  # a beginning would tell of others' calls
            raise HTTPException(404)
        call = await self.records.call(call_id)
        if call is None or (is_theirs and call.owner != AGENT):
            raise HTTPException(404)
        return call


class _Events(EventSourceResponse):
    """Ready-made events. Our own drain ends them; see `web/chat.py`."""

    @override
    async def _listen_for_exit_signal_with_grace(self) -> None:
        await anyio.sleep_forever()


def routes(book: CallBook) -> list[Route]:
    """The routes, those with fixed names before those with an id."""
    return [
        Route("/calls", book.page),
        Route("/calls/search", book.search),
        Route("/calls/{id}", book.one),
        Route("/calls/{id}", book.end, methods=["DELETE"]),
        Route("/calls/{id}/transcript", book.transcript),
        Route("/events", book.events),
    ]


def _reveals(request: Request) -> bool:
    """Whether numbers are shown whole: when that is asked for, and to an agent those it called."""
    return is_agent(request.scope) or parse_flag(request.query_params, "reveal")
