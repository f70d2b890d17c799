"""`bridge schedule`, as processes: beside a server, and by itself.

Our own promises: design 7, 10; docs/how-to/schedule-calls.md.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge.core.outbound_rules import RULES
from tests.e2e.outbound.calling_out import ALLOWED, CALLEE, calling_out, calls, dials, rang
from tests.e2e.provision.office import Office
from tests.fakes.command import Said, run
from tests.fakes.program import Program
from tests.fakes.typist import typist

MESSAGE = "The zeppelin is delayed."
ADD = ("schedule", "add", "0 7 * * 1-5", "--zone", "Europe/Berlin", "--to", CALLEE)
NOT_RINGING = "nothing rings until `bridge serve` does"

BESIDE_A_SERVER = pytest.mark.parametrize("beside_a_server", [True, False], ids=["server", "alone"])


def settings(office: Office, bridge: Program | None = None, **more: str) -> dict[str, str]:
    """The office's, with the port of a server that runs, or one where none does."""
    port = urlsplit(bridge.served.url).port if bridge else 1
    return {**office.settings, **ALLOWED, "SERVER__PORT": str(port), **more}


async def types(
    office: Office, *arguments: str, bridge: Program | None = None, **more: str
) -> Said:
    said = await run(*arguments, settings=settings(office, bridge, **more))
    office.check(said.out + said.err)
    return said


def told(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


@BESIDE_A_SERVER
async def test_one_is_made_listed_shown_and_removed(office: Office, beside_a_server: bool) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        made = await types(office, *ADD, "--message", MESSAGE, "--yes", bridge=server)
        name = made.out.strip()
        listed = await types(office, "schedule", "list", bridge=server)
        shown = await types(office, "schedule", "show", name, bridge=server)
        book = told(await types(office, "schedule", "list", "--reveal", "--json", bridge=server))
        removed = await types(office, "schedule", "remove", name, bridge=server)
        again = await types(office, "schedule", "remove", name, bridge=server)

    assert made.code == listed.code == shown.code == removed.code == 0
    assert (NOT_RINGING in made.err) is (NOT_RINGING in listed.err) is not beside_a_server
    assert name.startswith("sched_")
    header, row = listed.out.splitlines()
    assert header.split() == ["schedule", "state", "when", "zone", "to", "next", "last"]
    assert row.split()[:2] == [name, "waiting"]
    assert "+1555•••7001" in row
    assert MESSAGE in shown.out
    assert "At 07:00 on Monday through Friday" in shown.out
    assert CALLEE not in listed.out + shown.out
    assert book["schedules"][0]["to"] == CALLEE
    assert (again.code, again.out) == (2, "")
    assert "no schedule of that id" in again.err
    assert dials(office) == []


@BESIDE_A_SERVER
async def test_a_dry_run_shows_what_it_means_and_keeps_nothing(
    office: Office, beside_a_server: bool
) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        said = await types(office, *ADD, "--dry-run", bridge=server)
        as_json = told(await types(office, *ADD, "--dry-run", "--json", bridge=server))
        book = told(await types(office, "schedule", "list", "--json", bridge=server))

    lines = said.out.splitlines()
    assert lines[0] == "At 07:00 on Monday through Friday (Europe/Berlin)"
    assert [line.split()[2:] for line in lines[1:]] in (
        [["07:00", "CET"]] * 3,
        [["07:00", "CEST"]] * 3,
        [["07:00", "CET"]] * 2 + [["07:00", "CEST"]],
        [["07:00", "CET"]] + [["07:00", "CEST"]] * 2,
        [["07:00", "CEST"]] * 2 + [["07:00", "CET"]],
        [["07:00", "CEST"]] + [["07:00", "CET"]] * 2,
    )
    assert [rule["rule"] for rule in as_json["rules"]] == list(RULES)
    assert book["schedules"] == []


@BESIDE_A_SERVER
async def test_a_number_that_can_never_be_called_is_code_6(
    office: Office, beside_a_server: bool
) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        wrong = ("schedule", "add", "0 7 * * *", "--zone", "UTC", "--to", "911")
        said = await types(office, *wrong, "--yes", bridge=server)
        tried = await types(office, *wrong, "--dry-run", bridge=server)
        machine = await types(office, *wrong, "--dry-run", "--json", bridge=server)
    assert (said.code, said.out, tried.code, machine.code) == (6, "", 6, 6)
    assert "'emergency'" in said.err
    assert "'emergency'" in tried.err


@pytest.mark.parametrize(
    ("beside_a_server", "arguments", "why"),
    [
        (False, ("add", "0 7 * *", "--zone", "UTC"), "five fields"),
        (False, ("add", "0 7 * * *", "--zone", "Mars"), "not a time zone"),
        (False, ("at", "2020-01-01T07:00", "--zone", "UTC"), "that moment is past"),
        (True, ("at", "tomorrow", "--zone", "UTC"), "not a moment"),
    ],
    ids=["line", "zone", "past", "moment"],
)
async def test_what_cannot_be_is_code_2_with_one_line(
    office: Office, beside_a_server: bool, arguments: tuple[str, ...], why: str
) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        said = await types(office, "schedule", *arguments, "--to", CALLEE, "--yes", bridge=server)
    assert (said.code, said.out) == (2, "")
    assert why in said.err
    assert len(said.err.strip().splitlines()) == 1


@BESIDE_A_SERVER
async def test_one_rests_and_all_rest_and_ring_again(office: Office, beside_a_server: bool) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        name = (await types(office, *ADD, "--yes", bridge=server)).out.strip()
        paused = told(await types(office, "schedule", "pause", name, "--json", bridge=server))
        resumed = told(await types(office, "schedule", "resume", name, "--json", bridge=server))
        every = told(await types(office, "schedule", "pause", "--all", "--json", bridge=server))
        listed = await types(office, "schedule", "list", bridge=server)
        rings = await types(office, "schedule", "resume", "--all", bridge=server)
        both = await types(office, "schedule", "pause", name, "--all", bridge=server)
        neither = await types(office, "schedule", "resume", bridge=server)
        missing = await types(office, "schedule", "pause", "sched_9", bridge=server)

    assert (paused["state"], resumed["state"]) == ("paused", "waiting")
    assert every == {"paused": True}
    assert "All schedules rest" in listed.err
    assert (rings.code, both.code, neither.code, missing.code) == (0, 2, 2, 2)


@BESIDE_A_SERVER
async def test_one_is_run_now_once_for_each_key(office: Office, beside_a_server: bool) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        name = (await types(office, *ADD, "--yes", bridge=server)).out.strip()
        run_it = ("schedule", "run", name, "--yes", "--key", "k")
        first = await types(office, *run_it, bridge=server)
        again = await types(office, *run_it, bridge=server)
        unasked = await types(office, "schedule", "run", name, bridge=server)
        missing = await types(office, "schedule", "run", "sched_9", "--yes", bridge=server)
        (call,) = await calls(bridge)

    assert (first.code, again.code, unasked.code, missing.code) == (0, 0, 2, 2)
    assert first.out == again.out == f"{call['id']}\n"
    assert call["source"] == "schedule"
    assert "--yes" in unasked.err
    assert len(rang(office)) == 1


@BESIDE_A_SERVER
async def test_running_one_that_is_refused_says_by_whom(
    office: Office, beside_a_server: bool
) -> None:
    async with calling_out(office) as bridge:
        server = bridge if beside_a_server else None
        name = (await types(office, *ADD, "--yes", bridge=server)).out.strip()
        office.platform.refuses_calls = "Geo permission missing"
        failed = await types(office, "schedule", "run", name, "--yes", bridge=server)
        await types(office, "stop-all")
        refused = await types(office, "schedule", "run", name, "--yes", bridge=server)
    assert (failed.code, refused.code) == (7, 6)
    assert "Geo permission missing" in failed.err
    assert "'killed'" in refused.err


async def test_nothing_is_made_unasked(office: Office) -> None:
    said = await types(office, *ADD)
    as_json = await types(office, *ADD, "--json")
    assert (said.code, as_json.code) == (2, 2)
    assert "--yes" in said.err
    assert told(await types(office, "schedule", "list", "--json"))["schedules"] == []


async def test_a_list_makes_no_store(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    book = told(await types(office, "schedule", "list", "--json", STATE_DIR=str(folder)))
    assert book == {"paused": False, "paused_s": None, "schedules": []}
    assert not (folder / "bridge.db").exists()


async def test_a_person_sees_what_it_means_and_is_asked(office: Office) -> None:
    async with typist(*ADD, settings=settings(office)) as person:
        seen = await person.sees("[y/N]")
        person.types("n\n")
        code = await person.ended()
    assert "At 07:00 on Monday through Friday (Europe/Berlin)" in seen
    assert CALLEE in seen
    assert code == 130
    assert told(await types(office, "schedule", "list", "--json"))["schedules"] == []

    async with typist(*ADD, settings=settings(office)) as person:
        await person.sees("[y/N]")
        person.types("y\n")
        await person.sees("sched_")
        assert await person.ended() == 0
    (made,) = told(await types(office, "schedule", "list", "--json"))["schedules"]
    assert made["zone"] == "Europe/Berlin"


async def test_a_moment_that_comes_twice_is_said_which_is_meant(office: Office) -> None:
    said = await types(
        office,
        *("schedule", "at", "2099-10-25T02:30", "--zone", "Europe/Berlin", "--to", CALLEE),
        "--dry-run",
    )
    assert said.code == 0
    assert "02:30 comes twice that day: the first is meant" in said.out


async def test_a_server_with_another_token_refuses(office: Office) -> None:
    async with calling_out(office) as bridge:
        said = await types(
            office, "schedule", "list", bridge=bridge, SERVER__OPERATOR_TOKEN="another-token-of-us"
        )
        elsewhere = await types(office, "schedule", "list", "--url", "http://127.0.0.1:9")
    assert (said.code, elsewhere.code) == (4, 5)
