"""The operator's calls: listed, searched, read, erased, watched.

| route | what |
| --- | --- |
| `GET /calls` | a page of calls, the latest first; filters as query parameters |
| `GET /calls/search` | turns in which all words of `q` were said |
| `GET /calls/{id}` | one call with what is known of it |
| `GET /calls/{id}/transcript` | its turns, with their words |
| `DELETE /calls/{id}` | erases it for good |
| `GET /events` | what happens, live, as server-sent events; words with `words=true` |

Numbers are masked unless `reveal=true`: the operator's token opens both.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
from sse_starlette.sse import EventSourceResponse
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from bridge.calls.feed import Feed
from bridge.core.call_export import render_call, render_turn, render_words
from bridge.core.chat import dump
from bridge.core.identity import Direction
from bridge.core.phone import parse_e164
from bridge.core.record import CallRecord, Outcome
from bridge.errors import BadRequest, OverLimit
from bridge.ports.records import MAX_PAGE, PAGE, Filter, Records
from bridge.web.doors import Gate

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
    feed: Feed
    discard: Discard
    gate: Gate

    async def page(self, request: Request) -> Response:
        """`GET /calls`."""
        query = request.query_params
        page = await self.records.calls(
            parse_filter(query),
            limit=_count(query, "limit", PAGE),
            cursor=query.get("cursor", ""),
        )
        reveal = _flag(query, "reveal")
        return JSONResponse(
            {
                "calls": [render_call(call, reveal=reveal) for call in page.calls],
                "next": page.next or None,
            }
        )

    async def search(self, request: Request) -> Response:
        """`GET /calls/search`."""
        query = request.query_params
        hits = await self.records.search(query.get("q", ""), limit=_count(query, "limit", PAGE))
        reveal = _flag(query, "reveal")
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
                **render_call(call, reveal=_flag(request.query_params, "reveal")),
                **render_words(call),
            }
        )

    async def transcript(self, request: Request) -> Response:
        """`GET /calls/{id}/transcript`."""
        call = await self._call(request)
        turns = await self.records.turns(call.id)
        return JSONResponse({"call": call.id, "turns": [render_turn(turn) for turn in turns]})

    async def erase(self, request: Request) -> Response:
        """`DELETE /calls/{id}`: the whole id, so that nobody erases by a slip."""
        gone = await self.records.erase(request.path_params["id"])
        if not gone.calls:
            raise HTTPException(404)
        self.discard(gone.recordings)
        return JSONResponse({"erased": {"calls": gone.calls, "turns": gone.turns}})

    async def events(self, request: Request) -> Response:
        """`GET /events`."""
        if self.feed.is_full:
            raise OverLimit("Too many watch already.", retry_after_s=PING_S)
        words = _flag(request.query_params, "words")
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
        call = await self.records.call(request.path_params["id"])
        if call is None:
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
        Route("/calls/{id}", book.erase, methods=["DELETE"]),
        Route("/calls/{id}/transcript", book.transcript),
        Route("/events", book.events),
    ]


def parse_filter(query: QueryParams) -> Filter:
    """The filter in a query.

    Raises:
        BadRequest: a value can't be; it is never repeated.
    """
    outcome, direction = query.get("outcome"), query.get("direction")
    if outcome is not None and outcome not in set(Outcome):
        raise BadRequest(f"'outcome' must be one of {', '.join(Outcome)}.", param="outcome")
    which: Direction | None = None
    if direction is not None:
        if direction not in ("inbound", "outbound"):
            raise BadRequest("'direction' must be inbound or outbound.", param="direction")
        which = "inbound" if direction == "inbound" else "outbound"
    return Filter(
        direction=which,
        outcome=None if outcome is None else Outcome(outcome),
        since_s=_moment(query, "since"),
        until_s=_moment(query, "until"),
        remote=_number(query.get("remote")),
        owner=query.get("owner"),
        live=_flag(query, "live"),
    )


def _number(text: str | None) -> Any:  # noqa: ANN401 - a number or nothing
    if text is None:
        return None
    try:
        return parse_e164(text if text.startswith("+") else f"+{text.strip()}")
    except ValueError as error:
        raise BadRequest(f"'remote' can't be used: it is {error}.", param="remote") from None


def _moment(query: QueryParams, name: str) -> float | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        at_s = float(text)
    except ValueError:
        at_s = float("nan")
    if not abs(at_s) < float("inf"):
        raise BadRequest(f"{name!r} must be seconds since 1970.", param=name)
    return at_s


def _count(query: QueryParams, name: str, otherwise: int) -> int:
    text = query.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE):
        raise BadRequest(f"{name!r} must be 1 to {MAX_PAGE}.", param=name)
    return int(text)


def _flag(query: QueryParams, name: str) -> bool:
    text = query.get(name, "false").lower()
    if text not in ("true", "false", "1", "0", ""):
        raise BadRequest(f"{name!r} must be true or false.", param=name)
    return text in ("true", "1")
