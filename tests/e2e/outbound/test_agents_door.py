"""What an agent's token opens, and whose calls it meets there.

Our own promises: design 6, 10, 15.
"""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bridge.settings import ensure_tokens, load
from bridge.settings.tokens import ensure_agent_token
from bridge.web.doors import DOORS as DOORS_THERE
from tests.e2e.outbound.calling_out import CALLEE, SOMEBODY, calling_out, picks_up, post, until
from tests.e2e.provision.office import LINE, Office
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import OPEN
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, Program

AGENT_TOKEN = "agent-token-of-the-end-to-end-tests"
HAS_TOKEN = {"SERVER__AGENT_TOKEN": AGENT_TOKEN}
MESSAGE = "The zeppelin is delayed."

HOLDERS = {
    "nobody": "",
    "platform": PLATFORM_TOKEN,
    "operator": OPERATOR_TOKEN,
    "agent": AGENT_TOKEN,
    "stranger": "a-token-that-nobody-made-or-knows",
}

OURS, THEIRS, NONE = "{ours}", "{theirs}", "call_0000000000000000"
"""A call that the agent placed, one that the operator did, and one that isn't there."""

DOORS: list[tuple[str, str, tuple[int, int, int, int, int]]] = [
    # what is asked for, and what each of the holders is answered
    ("POST /v1/chat/completions", "", (401, 400, 401, 401, 401)),
    ("POST /chat/completions", "", (401, 400, 401, 401, 401)),
    ("GET /v1/models", "", (401, 200, 401, 401, 401)),
    ("GET /healthz", "", (200, 200, 200, 200, 200)),
    ("GET /readyz", "", (200, 200, 200, 200, 200)),
    ("GET /metrics?proxied", "", (401, 401, 200, 401, 401)),
    ("GET /sessions", "", (401, 401, 200, 401, 401)),
    ("GET /latency", "", (401, 401, 200, 401, 401)),
    ("GET /openapi.json", "", (401, 401, 200, 401, 401)),
    ("GET /events?words=x", "", (401, 401, 400, 401, 401)),
    ("GET /schedules", "", (401, 401, 200, 401, 401)),
    ("POST /schedules", "", (401, 401, 422, 401, 401)),
    ("GET /schedules/sched_none", "", (401, 401, 404, 401, 401)),
    ("POST /schedules/sched_none/run", "", (401, 401, 404, 401, 401)),
    ("GET /stop", "", (401, 401, 200, 401, 401)),
    ("POST /stop", "", (401, 401, 200, 401, 401)),
    ("DELETE /stop", "", (401, 401, 200, 401, 401)),
    ("POST /webhooks/elevenlabs/inbound", "", (401, 401, 401, 401, 401)),
    ("POST /webhooks/elevenlabs/post-call", "", (401, 401, 401, 401, 401)),
    ("GET /calls", "", (401, 401, 200, 200, 401)),
    ("PATCH /calls", "", (401, 401, 405, 401, 401)),
    ("POST /calls", "", (401, 401, 422, 422, 401)),
    ("GET /calls/search?q=x", "", (401, 401, 200, 401, 401)),
    ("GET /calls/", OURS, (401, 401, 200, 200, 401)),
    ("GET /calls/", THEIRS, (401, 401, 200, 404, 401)),
    ("GET /calls/", NONE, (401, 401, 404, 404, 401)),
    ("GET /calls/", "call_", (401, 401, 400, 404, 401)),
    ("GET /calls/transcript?of=", OURS, (401, 401, 200, 200, 401)),
    ("GET /calls/transcript?of=", THEIRS, (401, 401, 200, 404, 401)),
    ("DELETE /calls/", NONE, (401, 401, 404, 404, 401)),
    ("DELETE /calls/", THEIRS, (401, 401, 202, 404, 401)),
    ("DELETE /calls/", OURS, (401, 401, 202, 202, 401)),
    ("DELETE /calls/erase?of=", THEIRS, (401, 401, 409, 404, 401)),
    ("DELETE /calls/erase?of=", OURS, (401, 401, 409, 403, 401)),
]


async def test_each_door_opens_to_whom_it_is_for(office: Office) -> None:
    told = {}
    async with calling_out(office, None, **HAS_TOKEN) as bridge:
        _, ours = await by_agent(bridge, message=MESSAGE)
        _, theirs = await post(bridge, to=SOMEBODY, message=MESSAGE)
        for asked, call, _ in DOORS:
            named = call.format(ours=ours["id"], theirs=theirs["id"])
            told[asked + call] = {
                who: await _status(bridge, asked, named, token) for who, token in HOLDERS.items()
            }

    assert told == {
        asked + call: dict(zip(HOLDERS, answers, strict=True)) for asked, call, answers in DOORS
    }


def test_every_door_is_in_the_table() -> None:
    asked = {what.split()[1].split("?")[0].rstrip("/") for what, _, _ in DOORS}
    assert {door for door in DOORS_THERE if not any(_leads(a, door) for a in asked)} == set()


def _leads(path: str, door: str) -> bool:
    return path == door or path.startswith(f"{door}/")


async def _status(bridge: Program, asked: str, call: str, token: str) -> int:
    method, _, path = asked.partition(" ")
    path = path.removesuffix("?proxied")
    match path.split("?of=")[0]:
        case "/calls/transcript":
            path = f"/calls/{call}/transcript"
        case "/calls/erase":
            path = f"/calls/{call}?erase=true"
        case _:
            path += call
    headers = {"authorization": f"Bearer {token}"} if token else {"authorization": ""}
    if asked.endswith("?proxied"):
        headers["x-forwarded-for"] = "192.0.2.1"
    async with bridge.http() as client:
        body: Any = {"json": {}} if method == "POST" else {}
        return (await client.request(method, path, headers=headers, **body)).status_code


async def by_agent(
    bridge: Program, key: str | None = None, token: str = AGENT_TOKEN, **body: Any
) -> tuple[int, dict[str, Any]]:
    headers = {} if key is None else {"idempotency-key": key}
    async with bridge.http(token) as client:
        answer = await client.post("/calls", json={"to": CALLEE, **body}, headers=headers)
    return answer.status_code, answer.json()


async def get(bridge: Program, path: str, token: str = AGENT_TOKEN) -> tuple[int, Any]:
    async with bridge.http(token) as client:
        answer = await client.get(path)
    return answer.status_code, answer.json()


async def test_an_agent_s_call_is_on_record_as_its_own(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN) as bridge:
        status, placed = await by_agent(bridge, message=MESSAGE)
        _, found = await get(bridge, f"/calls/{placed['id']}")

    assert (status, placed["source"], placed["owner"]) == (201, "agent", "agent")
    assert (found["remote"], found["line"], found["message"]) == (CALLEE, LINE, MESSAGE)


async def test_it_lists_its_own_calls_whoever_s_it_asks_for(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN, **OPEN) as bridge:
        _, ours = await by_agent(bridge, message=MESSAGE)
        await post(bridge, to=SOMEBODY, message=MESSAGE)
        await office.platform.ring(SOMEBODY, LINE)
        lists = [await get(bridge, f"/calls{q}") for q in ("", "?owner=operator", "?owner=")]

    for status, told in lists:
        assert (status, [call["id"] for call in told["calls"]]) == (200, [ours["id"]])


async def test_another_s_call_is_answered_as_one_that_is_not_there(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN) as bridge:
        _, theirs = await post(bridge, message=MESSAGE)
        for path in ("", "/transcript"):
            other = await get(bridge, f"/calls/{theirs['id']}{path}")
            missing = await get(bridge, f"/calls/call_0000000000000000{path}")
            assert other == missing


async def test_it_reads_what_was_said_and_ends_its_call(office: Office) -> None:
    async with FakeAgent() as agent, calling_out(office, agent, **HAS_TOKEN) as bridge:
        agent.reply("Late.")
        _, placed = await by_agent(bridge, message=MESSAGE)
        call = picks_up(office)
        await call.say("How late?")
        await until(bridge, placed["id"], "answered")
        async with bridge.http(AGENT_TOKEN) as client:
            told = (await client.delete(f"/calls/{placed['id']}")).json()
        turn = await call.say("Hello?")
        await office.platform.post_call(call)
        await until(bridge, placed["id"], "ended")
        _, said = await get(bridge, f"/calls/{placed['id']}/transcript")
        _, over = await get(bridge, f"/calls/{placed['id']}")

    assert "at its next turn" in told["note"]
    assert [tool.name for tool in turn.tools] == ["end_call"]
    assert [turn["utterance"] for turn in said["turns"]] == ["How late?", "Hello?"]
    assert (over["outcome"], over["fault"]) == ("completed", "agent")


async def test_the_guard_holds_for_agents_and_names_its_rule(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN, POLICY__OUTBOUND__HOURS="03:00-03:01") as b:
        emergency, told = await by_agent(b, to="911", message=MESSAGE)
        hours, late = await by_agent(b, message=MESSAGE)
        dry, verdict = await by_agent(b, to="911", dry_run=True)
    async with calling_out(office, None, **HAS_TOKEN, POLICY__OUTBOUND__AGENTS="false") as b:
        agents, not_let = await by_agent(b, message=MESSAGE)
        operator, _ = await post(b, message=MESSAGE)

    assert (emergency, told["error"]["rule"]) == (403, "emergency")
    assert (hours, late["error"]["rule"]) == (403, "hours")
    assert (dry, verdict["allowed"], verdict["rule"]) == (200, False, "emergency")
    assert (agents, not_let["error"]["rule"], operator) == (403, "agents", 201)


async def test_it_does_not_choose_into_which_session_a_stranger_speaks(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN) as bridge:
        status, told = await by_agent(bridge, message=MESSAGE, session="main")

    assert (status, told["error"]["code"]) == (403, "not_allowed")
    assert office.platform.requests == []


async def test_its_keys_are_its_own(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN) as bridge:
        operator, first = await post(bridge, "seven", message=MESSAGE)
        agent, second = await by_agent(bridge, "seven", to=SOMEBODY, message=MESSAGE)
        again, third = await by_agent(bridge, "seven", to=SOMEBODY, message=MESSAGE)

    assert (operator, agent, again) == (201, 201, 200)
    assert first["id"] != second["id"] == third["id"]


async def test_its_haste_costs_the_operator_nothing(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN, LIMITS__PER_MINUTE="3") as bridge:
        statuses = [(await get(bridge, "/calls"))[0] for _ in range(4)]
        operator, _ = await get(bridge, "/stop", OPERATOR_TOKEN)

    assert (statuses, operator) == ([200, 200, 200, 429], 200)


async def test_a_token_counts_from_the_moment_it_is_made_until_its_file_is_gone(
    office: Office,
) -> None:
    async with calling_out(office) as bridge:
        before, _ = await get(bridge, "/calls", AGENT_TOKEN)
        settings = ensure_agent_token(load(environ=_environ(office), cwd=office.state))
        assert isinstance(settings.server.agent_token, SecretStr)
        token = settings.server.agent_token.get_secret_value()
        made, _ = await get(bridge, "/calls", token)
        file = office.state / "agent-token"
        mode = file.stat().st_mode & 0o777
        file.write_text("cut")
        damaged, _ = await get(bridge, "/calls", token)
        file.unlink()
        gone, _ = await get(bridge, "/calls", token)

    assert (before, made, damaged, gone) == (401, 200, 401, 401)
    assert mode == 0o600


async def test_a_token_that_is_made_while_it_runs_replaces_the_one_at_start(
    office: Office,
) -> None:
    settings = load(environ=_environ(office), cwd=office.state)
    first = ensure_agent_token(settings).server.agent_token
    async with calling_out(office) as bridge:
        (office.state / "agent-token").unlink()
        second = ensure_agent_token(settings).server.agent_token
        assert first is not None
        assert second is not None
        old, _ = await get(bridge, "/calls", first.get_secret_value())
        new, _ = await get(bridge, "/calls", second.get_secret_value())

    assert (old, new) == (401, 200)


def _environ(office: Office) -> dict[str, str]:
    return {"HOME": str(office.state), "BRIDGE_STATE_DIR": str(office.state)}


async def test_no_reason_is_told_to_an_agent(office: Office) -> None:
    async with calling_out(office, None, **HAS_TOKEN) as bridge:
        _, operator = await get(bridge, "/readyz", OPERATOR_TOKEN)
        _, agent = await get(bridge, "/readyz")
        _, nobody = await get(bridge, "/readyz", "x")

    assert agent == nobody != operator


def test_starting_makes_no_agent_s_token(tmp_path: Path) -> None:
    """Making one is how the operator lets an agent call: it never happens by itself."""
    environ = {"HOME": str(tmp_path), "BRIDGE_STATE_DIR": str(tmp_path / "state")}
    settings = ensure_tokens(load(environ=environ, cwd=tmp_path))

    assert settings.server.agent_token is None
    assert not (tmp_path / "state" / "agent-token").exists()
