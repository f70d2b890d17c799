"""The schedules' part of `GET /openapi.json`."""

from bridge.core.outbound_rules import RULES
from bridge.core.record import Mode
from bridge.core.schedule_entry import What
from bridge.web.openapi_parts import (
    FLAG,
    ID,
    KEY,
    MAYBE,
    MAYBE_ESTIMATE,
    MAYBE_NUMBER,
    NUMBER,
    REVEAL,
    TEXT,
    VERDICT_RULES,
    Json,
    act,
    list_of,
    object_of,
    ref,
)
from bridge.web.schedules import ScheduleOrder

STATES = ("waiting", "calling", "trying again", "paused", "done")
"""What `bridge.core.schedule_entry.render_entry` says of one."""


def paths() -> Json:
    """The routes."""
    error = ref("Error")
    one = {200: ref("Schedule"), 404: error}
    return {
        "/schedules": {
            "get": act(
                "listSchedules",
                "All schedules, the oldest first, and whether they rest.",
                {200: ref("ScheduleBook"), 400: error},
                [REVEAL],
            ),
            "post": act(
                "makeSchedule",
                "Makes one, or says what it would mean.",
                {
                    200: {"anyOf": [ref("MadeSchedule"), ref("Foreseen")]},
                    201: ref("MadeSchedule"),
                    400: error,
                    403: error,
                    409: error,
                    422: error,
                },
                [KEY],
                body=ref("ScheduleOrder"),
            ),
        },
        "/schedules/pause": {
            "post": act("pauseAll", "All schedules rest.", {200: ref("Rest")}),
        },
        "/schedules/resume": {
            "post": act("resumeAll", "They don't any more.", {200: ref("Rest")}),
        },
        "/schedules/{id}": {
            "get": act(
                "readSchedule",
                "One, with its words.",
                {200: ref("WholeSchedule"), 400: error, 404: error},
                [ID, REVEAL],
            ),
            "delete": act(
                "removeSchedule",
                "Removes it for good.",
                {200: object_of(removed=FLAG), 404: error},
                [ID],
            ),
        },
        "/schedules/{id}/pause": {"post": act("pauseSchedule", "It rests.", one, [ID])},
        "/schedules/{id}/resume": {
            "post": act("resumeSchedule", "It doesn't any more.", one, [ID]),
        },
        "/schedules/{id}/run": {
            "post": act(
                "runSchedule",
                "Places its call now.",
                {
                    200: ref("PlacedCall"),
                    201: ref("PlacedCall"),
                    202: ref("PlacedCall"),
                    **dict.fromkeys((400, 403, 404, 409, 502, 503, 504), error),
                },
                [ID, KEY],
            )
        },
    }


def schemas() -> Json:
    """What they take and answer."""
    order = ScheduleOrder.model_json_schema(ref_template="#/components/schemas/{model}")
    order.pop("$defs", None)
    schedule = _schedule()
    return {
        "ScheduleOrder": order,
        "Schedule": object_of(**schedule),
        "MadeSchedule": object_of(**schedule, is_new=FLAG),
        "WholeSchedule": object_of(**schedule, message=TEXT, brief=TEXT),
        "ScheduleBook": object_of(
            paused=FLAG, paused_s=MAYBE_NUMBER, schedules=list_of(ref("Schedule"))
        ),
        "Foreseen": object_of(
            says=TEXT,
            note=TEXT,
            next_s=list_of(NUMBER),
            allowed=FLAG,
            rule={"enum": [*RULES, None]},
            why=TEXT,
            outside_hours=TEXT,
            rules=VERDICT_RULES,
            estimate=MAYBE_ESTIMATE,
        ),
        "Rest": object_of(paused=FLAG),
    }


def _schedule() -> dict[str, Json]:
    note = object_of(
        what={"enum": list(What)},
        at_s=NUMBER,
        moment_s=MAYBE_NUMBER,
        count=NUMBER,
        why=TEXT,
        call=MAYBE,
    )
    return {
        "id": TEXT,
        "state": {"enum": list(STATES)},
        "to": TEXT,
        "cron": MAYBE,
        "at": MAYBE,
        "zone": TEXT,
        "says": TEXT,
        "mode": {"enum": list(Mode)},
        "language": TEXT,
        "session": MAYBE,
        "owner": TEXT,
        "made_s": NUMBER,
        "next_s": MAYBE_NUMBER,
        "tries": NUMBER,
        "call": MAYBE,
        "done_s": MAYBE_NUMBER,
        "notes": list_of(note),
    }
