"""The operator's schedules: calls at times.

| route | what |
| --- | --- |
| `GET /schedules` | all of them, and whether they rest |
| `POST /schedules` | makes one; `Idempotency-Key` makes it once, however often it is asked |
| `POST /schedules/pause`, `/schedules/resume` | all of them rest; they don't any more |
| `GET /schedules/{id}` | one, with its words |
| `DELETE /schedules/{id}` | removes it for good |
| `POST /schedules/{id}/pause`, `/resume` | it rests; it doesn't any more |
| `POST /schedules/{id}/run` | places its call now; answers as `POST /calls` |

Numbers are masked unless `reveal=true`. Nothing rings but by `calls/scheduler.py`, or by `run`.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.calls.entries import next_s, says
from bridge.calls.moments import LINE_CHARS
from bridge.calls.timetable import Foreseen, Timetable
from bridge.core.chat import render_error
from bridge.core.order import BRIEF_CHARS, MESSAGE_CHARS
from bridge.core.phone import parse_e164
from bridge.core.record import Mode
from bridge.core.schedule import Schedule
from bridge.core.schedule_entry import Book, Entry, render_entry
from bridge.core.session import check_key
from bridge.core.stated import ID_CHARS
from bridge.errors import NotAllowed, SettingsError
from bridge.web.bodies import parse_body
from bridge.web.call_query import parse_flag
from bridge.web.faults import REQUEST, SERVER
from bridge.web.orders import LANGUAGE, TO_CHARS, answer, read_key, render_verdict

AT_CHARS = 40
"""Longest text taken for a moment: with microseconds and an offset it has 32 characters."""

ZONE_CHARS = 64
"""Longest name of a time zone: the longest there is has 32 characters."""


class ScheduleOrder(BaseModel):
    """A schedule to be made: the body of `POST /schedules`."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    to: str = Field(
        min_length=1,
        max_length=TO_CHARS,
        description="Who is called, as an E.164 number.",
        examples=["+15550100"],
    )
    cron: str = Field(
        default="",
        max_length=LINE_CHARS,
        description="When: a cron line of five fields. Either this or `at`.",
        examples=["0 7 * * 1-5"],
    )
    at: str = Field(
        default="",
        max_length=AT_CHARS,
        description="When: one moment, in the zone unless it has an offset of its own.",
        examples=["2026-12-01T07:00"],
    )
    zone: str = Field(
        min_length=1,
        max_length=ZONE_CHARS,
        description="The time zone of either.",
        examples=["Europe/Berlin"],
    )
    message: str = Field(
        default="", max_length=MESSAGE_CHARS, description="What is said first; all, with `notify`."
    )
    brief: str = Field(
        default="",
        max_length=BRIEF_CHARS,
        description="What the call is for: told to the agent, never to the callee.",
    )
    mode: Mode = Field(default=Mode.CONVERSATION, description="Say one thing and hang up, or talk.")
    language: str = Field(default="", pattern=LANGUAGE, description="A language tag, as `de`.")
    session: str | None = Field(
        default=None,
        max_length=ID_CHARS,
        description="The agent's session to join; that of the callee when not given.",
    )
    dry_run: bool = Field(default=False, description="Only say what it means, and keep nothing.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.cron) == bool(self.at):
            raise ValueError("either 'cron' or 'at' must be given, and not both")
        if self.session is not None:
            check_key(self.session)
        return self

    def as_schedule(self, made_s: float, key: str | None = None) -> Schedule:
        """The schedule that it stands for. The number is as it was given: see `E164` later.

        Args:
            made_s: now, time of day.
            key: what it was asked for under: the same key has the same id.
        """
        return Schedule(
            id=_id(key),
            to=_plain(self.to),
            zone=self.zone,
            made_s=made_s,
            line=" ".join(self.cron.split()),
            at=self.at,
            mode=self.mode,
            message=self.message,
            brief=self.brief,
            language=self.language,
            session=self.session,
        )


def _id(key: str | None) -> str:
    if key is None:
        return f"sched_{secrets.token_hex(6)}"
    stated = json.dumps(["operator", key]).encode()
    return f"sched_{hashlib.sha256(stated).hexdigest()[:12]}"


def _plain(to: str) -> str:
    """The number in its plain form; what is none is left to the guard, which says why."""
    try:
        return parse_e164(to)
    except ValueError:
        return to


@dataclass(frozen=True, slots=True)
class ScheduleBook:
    """What the routes open on to."""

    timetable: Timetable

    async def page(self, request: Request) -> Response:
        """`GET /schedules`."""
        reveal = parse_flag(request.query_params, "reveal")
        book = await self.timetable.book()
        return JSONResponse(render_book(book, self.timetable.now_s, reveal=reveal))

    async def make(self, request: Request) -> Response:
        """`POST /schedules`."""
        asked = parse_body(await request.body(), ScheduleOrder)
        schedule = asked.as_schedule(self.timetable.now_s, read_key(request))
        if asked.dry_run:
            return JSONResponse(render_foreseen(await self.timetable.foresee(schedule)))
        try:
            added = await self.timetable.add(schedule)
        except NotAllowed as refused:
            return _refusal(refused)
        shown = render_one(added.entry, self.timetable.now_s)
        return JSONResponse({**shown, "is_new": added.is_new}, 201 if added.is_new else 200)

    async def one(self, request: Request) -> Response:
        """`GET /schedules/{id}`."""
        entry = await self.timetable.one(_named(request))
        reveal = parse_flag(request.query_params, "reveal")
        return JSONResponse(render_one(entry, self.timetable.now_s, reveal=reveal, words=True))

    async def remove(self, request: Request) -> Response:
        """`DELETE /schedules/{id}`."""
        await self.timetable.remove(_named(request))
        return JSONResponse({"removed": True})

    async def pause(self, request: Request) -> Response:
        """`POST /schedules/{id}/pause`."""
        entry = await self.timetable.pause(_named(request))
        return JSONResponse(render_one(entry, self.timetable.now_s))

    async def resume(self, request: Request) -> Response:
        """`POST /schedules/{id}/resume`."""
        entry = await self.timetable.resume(_named(request))
        return JSONResponse(render_one(entry, self.timetable.now_s))

    async def pause_all(self, _request: Request) -> Response:
        """`POST /schedules/pause`."""
        await self.timetable.pause_all()
        return JSONResponse({"paused": True})

    async def resume_all(self, _request: Request) -> Response:
        """`POST /schedules/resume`."""
        await self.timetable.resume_all()
        return JSONResponse({"paused": False})

    async def run(self, request: Request) -> Response:
        """`POST /schedules/{id}/run`."""
        key = read_key(request) or secrets.token_urlsafe(16)
        try:
            return answer(await self.timetable.run(_named(request), key))
        except SettingsError as error:
            text = f"{error.message}. {error.hint}"
            return JSONResponse(render_error(text, SERVER, code=error.code), 503)


def routes(book: ScheduleBook) -> list[Route]:
    """The routes, those with fixed names before those with an id."""
    return [
        Route("/schedules", book.page),
        Route("/schedules", book.make, methods=["POST"]),
        Route("/schedules/pause", book.pause_all, methods=["POST"]),
        Route("/schedules/resume", book.resume_all, methods=["POST"]),
        Route("/schedules/{id}", book.one),
        Route("/schedules/{id}", book.remove, methods=["DELETE"]),
        Route("/schedules/{id}/pause", book.pause, methods=["POST"]),
        Route("/schedules/{id}/resume", book.resume, methods=["POST"]),
        Route("/schedules/{id}/run", book.run, methods=["POST"]),
    ]


def render_book(book: Book, now_s: float, *, reveal: bool = False) -> dict[str, Any]:
    """All schedules as JSON, without words."""
    return {
        "paused": book.paused_s is not None,
        "paused_s": book.paused_s,
        "schedules": [render_one(entry, now_s, reveal=reveal) for entry in book.entries],
    }


def render_one(
    entry: Entry, now_s: float, *, reveal: bool = False, words: bool = False
) -> dict[str, Any]:
    """One as JSON.

    Args:
        words: with message and brief.
    """
    schedule = entry.schedule
    shown = render_entry(entry, says=says(schedule), next_s=next_s(entry, now_s), reveal=reveal)
    return {**shown, "message": schedule.message, "brief": schedule.brief} if words else shown


def render_foreseen(foreseen: Foreseen) -> dict[str, Any]:
    """What a schedule would mean, as JSON."""
    refusal, closed = foreseen.refusal, foreseen.closed
    return {
        "says": foreseen.says,
        "note": foreseen.note,
        "next_s": list(foreseen.moments_s),
        "allowed": refusal is None,
        "rule": None if refusal is None else refusal.rule,
        "why": "" if refusal is None else refusal.why,
        "outside_hours": "" if closed is None else closed.why,
        **_guard(foreseen),
    }


def _guard(foreseen: Foreseen) -> Mapping[str, Any]:
    shown = render_verdict(foreseen.verdict)
    return {name: shown[name] for name in ("rules", "estimate")}


def _refusal(refused: NotAllowed) -> Response:
    text = f"{refused.message} {refused.hint}".rstrip()
    error = {**render_error(text, REQUEST)["error"], "code": refused.code, "rule": refused.rule}
    return JSONResponse({"error": error}, 403)


def _named(request: Request) -> str:
    return str(request.path_params["id"])
