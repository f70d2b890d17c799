"""Calls at times, over HTTP, beside a scheduler at work: made, rung, shown, paused, removed.

Our own promises: design 6, 10; docs/how-to/schedule-calls.md.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from bridge import clock
from bridge.core.record import Mode
from tests.e2e.outbound.calling_out import (
    CALLEE,
    calling_out,
    calls,
    dials,
    due,
    picks_up,
    rang,
    until,
)
from tests.e2e.provision.office import Office
from tests.fakes.agent import FakeAgent
from tests.fakes.elevenlabs.faults import Fault
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, Program

Json = dict[str, Any]

MESSAGE, BRIEF = "The zeppelin is delayed.", "Ask whether aunt Wilhelmina has the gout."
WEEKDAYS: Json = {"to": CALLEE, "cron": "0 7 * * 1-5", "zone": "Europe/Berlin", "message": MESSAGE}
NEW_YEAR: Json = {"to": CALLEE, "at": "2099-01-01T07:00", "zone": "Europe/Berlin"}


@asynccontextmanager
async def at_work(
    office: Office, agent: FakeAgent | None = None, **settings: str
) -> AsyncIterator[Program]:
    """A server that may call out, with its scheduler at work, as `bridge serve` has it."""
    async with (
        calling_out(office, agent, **settings) as bridge,
        bridge.bridge.scheduler.working(),
    ):
        yield bridge


async def ask(
    bridge: Program, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Json]:
    """One request with the operator's token; the status, and what was answered."""
    async with bridge.http(OPERATOR_TOKEN, **headers) as client:
        answer = await client.request(method, f"/schedules{path}", json=body)
    return answer.status_code, answer.json()


async def make(bridge: Program, body: Json = WEEKDAYS, **headers: str) -> Json:
    status, made = await ask(bridge, "POST", "", body, **headers)
    assert status == 201, made
    return made


async def noted(bridge: Program, name: str, *whats: str) -> Json:
    """The schedule once these notes are there."""
    async with asyncio.timeout(5):
        while True:
            _, shown = await ask(bridge, "GET", f"/{name}")
            if [note["what"] for note in shown["notes"]] == list(whats):
                return shown
            await asyncio.sleep(0.02)


async def test_a_schedule_rings_when_its_moment_comes(office: Office) -> None:
    async with FakeAgent() as agent, at_work(office, agent) as bridge:
        name = await due(office, bridge, message=MESSAGE, brief=BRIEF)
        shown = await noted(bridge, name, "fired")
        (call,) = await calls(bridge)
        await picks_up(office).say("Who is this?")

    assert (call["source"], call["owner"], call["mode"]) == ("schedule", "operator", "conversation")
    assert (shown["state"], shown["call"]) == ("calling", call["id"])
    assert BRIEF in str(agent.requests[0].body["messages"])
    assert len(dials(office)) == len(rang(office)) == 1


async def test_a_call_that_ends_is_told_and_one_moment_is_done(office: Office) -> None:
    async with at_work(office) as bridge:
        name = await due(office, bridge, message=MESSAGE, mode=Mode.NOTIFY)
        shown = await noted(bridge, name, "fired")
        call = picks_up(office)
        await call.say("Thanks.")
        await office.platform.post_call(call)
        await until(bridge, shown["call"], "ended")
        bridge.bridge.scheduler.wake()
        ended = await noted(bridge, name, "fired", "ended")
        async with asyncio.timeout(5):
            while (await ask(bridge, "GET", f"/{name}"))[1]["state"] != "done":
                await asyncio.sleep(0.02)
    assert ended["notes"][1]["why"].startswith("completed")


async def test_what_it_means_is_told_before_it_is_made(office: Office) -> None:
    async with calling_out(office) as bridge:
        status, told = await ask(bridge, "POST", "", {**WEEKDAYS, "dry_run": True})
        _, book = await ask(bridge, "GET", "")

    assert (status, told["allowed"], told["rule"]) == (200, True, None)
    assert told["says"] == "At 07:00 on Monday through Friday"
    local = [datetime.fromtimestamp(at_s, UTC) for at_s in told["next_s"]]
    assert len(local) == 3
    assert {moment.minute for moment in local} == {0}
    assert told["estimate"]["usd"] > 0
    assert book == {"paused": False, "paused_s": None, "schedules": []}


async def test_it_is_listed_masked_and_without_words_and_shown_with_them(office: Office) -> None:
    async with calling_out(office) as bridge:
        made = await make(bridge, {**WEEKDAYS, "brief": BRIEF})
        _, book = await ask(bridge, "GET", "")
        _, revealed = await ask(bridge, "GET", "?reveal=true")
        _, whole = await ask(bridge, "GET", f"/{made['id']}")

    (listed,) = book["schedules"]
    assert (listed["to"], listed["cron"], listed["state"]) == (
        "+1555•••7001",
        "0 7 * * 1-5",
        "waiting",
    )
    assert listed["next_s"] > clock.wall_s()
    assert [part for part in (MESSAGE, BRIEF, CALLEE) if part in str(book)] == []
    assert revealed["schedules"][0]["to"] == CALLEE
    assert (whole["message"], whole["brief"], whole["to"]) == (MESSAGE, BRIEF, "+1555•••7001")


async def test_words_are_kept_though_records_keep_none(office: Office) -> None:
    async with at_work(office, RECORDS__WORDS="false") as bridge:
        made = await make(bridge)
        _, shown = await ask(bridge, "GET", f"/{made['id']}")
        name = await due(office, bridge, message=MESSAGE)
        fired = await noted(bridge, name, "fired")
        async with bridge.http(OPERATOR_TOKEN) as client:
            call = (await client.get(f"/calls/{fired['call']}")).json()

    assert shown["message"] == MESSAGE
    assert MESSAGE in str(dials(office))
    assert call["message"] == ""


@pytest.mark.parametrize(
    ("wrong", "param", "said"),
    [
        ({"cron": "0 7 * *"}, "cron", "five fields"),
        ({"cron": "0 0 7 * * *"}, "cron", "five fields"),
        ({"cron": "61 7 * * *"}, "cron", "not a cron line"),
        ({"cron": "0 7 30 2 *"}, "cron", "bad day-of-month"),
        ({"cron": "0 " * 101}, "cron", "at most 200"),
        ({"zone": "Mars/Olympus"}, "zone", "not a time zone"),
        ({"zone": "../../etc/passwd"}, "zone", "not a time zone"),
        ({"zone": ""}, "zone", "at least 1"),
        ({"cron": "", "at": "2020-01-01T07:00"}, "at", "past"),
        ({"cron": "", "at": "2027-01-01"}, "at", "not a moment"),
        ({"cron": "", "at": "tomorrow"}, "at", "not a moment"),
        ({"cron": ""}, None, "either 'cron' or 'at'"),
        ({"at": "2099-01-01T07:00"}, None, "not both"),
        ({"mode": "shout"}, "mode", "'notify'"),
        ({"message": "x" * 1001}, "message", "at most 1000"),
        ({"brief": "x" * 4001}, "brief", "at most 4000"),
        ({"language": "klingon!"}, "language", "pattern"),
        ({"from": "+15550100999"}, "from", "not permitted"),
    ],
)
async def test_what_cannot_be_is_one_clear_error(
    office: Office, wrong: Json, param: str | None, said: str
) -> None:
    async with calling_out(office) as bridge:
        status, told = await ask(bridge, "POST", "", {**WEEKDAYS, **wrong})
        _, book = await ask(bridge, "GET", "")

    assert status == 422
    assert told["error"]["param"] == param
    assert said in told["error"]["message"]
    assert book["schedules"] == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
async def test_a_body_that_is_no_object_is_refused(office: Office, body: bytes) -> None:
    async with calling_out(office) as bridge, bridge.http(OPERATOR_TOKEN) as client:
        answer = await client.post("/schedules", content=body)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("to", "rule"),
    [("911", "emergency"), ("not a number", "number"), ("+15550100999", "own_line")],
)
async def test_a_number_that_can_never_be_called_is_refused_at_once(
    office: Office, to: str, rule: str
) -> None:
    async with calling_out(office) as bridge:
        status, told = await ask(bridge, "POST", "", {**WEEKDAYS, "to": to})
        previewed, verdict = await ask(bridge, "POST", "", {**WEEKDAYS, "to": to, "dry_run": True})
        _, book = await ask(bridge, "GET", "")

    assert (status, told["error"]["rule"]) == (403, rule)
    assert to not in told["error"]["message"]
    assert (previewed, verdict["allowed"], verdict["rule"]) == (200, False, rule)
    assert book["schedules"] == []


async def test_the_hours_and_limits_of_today_do_not_keep_one_from_being_made(
    office: Office,
) -> None:
    """The hours are a minute of the night, and the kill switch is on."""
    hours = {"POLICY__OUTBOUND__HOURS": "03:33-03:34", "POLICY__OUTBOUND__LIVE_CALLS": "1"}
    async with calling_out(office, None, **hours) as bridge:
        async with bridge.http(OPERATOR_TOKEN) as client:
            await client.post("/stop")
        _, told = await ask(bridge, "POST", "", {**WEEKDAYS, "dry_run": True})
        made = await make(bridge)

    assert told["allowed"]
    assert told["outside_hours"] == "it isn't known what time it is there"
    assert made["state"] == "waiting"


async def test_a_limit_that_lets_no_call_pass_on_any_day_refuses_it(office: Office) -> None:
    async with calling_out(office, None, POLICY__OUTBOUND__PER_DAY="0") as bridge:
        status, told = await ask(bridge, "POST", "", WEEKDAYS)
    assert (status, told["error"]["rule"]) == (403, "per_day")


async def test_a_key_makes_one_schedule_however_often_it_is_asked(office: Office) -> None:
    async with calling_out(office) as bridge:
        first = await make(bridge, idempotency_key="k")
        again, second = await ask(bridge, "POST", "", WEEKDAYS, idempotency_key="k")
        other, told = await ask(bridge, "POST", "", NEW_YEAR, idempotency_key="k")
        _, book = await ask(bridge, "GET", "")

    assert (again, second["id"], second["is_new"]) == (200, first["id"], False)
    assert (other, told["error"]["param"]) == (409, "Idempotency-Key")
    assert len(book["schedules"]) == 1


async def test_the_guard_decides_when_the_moment_comes(office: Office) -> None:
    async with at_work(office) as bridge:
        async with bridge.http(OPERATOR_TOKEN) as client:
            await client.post("/stop")
        shown = await noted(bridge, await due(office, bridge), "refused")

    assert shown["notes"][0]["why"].startswith("killed: the kill switch is on")
    assert dials(office) == []


async def test_a_refusal_of_the_platform_is_told_with_its_cause(office: Office) -> None:
    office.platform.refuses_calls = f"Geo permission missing for {CALLEE}"
    async with at_work(office) as bridge:
        shown = await noted(bridge, await due(office, bridge), "fired", "ended")
    why = shown["notes"][1]["why"]
    assert why.startswith("failed: ")
    assert "Geo permission missing for +1555•••7001" in why


async def test_an_answer_that_is_lost_does_not_ring_again(office: Office) -> None:
    office.platform.fail(("POST", "/v1/convai/twilio/outbound-call"), Fault.DROP, done=True)
    async with at_work(office) as bridge:
        shown = await noted(bridge, await due(office, bridge), "fired")
        await until(bridge, shown["call"], "placed")
    assert "isn't known yet" in shown["notes"][0]["why"]
    assert len(dials(office)) == len(rang(office)) == 1


async def test_one_that_was_paused_or_removed_does_not_ring(office: Office) -> None:
    async with calling_out(office) as bridge:
        paused, removed, kept = [await due(office) for _ in range(3)]
        status, resting = await ask(bridge, "POST", f"/{paused}/pause")
        gone, _ = await ask(bridge, "DELETE", f"/{removed}")
        async with bridge.bridge.scheduler.working():
            await noted(bridge, kept, "fired")
        missing, _ = await ask(bridge, "GET", f"/{removed}")
        _, working = await ask(bridge, "POST", f"/{paused}/resume")

    assert (status, resting["state"], resting["next_s"]) == (200, "paused", None)
    assert (gone, missing, working["state"]) == (200, 404, "waiting")
    assert working["next_s"] is None, "its moment is passed over"
    assert len(rang(office)) == 1


async def test_all_rest_over_a_restart_and_then_ring_again(office: Office) -> None:
    async with at_work(office) as bridge:
        status, told = await ask(bridge, "POST", "/pause")
        over = await due(office, bridge)
    async with at_work(office) as bridge:
        _, book = await ask(bridge, "GET", "")
        _, rested = await ask(bridge, "POST", "/resume")
        await noted(bridge, await due(office, bridge), "fired")
        _, shown = await ask(bridge, "GET", f"/{over}")

    assert (status, told, rested) == (200, {"paused": True}, {"paused": False})
    assert book["paused"] is True
    assert shown["notes"] == []
    assert len(rang(office)) == 1


async def test_one_that_is_run_rings_now_once_for_each_key(office: Office) -> None:
    async with at_work(office) as bridge:
        made = await make(bridge)
        first, call = await ask(bridge, "POST", f"/{made['id']}/run", idempotency_key="k")
        again, repeat = await ask(bridge, "POST", f"/{made['id']}/run", idempotency_key="k")
        other, another = await ask(bridge, "POST", f"/{made['id']}/run")
        _, shown = await ask(bridge, "GET", f"/{made['id']}")

    assert (first, again, other) == (201, 200, 201)
    assert call["id"] == repeat["id"] != another["id"]
    assert call["source"] == "schedule"
    assert [note["what"] for note in shown["notes"]] == ["ran", "ran"]
    assert shown["next_s"] == made["next_s"]
    assert len(rang(office)) == 2


async def test_running_one_passes_the_guard(office: Office) -> None:
    async with calling_out(office, None, POLICY__OUTBOUND__HOURS="03:33-03:34") as bridge:
        made = await make(bridge)
        status, told = await ask(bridge, "POST", f"/{made['id']}/run")
    assert (status, told["error"]["rule"]) == (403, "hours")
    assert dials(office) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sched_9"),
        ("DELETE", "/sched_9"),
        ("POST", "/sched_9/pause"),
        ("POST", "/sched_9/resume"),
        ("POST", "/sched_9/run"),
    ],
)
async def test_what_is_not_there_is_404(office: Office, method: str, path: str) -> None:
    async with calling_out(office) as bridge:
        status, told = await ask(bridge, method, path)
    assert (status, told["error"]["message"]) == (404, "There is no schedule of that id.")


@pytest.mark.parametrize("token", [PLATFORM_TOKEN, "nonsense"])
async def test_only_the_operator_may(office: Office, token: str) -> None:
    async with calling_out(office) as bridge, bridge.http(token) as client:
        statuses = [
            (await client.request(method, f"/schedules{path}", json=WEEKDAYS)).status_code
            for method, path in (
                ("GET", ""),
                ("POST", ""),
                ("POST", "/pause"),
                ("POST", "/resume"),
                ("GET", "/sched_1"),
                ("DELETE", "/sched_1"),
                ("POST", "/sched_1/run"),
            )
        ]
    assert set(statuses) == {401}


async def test_what_happens_is_shown_live(office: Office) -> None:
    async with at_work(office) as bridge:
        with bridge.bridge.feed.watching() as watch:
            name = await due(office, bridge)
            await noted(bridge, name, "fired")
            told = {happening.name: happening.render(words=True) for happening in watch.take()}
    fired = told["schedule.fired"]
    assert (fired["schedule"], fired["count"]) == (name, 1)
    assert fired["call"] == told["call.placed"]["call"]
    assert CALLEE not in str(told)


async def test_no_log_line_holds_a_number_or_a_word(office: Office) -> None:
    written = StringIO()
    with logging_to(written, "json"):
        async with at_work(office) as bridge:
            made = await make(bridge, {**WEEKDAYS, "brief": BRIEF})
            await noted(bridge, await due(office, bridge, message=MESSAGE, brief=BRIEF), "fired")
            await ask(bridge, "GET", f"/{made['id']}?reveal=true")
            await ask(bridge, "POST", f"/{made['id']}/run")
            await ask(bridge, "DELETE", f"/{made['id']}")
    log = written.getvalue()
    assert [name for name in ("made", "fired", "removed") if f"schedule.{name}" not in log] == []
    assert [
        part for part in ("zeppelin", "Wilhelmina", CALLEE[1:], CALLEE[2:]) if part in log
    ] == []


async def test_a_bridge_that_only_answers_a_test_rings_nobody(office: Office) -> None:
    """`bridge chat` brings a server of its own: its scheduler is not at work."""
    name = await due(office)
    async with calling_out(office) as bridge:
        # Its call takes as long as one that was due would have.
        await ask(bridge, "POST", f"/{name}/run")
        _, shown = await ask(bridge, "GET", f"/{name}")
    assert [note["what"] for note in shown["notes"]] == ["ran"]
    assert len(dials(office)) == 1
