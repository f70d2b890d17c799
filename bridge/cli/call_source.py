"""Where `bridge calls` and `bridge latency` read: the database itself, or a server elsewhere.

Both give the JSON of `bridge/web/calls.py`, so that what is printed doesn't depend on it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from bridge.cli.running import Server, ask_operator
from bridge.core.call_export import render_call, render_turn, render_words
from bridge.core.latency import waterfall
from bridge.errors import BadRequest
from bridge.ports.records import Records
from bridge.settings import Settings
from bridge.settings.records import database_path
from bridge.web.calls import parse_filter
from bridge.web.operator import TURNS_KEPT
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
        wanted = parse_filter(QueryParams(dict(query)))
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
                raise BadRequest("There is no call of that id.", param="id")
            turns = [render_turn(turn) for turn in await records.turns(call.id)]
            return {**render_call(call, reveal=reveal), **render_words(call), "turns": turns}

        nothing: Json = {}
        found = self._read(read, nothing)
        if not found:
            raise BadRequest("No call was recorded yet.", param="id")
        return found

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
    """Asks a server for it."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._settings = settings

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
        place = f"/calls/{quote(call_id, safe='')}"
        call = self._ask(f"{place}?reveal={_told(reveal)}")
        turns = self._ask(f"{place}/transcript").get("turns", [])
        return {**call, "turns": turns}

    def _ask(self, path: str) -> Json:
        return dict(ask_operator(self._server, path, self._settings))


def _told(flag: bool) -> str:
    return "true" if flag else "false"
