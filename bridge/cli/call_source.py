"""Where `bridge calls` and `bridge latency` read: the database itself, or a server elsewhere.

Both give the JSON of `bridge/web/calls.py`, so that what is printed doesn't depend on it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

import httpx

from bridge.cli.running import OPERATOR_TOKEN, Server, ask
from bridge.core.call_export import ending_note, render_call, render_turn, render_words
from bridge.core.latency import TURNS_KEPT, waterfall
from bridge.core.order import OPERATOR
from bridge.errors import BadRequest, VendorError
from bridge.ports.records import Records
from bridge.settings import Settings
from bridge.settings.records import database_path
from bridge.web.call_query import parse_filter
from bridge.wiring.adapters import open_records

Json = dict[str, Any]
Query = Mapping[str, str]
T = TypeVar("T")


class CallSource(Protocol):
    """Calls, as JSON."""

    def page(self, query: Query, limit: int, cursor: str = "") -> Json:
        """`{"calls": […], "next": …}`: as `GET /calls`."""

    def search(self, text: str, limit: int, *, reveal: bool) -> Json:
        """`{"hits": [{"call", "turn"}]}`."""

    def one(self, call_id: str, *, reveal: bool) -> Json:
        """A call with its `turns`. Raises `BadRequest` when there is none."""

    def end(self, call_id: str) -> Json:
        """Has a call ended, by its whole id: as `DELETE /calls/{id}`. Raises as `one`."""

    def erase(self, call_id: str) -> Json:
        """Erases a call: as `DELETE /calls/{id}?erase=true`. `BadRequest` before it is over."""


class FromDatabase:
    """Reads the file that `store.url` names, also while a server writes it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def is_there(self) -> bool:
        """Whether anything was ever recorded."""
        return database_path(self._settings.store.url).exists()

    def page(self, query: Query, limit: int, cursor: str = "") -> Json:
        """See `CallSource.page`."""
        wanted = parse_filter(query)
        reveal = query.get("reveal") == "true"

        async def read(records: Records) -> Json:
            page = await records.calls(wanted, limit=limit, cursor=cursor)
            calls = [render_call(call, reveal=reveal) for call in page.calls]
            return {"calls": calls, "next": page.next or None}

        return self._read(read, {"calls": [], "next": None})

    def search(self, text: str, limit: int, *, reveal: bool) -> Json:
        """See `CallSource.search`."""

        async def read(records: Records) -> Json:
            hits = [
                {"call": render_call(hit.call, reveal=reveal), "turn": render_turn(hit.turn)}
                for hit in await records.search(text, limit=limit)
            ]
            return {"hits": hits}

        return self._read(read, {"hits": []})

    def one(self, call_id: str, *, reveal: bool) -> Json:
        """See `CallSource.one`."""

        async def read(records: Records) -> Json:
            call = await records.call(call_id)
            if call is None:
                raise _no_such_call()
            turns = [render_turn(turn) for turn in await records.turns(call.id)]
            return {**render_call(call, reveal=reveal), **render_words(call), "turns": turns}

        nothing: Json = {}
        found = self._read(read, nothing)
        if not found:
            raise BadRequest("No call was recorded yet.", param="id")
        return found

    def end(self, call_id: str) -> Json:
        """See `CallSource.end`. A server that works with these records learns of it in time."""
        from bridge.calls.feed import Feed
        from bridge.wiring.calling import calling

        async def ended(records: Records) -> Json:
            endings = calling(self._settings, records, Feed()).endings
            call = await endings.end(call_id, by=OPERATOR)
            if call is None:
                raise _no_such_call()
            return {**render_call(call), "note": ending_note(call)}

        return self._read(ended, {})

    def erase(self, call_id: str) -> Json:
        """See `CallSource.erase`."""
        from bridge.calls.erasing import erase
        from bridge.wiring.bookkeeping import recordings

        discard = recordings(self._settings).discard

        async def erased(records: Records) -> Json:
            gone = await erase(records, discard, call_id)
            if not gone.calls:
                raise _no_such_call()
            return {"erased": {"calls": gone.calls, "turns": gone.turns}}

        return self._read(erased, {})

    def latency(self) -> Json:
        """As `GET /latency`."""

        async def read(records: Records) -> Json:
            stages = await records.stages(TURNS_KEPT)
            return {"turns": len(stages), "stages_s": waterfall(stages)}

        return self._read(read, {"turns": 0, "stages_s": {}})

    def _read(self, read: Callable[[Records], Awaitable[T]], otherwise: T) -> T:
        """What is read; `otherwise` while there is no file, which reading must not make."""
        if not self.is_there:
            return otherwise

        async def opened() -> T:
            async with open_records(self._settings) as records:
                return await read(records)

        return asyncio.run(opened())


class FromServer:
    """Asks a server for it.

    Args:
        token: the setting in `server.` that holds the token to be sent.
    """

    def __init__(self, server: Server, settings: Settings, token: str = OPERATOR_TOKEN) -> None:
        self._server = server
        self._settings = settings
        self._token = token

    def page(self, query: Query, limit: int, cursor: str = "") -> Json:
        """See `CallSource.page`."""
        more = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        return self._ask(f"/calls?{urlencode({**query, **more})}")

    def search(self, text: str, limit: int, *, reveal: bool) -> Json:
        """See `CallSource.search`."""
        query = {"q": text, "limit": str(limit), "reveal": _told(reveal)}
        return self._ask(f"/calls/search?{urlencode(query)}")

    def one(self, call_id: str, *, reveal: bool) -> Json:
        """See `CallSource.one`."""
        place = _place(call_id)
        call = self._ask(f"{place}?reveal={_told(reveal)}")
        turns = self._ask(f"{place}/transcript").get("turns", [])
        return {**call, "turns": turns}

    def end(self, call_id: str) -> Json:
        """See `CallSource.end`."""
        return self._ask(_place(call_id), "DELETE")

    def erase(self, call_id: str) -> Json:
        """See `CallSource.erase`."""
        return self._ask(f"{_place(call_id)}?erase=true", "DELETE")

    def _ask(self, path: str, method: str = "GET") -> Json:
        try:
            found = ask(self._server, path, self._settings, method=method, token=self._token)
        except VendorError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            raise BadRequest(error.message, status=error.status) from None
        return dict(found)


def _place(call_id: str) -> str:
    return f"/calls/{quote(call_id, safe='')}"


def _no_such_call() -> BadRequest:
    return BadRequest("There is no call of that id.", param="id")


def _told(flag: bool) -> str:
    return "true" if flag else "false"
