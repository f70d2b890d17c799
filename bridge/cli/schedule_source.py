"""Who keeps schedules for a command: the server that runs here, or the command by itself.

Both keep them in the same store, by the same rules, and answer the JSON of `web/schedules.py`. What
is due is placed by a server alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
from pydantic_core import from_json
from starlette.responses import Response

from bridge.calls.aftermath import Aftermath
from bridge.calls.timetable import Timetable
from bridge.cli.order_source import PATIENCE, Told, ask, raise_for
from bridge.cli.running import Server, json_object, no_answer, server_at
from bridge.settings import Settings
from bridge.settings.records import database_path
from bridge.web.orders import KEY_HEADER, answer
from bridge.web.schedules import (
    ScheduleOrder,
    render_book,
    render_foreseen,
    render_one,
)
from bridge.wiring.bookkeeping import open_bookkeeping
from bridge.wiring.calling import aftermath, calling
from bridge.wiring.scheduling import timetable

Json = dict[str, Any]
T = TypeVar("T")


class ScheduleSource(Protocol):
    """Schedules, as JSON. Errors as in `bridge.errors`."""

    @property
    def rings(self) -> bool:
        """Whether a server runs that will place what is due."""

    def foresee(self, order: ScheduleOrder) -> Json:
        """What it would mean."""

    def add(self, order: ScheduleOrder, key: str) -> Json:
        """Makes it, once for each key."""

    def book(self, *, reveal: bool) -> Json:
        """All of them."""

    def one(self, schedule_id: str, *, reveal: bool) -> Json:
        """One, with its words."""

    def pause(self, schedule_id: str | None) -> Json:
        """One rests, or all."""

    def resume(self, schedule_id: str | None) -> Json:
        """One rests no more, or all."""

    def remove(self, schedule_id: str) -> Json:
        """Deletes one."""

    def run(self, schedule_id: str, key: str) -> Told:
        """Places its call now. Raises `CallFailed` besides."""


def schedule_source(settings: Settings, url: str | None) -> ScheduleSource:
    """The server where the settings or `--url` say, if one answers; else the command itself."""
    if url is None and settings.server.port == 0:
        return Here(settings)
    server = server_at(url, settings)
    if url is None and not server.answers():
        return Here(settings)
    return ThroughServer(server, settings)


class ThroughServer:
    """Asks a server for it."""

    rings = True

    def __init__(self, server: Server, settings: Settings) -> None:
        self._server = server
        self._settings = settings

    def foresee(self, order: ScheduleOrder) -> Json:
        """See `ScheduleSource.foresee`."""
        return self._ask("POST", "", {**_body(order), "dry_run": True})

    def add(self, order: ScheduleOrder, key: str) -> Json:
        """See `ScheduleSource.add`."""
        return self._ask("POST", "", _body(order), key)

    def book(self, *, reveal: bool) -> Json:
        """See `ScheduleSource.book`."""
        return self._ask("GET", "?reveal=true" if reveal else "")

    def one(self, schedule_id: str, *, reveal: bool) -> Json:
        """See `ScheduleSource.one`."""
        return self._ask("GET", f"/{_quoted(schedule_id)}{'?reveal=true' if reveal else ''}")

    def pause(self, schedule_id: str | None) -> Json:
        """See `ScheduleSource.pause`."""
        return self._ask("POST", f"{_which(schedule_id)}/pause")

    def resume(self, schedule_id: str | None) -> Json:
        """See `ScheduleSource.resume`."""
        return self._ask("POST", f"{_which(schedule_id)}/resume")

    def remove(self, schedule_id: str) -> Json:
        """See `ScheduleSource.remove`."""
        return self._ask("DELETE", f"/{_quoted(schedule_id)}")

    def run(self, schedule_id: str, key: str) -> Told:
        """See `ScheduleSource.run`."""
        response = self._response("POST", f"/{_quoted(schedule_id)}/run", None, key)
        return Told(dict(json_object(response)), response.status_code != httpx.codes.ACCEPTED)

    def _ask(self, method: str, path: str, body: Json | None = None, key: str = "") -> Json:
        return dict(json_object(self._response(method, path, body, key)))

    def _response(self, method: str, path: str, body: Json | None, key: str) -> httpx.Response:
        """Asked once more when no answer came to what has a key: the key makes it safe."""
        path, headers = f"/schedules{path}", {KEY_HEADER: key} if key else None
        try:
            return ask(self._server, self._settings, method, path, body, headers)
        except httpx.HTTPError as error:
            if not key:
                raise no_answer(self._server, "/schedules", error) from None
        try:
            return ask(self._server, self._settings, method, path, body, headers)
        except httpx.HTTPError as error:
            raise no_answer(self._server, "/schedules", error) from None


def _body(order: ScheduleOrder) -> Json:
    return order.model_dump(mode="json", exclude={"dry_run"}, exclude_defaults=True)


def _which(schedule_id: str | None) -> str:
    return "" if schedule_id is None else f"/{_quoted(schedule_id)}"


def _quoted(schedule_id: str) -> str:
    return quote(schedule_id, safe="")


class Here:
    """Keeps them in this process, where no server runs."""

    rings = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def foresee(self, order: ScheduleOrder) -> Json:
        """See `ScheduleSource.foresee`."""

        async def foreseen(times: Timetable) -> Json:
            return render_foreseen(await times.foresee(order.as_schedule(times.now_s)))

        return self._with(foreseen)

    def add(self, order: ScheduleOrder, key: str) -> Json:
        """See `ScheduleSource.add`."""

        async def added(times: Timetable) -> Json:
            done = await times.add(order.as_schedule(times.now_s, key))
            return {**render_one(done.entry, times.now_s), "is_new": done.is_new}

        return self._with(added)

    def book(self, *, reveal: bool) -> Json:
        """See `ScheduleSource.book`. A store that isn't there is not made."""

        async def read(times: Timetable) -> Json:
            return render_book(await times.book(), times.now_s, reveal=reveal)

        if not database_path(self._settings.store.url).exists():
            return {"paused": False, "paused_s": None, "schedules": []}
        return self._with(read)

    def one(self, schedule_id: str, *, reveal: bool) -> Json:
        """See `ScheduleSource.one`."""

        async def read(times: Timetable) -> Json:
            entry = await times.one(schedule_id)
            return render_one(entry, times.now_s, reveal=reveal, words=True)

        return self._with(read)

    def pause(self, schedule_id: str | None) -> Json:
        """See `ScheduleSource.pause`."""

        async def paused(times: Timetable) -> Json:
            if schedule_id is None:
                await times.pause_all()
                return {"paused": True}
            return render_one(await times.pause(schedule_id), times.now_s)

        return self._with(paused)

    def resume(self, schedule_id: str | None) -> Json:
        """See `ScheduleSource.resume`."""

        async def resumed(times: Timetable) -> Json:
            if schedule_id is None:
                await times.resume_all()
                return {"paused": False}
            return render_one(await times.resume(schedule_id), times.now_s)

        return self._with(resumed)

    def remove(self, schedule_id: str) -> Json:
        """See `ScheduleSource.remove`."""

        async def removed(times: Timetable) -> Json:
            await times.remove(schedule_id)
            return {"removed": True}

        return self._with(removed)

    def run(self, schedule_id: str, key: str) -> Told:
        """See `ScheduleSource.run`."""

        async def ran() -> Response:
            async with self._opened() as (times, follows):
                done = await times.run(schedule_id, key)
                if done.error is not None and done.error.asked:
                    await follows.look()  # perhaps the platform tells now
                return answer(done)

        response = asyncio.run(ran())
        told = dict(from_json(bytes(response.body)))
        raise_for(response.status_code, told)
        return Told(told, response.status_code != httpx.codes.ACCEPTED)

    def _with(self, act: Callable[[Timetable], Awaitable[T]]) -> T:
        async def done() -> T:
            async with self._opened() as (times, _follows):
                return await act(times)

        return asyncio.run(done())

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[Timetable, Aftermath]]:
        async with open_bookkeeping(self._settings) as keeps:
            out = calling(self._settings, keeps.records, keeps.feed)
            times = timetable(self._settings, keeps, out.outbound)
            yield times, aftermath(out, keeps, PATIENCE)
