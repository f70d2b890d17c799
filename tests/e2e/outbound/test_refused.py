"""Orders that the guard refuses, orders that are none, and the kill switch: nothing leaves.

Our own promises: design 10.
"""

import asyncio
import json
from io import StringIO
from typing import Any

import pytest

from bridge.core.outbound_rules import RULES
from tests.e2e.outbound.calling_out import (
    CALLEE,
    LINE,
    SOMEBODY,
    calling_out,
    calls,
    dials,
    picks_up,
    post,
    shown,
)
from tests.e2e.provision.office import Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN

MESSAGE = "The zeppelin is delayed."

ZERO = {
    "live_calls": "POLICY__OUTBOUND__LIVE_CALLS",
    "per_hour": "POLICY__OUTBOUND__PER_HOUR",
    "per_day": "POLICY__OUTBOUND__PER_DAY",
    "per_number_per_hour": "POLICY__OUTBOUND__PER_NUMBER_PER_HOUR",
    "per_number_per_day": "POLICY__OUTBOUND__PER_NUMBER_PER_DAY",
    "money_a_day": "POLICY__OUTBOUND__MONEY_A_DAY",
}

REFUSED: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("enabled", {"POLICY__OUTBOUND__ENABLED": "false"}, {}),
    ("emergency", {}, {"to": "911"}),
    ("emergency", {}, {"to": "+1911"}),
    ("number", {}, {"to": "extension 4"}),
    ("own_line", {}, {"to": LINE}),
    ("do_not_call", {"POLICY__OUTBOUND__DO_NOT_CALL": CALLEE}, {}),
    ("type", {"POLICY__OUTBOUND__ALLOW_TO": ""}, {}),
    ("type", {}, {"to": "+19005550100"}),
    ("region", {}, {"to": "+18765550100"}),
    ("hours", {"POLICY__OUTBOUND__HOURS": "08:00-08:01"}, {}),
    ("words", {}, {"mode": "notify", "message": ""}),
    *((rule, {setting: "0"}, {}) for rule, setting in ZERO.items()),
]


@pytest.mark.parametrize(("rule", "settings", "body"), REFUSED)
async def test_a_rule_refuses_and_nobody_is_asked_anything(
    office: Office, rule: str, settings: dict[str, str], body: dict[str, Any]
) -> None:
    async with calling_out(office, None, **settings) as bridge:
        status, told = await post(bridge, **{"message": MESSAGE, **body})
        kept = await calls(bridge)

    assert (status, told["error"]["code"]) == (403, "not_allowed")
    assert told["error"]["rule"] == rule
    assert [r["rule"] for r in told["error"]["rules"]] == list(RULES)
    assert office.platform.requests == []
    assert kept == []


async def test_six_calls_with_one_number_in_minutes_are_a_loop(office: Office) -> None:
    limits = {"POLICY__OUTBOUND__LOOP_CALLS": "2", "POLICY__OUTBOUND__LIVE_CALLS": "100"}
    async with calling_out(office, None, **limits, **OPEN) as bridge:
        theirs = await office.platform.ring(CALLEE, LINE)
        await theirs.say("Hello")
        await theirs.hang_up()
        first, _ = await post(bridge, message=MESSAGE)
        second, told = await post(bridge, message=MESSAGE)
    assert (first, second, told["error"]["rule"]) == (201, 403, "loop")


async def test_calls_under_way_count_whoever_began_them(office: Office) -> None:
    async with calling_out(office, None, POLICY__OUTBOUND__LIVE_CALLS="2", **OPEN) as bridge:
        theirs = await office.platform.ring(SOMEBODY, LINE)
        await theirs.say("spell cat")
        first, _ = await post(bridge, message=MESSAGE)
        second, told = await post(bridge, message=MESSAGE)
    assert (first, second, told["error"]["rule"]) == (201, 403, "live_calls")


async def test_what_calls_may_cost_counts_while_they_are_under_way(office: Office) -> None:
    async with calling_out(office, None, POLICY__OUTBOUND__MONEY_A_DAY="8") as bridge:
        first, placed = await post(bridge, message=MESSAGE)
        second, told = await post(bridge, message=MESSAGE)
    assert 4 < placed["estimate"]["usd"] < 8
    assert (first, second, told["error"]["rule"]) == (201, 403, "money_a_day")


async def test_a_dry_run_says_what_every_rule_says_and_asks_nobody(office: Office) -> None:
    async with calling_out(office) as bridge:
        status, may = await post(bridge, message=MESSAGE, dry_run=True)
        _, may_not = await post(bridge, message=MESSAGE, dry_run=True, to="911")
        kept = await calls(bridge)

    assert (status, may["allowed"], may["rule"]) == (200, True, None)
    assert may["estimate"]["usd"] > 0
    assert (may_not["allowed"], may_not["rule"]) == (False, "emergency")
    assert [rule["rule"] for rule in may["rules"]] == list(RULES)
    assert office.platform.requests == []
    assert kept == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"mode": "shout"}, "mode"),
        ({"to": ""}, "to"),
        ({"to": ["+15550007001"]}, "to"),
        ({"number": CALLEE}, "number"),
        ({"from": "our office"}, "from"),
        ({"language": "German, please"}, "language"),
        ({"session": "with +15550009876 in it"}, "session"),
        ({"brief": "x" * 5000}, "brief"),
        ({"message": None}, "message"),
    ],
)
async def test_a_wrong_field_is_named_and_never_repeated(
    office: Office, body: dict[str, Any], param: str
) -> None:
    async with calling_out(office) as bridge:
        status, told = await post(bridge, **body)
    assert (status, told["error"]["param"]) == (422, param)
    assert "15550009876" not in json.dumps(told)
    assert "German" not in json.dumps(told)
    assert office.platform.requests == []


async def test_only_the_operator_places_calls(office: Office) -> None:
    async with calling_out(office) as bridge:
        for token in (PLATFORM_TOKEN, "another"):
            async with bridge.http(token) as client:
                body = {"to": CALLEE, "message": MESSAGE}
                assert (await client.post("/calls", json=body)).status_code == 401
                assert (await client.post("/stop")).status_code == 401
                assert (await client.get("/openapi.json")).status_code == 401
    assert dials(office) == []


async def test_without_an_agent_nobody_dials_and_the_cure_is_said(office: Office) -> None:
    (office.state / "provision.json").unlink()
    async with calling_out(office) as bridge:
        status, told = await post(bridge, message=MESSAGE)
        kept = await calls(bridge)
    assert (status, told["error"]["code"]) == (503, "settings")
    assert "bridge provision" in told["error"]["message"]
    assert kept == []


# -- the kill switch -------------------------------------------------------------------------------


async def switch(bridge: Any, method: str) -> dict[str, Any]:
    async with bridge.http(OPERATOR_TOKEN) as client:
        answer = await client.request(method, "/stop")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def test_stopped_means_no_call_until_it_is_taken_back(office: Office) -> None:
    async with calling_out(office) as bridge:
        assert (await switch(bridge, "POST"))["stopped"] is True
        stopped, told = await post(bridge, message=MESSAGE)
    async with calling_out(office) as bridge:
        restarted, _ = await post(bridge, message=MESSAGE)
        assert (await switch(bridge, "GET"))["stopped"] is True
        assert office.platform.requests == []
        assert (await switch(bridge, "DELETE"))["stopped"] is False
        resumed, _ = await post(bridge, message=MESSAGE)

    assert (stopped, told["error"]["rule"], restarted, resumed) == (403, "killed", 403, 201)


async def test_calls_under_way_are_hung_up_at_their_next_turn(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent) as bridge:
        await post(bridge, message=MESSAGE)
        call = picks_up(office)
        await call.say("Hello")
        told = await switch(bridge, "POST")
        await switch(bridge, "DELETE")
        await post(bridge, to=SOMEBODY, message=MESSAGE)
        later = picks_up(office)
        turn = await call.say("And then?")
        await later.say("Hello")

    assert told["under_way"] == 1
    assert [tool.name for tool in turn.tools] == ["end_call"]
    assert not call.is_up
    assert later.is_up, "it was placed after calls were let out again"
    assert len(agent.requests) == 2


async def test_who_calls_in_is_not_hung_up(office: Office) -> None:
    async with calling_out(office, None, **OPEN) as bridge:
        call = await office.platform.ring(CALLEE, LINE)
        await switch(bridge, "POST")
        await call.say("spell cat")
    assert call.is_up


async def test_a_call_that_is_asked_for_while_all_is_stopped_is_hung_up(office: Office) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_record: object) -> None:
        asked.set()
        await go_on.wait()

    async with FakeAgent() as agent, calling_out(office, agent) as bridge:
        office.platform.after_write = hold
        placing = asyncio.ensure_future(post(bridge, message=MESSAGE))
        async with asyncio.timeout(5):
            await asked.wait()
        await switch(bridge, "POST")
        go_on.set()
        await placing
        call = picks_up(office)
        await call.say("Hello?")

    assert not call.is_up
    assert agent.requests == []


async def test_a_switch_that_can_not_be_read_counts_as_on(office: Office) -> None:
    (office.state / "outbound.json").write_text("{")
    async with calling_out(office) as bridge:
        status, told = await post(bridge, message=MESSAGE)
    assert (status, told["error"]["rule"]) == (403, "killed")


# -- nothing private -------------------------------------------------------------------------------


async def test_no_number_and_no_word_is_in_the_log(office: Office) -> None:
    lines = StringIO()
    office.platform.refuses_calls = f"Cannot reach {SOMEBODY}"
    with logging_to(lines, "json"):
        async with calling_out(office) as bridge:
            await post(bridge, to=SOMEBODY, message=MESSAGE, brief="The secret of the terrace.")
            office.platform.refuses_calls = ""
            _, call = await post(bridge, message=MESSAGE, brief="The secret of the terrace.")
            await post(bridge, message=MESSAGE, to="911 the secret of the terrace")
            await picks_up(office).say("Hello there")
            await shown(bridge, call["id"])
    said = lines.getvalue()
    assert "call.placed" in said
    for private in (CALLEE[1:], SOMEBODY[1:], "zeppelin", "terrace", "Hello there"):
        assert private not in said
