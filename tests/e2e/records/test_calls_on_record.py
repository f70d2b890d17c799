"""Records of calls as an operator meets them: the platform calls, reports, and `bridge calls` shows.

Our own promises: design 11.
"""

import asyncio
import base64
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.clock import wall_s
from tests.e2e.provision.office import APPLY, LINE, PUBLIC, Office
from tests.e2e.provision.office import Said as Printed
from tests.fakes.agent import FakeAgent
from tests.fakes.caller import CALLER, OPEN
from tests.fakes.elevenlabs.call import Call
from tests.fakes.post_call import raw, signature
from tests.fakes.program import OPERATOR_TOKEN, Program, program

Json = dict[str, Any]
SECRET = {"ELEVENLABS__WEBHOOK_SECRET": "wsec_of_these_tests"}
POST_CALL = "/webhooks/elevenlabs/post-call"


@asynccontextmanager
async def open_for_calls(
    office: Office, agent: FakeAgent | None = None, **settings: str
) -> AsyncIterator[Program]:
    """A server with the office's settings and state, where the platform finds it."""
    own = {
        name: office.settings[name]
        for name in ("STATE_DIR", "ELEVENLABS__API_KEY", "ELEVENLABS__BASE_URL")
    }
    calm = {"LIMITS__PER_NUMBER_PER_MINUTE": "0"}
    async with program(agent, {**own, **calm, **OPEN, **settings}) as bridge:
        office.platform.ways[PUBLIC] = bridge.served.url
        yield bridge


@pytest.fixture
async def provisioned(office: Office) -> Office:
    applied = await office.types(*APPLY)
    assert applied.code == 0, applied.err
    return office


async def spoken(office: Office, *said: str, caller: str = CALLER) -> Call:
    """A whole call."""
    call = await office.platform.ring(caller, LINE)
    for utterance in said:
        await call.say(utterance)
    await call.hang_up()
    return call


async def reported(office: Office, call: Call) -> None:
    answer = await office.platform.post_call(call)
    assert answer is not None
    assert answer.status_code == 200, answer.text


async def shown(office: Office, *arguments: str) -> Any:
    """What `bridge calls … --json` prints."""
    printed = await office.types("calls", *arguments, "--json")
    assert printed.code == 0, printed.err
    return printed.json


async def one(office: Office) -> Json:
    """The only call on record, whole."""
    (call,) = await shown(office)
    whole: Json = await shown(office, call["id"])
    return whole


# -- a call ---------------------------------------------------------------------------------------


async def test_a_call_is_on_record_from_its_first_ring_to_its_report(provisioned: Office) -> None:
    office = provisioned
    async with open_for_calls(office):
        call = await office.platform.ring(CALLER, LINE)
        ringing = await until_shown(office, state="placed")
        await call.say("spell cat")
        await call.say("What is 2 plus 3?")
        talking = await until_shown(office, state="answered", turns=2)
        await call.hang_up()
        await reported(office, call)
        ended = await one(office)

    assert (ringing["source"], ringing["direction"]) == ("inbound", "inbound")
    assert ringing["remote"] == "+1555•••1234"
    assert talking["id"] == ringing["id"] == ended["id"]
    assert (ended["state"], ended["outcome"], ended["fault"]) == ("ended", "completed", "nobody")
    assert ended["cause"] == "The other side hung up."
    assert ended["conversation"] == call.conversation_id
    first, second = ended["turns"]
    assert first["utterance"] == "spell cat"
    assert first["sent"].endswith("cat is spelled C, A, T.")
    assert first["heard"] == first["sent"].strip()
    assert "5" in second["sent"]
    assert sum(second["stages_s"].values()) > 0


async def until_shown(office: Office, *, state: str, turns: int = 0) -> Json:
    async with asyncio.timeout(5):
        while True:
            calls = await shown(office)
            if calls and calls[0]["state"] == state:
                whole: Json = await shown(office, calls[0]["id"])
                if len(whole["turns"]) >= turns:
                    return whole


async def test_a_person_reads_list_page_and_search(provisioned: Office) -> None:
    office = provisioned
    async with open_for_calls(office):
        call = await spoken(office, "spell zeppelin", "What is 2 plus 3?")
        await reported(office, call)

    whole = await one(office)
    listed = await office.types("calls")
    page = await office.types("calls", whole["id"][:9])
    found = await office.types("calls", "--search", "ZEPPEL")
    nothing = await office.types("calls", "--search", "umbrella")
    assert "completed" in listed.out
    assert "+1555•••1234" in listed.out
    assert "caller  spell zeppelin" in page.out
    assert "Z, E, P, P, E, L, I, N" in page.out
    assert "spell zeppelin" in found.out
    assert len(found.out.splitlines()) == 2
    assert len(nothing.out.splitlines()) == 1


async def test_what_was_cut_off_is_shown_as_sent_and_as_heard(provisioned: Office) -> None:
    office = provisioned
    async with FakeAgent() as agent, open_for_calls(office, agent):
        agent.reply("The zeppelin leaves on Thursday, at nine.")
        call = await office.platform.ring(CALLER, LINE)
        await call.say("When does it leave?")
        call.messages[-1]["content"] = "The zeppelin leaves"
        await call.hang_up()
        await reported(office, call)

    (turn,) = (await one(office))["turns"]
    assert (turn["sent"], turn["heard"]) == (
        "The zeppelin leaves on Thursday, at nine.",
        "The zeppelin leaves",
    )
    page = await office.types("calls", (await one(office))["id"])
    assert "heard   The zeppelin leaves\n" in page.out


async def test_a_failure_of_the_agent_is_on_record_with_what_the_caller_heard(
    provisioned: Office,
) -> None:
    office = provisioned
    async with FakeAgent() as agent, open_for_calls(office, agent):
        agent.refuse(503)
        await spoken(office, "Hello?")

    (turn,) = (await one(office))["turns"]
    assert (turn["outcome"], turn["sent"]) == ("failed", "")
    assert turn["failure"] == "upstream_unavailable server"
    assert turn["ours"]


async def test_fillers_are_kept_apart_from_the_reply(provisioned: Office) -> None:
    office = provisioned
    async with (
        FakeAgent() as agent,
        open_for_calls(office, agent, TURN__FIRST_WORDS_MS="50") as bridge,
    ):
        agent.reply("Here it is.", after_s=0.2)
        async with bridge.http(x_bridge_conversation="conv_slow") as client:
            body = {"stream": True, "messages": [{"role": "user", "content": "Well?"}]}
            await client.post("/v1/chat/completions", json=body)

    (turn,) = (await one(office))["turns"]
    assert turn["sent"] == "Here it is."
    assert len(turn["fillers"]) >= 1


async def test_a_refused_call_is_on_record_and_says_by_which_rule(provisioned: Office) -> None:
    office = provisioned
    async with open_for_calls(office, POLICY__INBOUND="disabled"):
        call = await office.platform.ring(CALLER, LINE)
        await call.hang_up()
        await reported(office, call)

    found = await one(office)
    assert (found["outcome"], found["fault"], found["turns"]) == ("refused", "policy", [])
    assert "disabled" in found["cause"]


async def test_a_request_that_stands_alone_is_no_call(provisioned: Office) -> None:
    office = provisioned
    async with open_for_calls(office) as bridge, bridge.http() as client:
        body = {"stream": True, "messages": [{"role": "user", "content": "Hi"}]}
        assert (await client.post("/v1/chat/completions", json=body)).status_code == 200

    assert await shown(office) == []


# -- reports --------------------------------------------------------------------------------------


async def test_a_report_ten_times_and_after_a_restart_changes_the_record_once(
    provisioned: Office,
) -> None:
    office = provisioned
    async with open_for_calls(office):
        call = await spoken(office, "spell cat")
        await asyncio.gather(*(reported(office, call) for _ in range(10)))
        once = await one(office)
    office.platform.conversations[call.conversation_id]["metadata"]["call_duration_secs"] = 999
    async with open_for_calls(office):
        await reported(office, call)
        assert await one(office) == once

    assert once["reported"] == ["post_call_transcription"]


async def test_a_call_that_nobody_reported_is_asked_about_at_the_next_start(
    provisioned: Office,
) -> None:
    office = provisioned
    async with open_for_calls(office):
        call = await office.platform.ring(CALLER, LINE)
        await call.say("spell cat")
    await call.hang_up()
    assert (await one(office))["state"] == "answered"

    async with open_for_calls(office):
        ended = await until_shown(office, state="ended")

    assert (ended["outcome"], ended["cause"]) == ("completed", "The other side hung up.")


async def deliver(bridge: Program, body: Json) -> httpx.Response:
    content = raw(body)
    signed = signature(content, wall_s(), SECRET["ELEVENLABS__WEBHOOK_SECRET"])
    async with bridge.http(token="none", content_type="application/json") as client:
        return await client.post(
            POST_CALL, content=content, headers={"elevenlabs-signature": signed}
        )


def told(kind: str, **data: Any) -> Json:
    return {"type": kind, "data": {"agent_id": "a", "conversation_id": "conv_1", **data}}


async def test_a_call_that_could_not_be_placed_says_why(office: Office) -> None:
    async with open_for_calls(office, None, **SECRET) as bridge:
        busy = told("call_initiation_failure", failure_reason="busy")
        assert (await deliver(bridge, busy)).status_code == 200

    found = await one(office)
    assert (found["outcome"], found["fault"], found["cause"]) == (
        "busy",
        "remote",
        "The line was busy.",
    )


SOUND = b"ID3" + bytes(range(256)) * 30_000


async def test_sound_is_kept_only_when_that_was_asked_for(office: Office) -> None:
    body = told("post_call_audio", full_audio=base64.b64encode(SOUND).decode())
    folder = office.state / "recordings"
    async with open_for_calls(office, None, **SECRET, LIMITS__BODY_BYTES="1000") as bridge:
        small = told("post_call_audio", full_audio="SUQz")
        assert (await deliver(bridge, small)).status_code == 200
    assert not folder.exists()
    assert await shown(office) == []

    async with open_for_calls(office, None, **SECRET, RECORDS__KEEP_AUDIO="true") as bridge:
        for _ in range(2):
            assert (await deliver(bridge, body)).status_code == 200
    found = await one(office)
    file = folder / found["recording"]
    assert file.read_bytes() == SOUND
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    async with (
        open_for_calls(office, None, **SECRET) as bridge,
        bridge.http(OPERATOR_TOKEN) as operator,
    ):
        over = told("post_call_transcription", status="done")
        assert (await deliver(bridge, over)).status_code == 200
        erased = await operator.delete(f"/calls/{found['id']}?erase=true")
        again = await operator.delete(f"/calls/{found['id']}?erase=true")
    assert (erased.status_code, again.status_code) == (200, 404)
    assert erased.json() == {"erased": {"calls": 1, "turns": 0}}
    assert list(folder.iterdir()) == []


async def test_old_calls_are_gone_at_the_next_start(office: Office) -> None:
    body = told(
        "post_call_transcription",
        status="done",
        metadata={"start_time_unix_secs": wall_s() - 91 * 86_400},
    )
    async with open_for_calls(office, None, **SECRET, RECORDS__KEEP_DAYS="0") as bridge:
        assert (await deliver(bridge, body)).status_code == 200
    assert len(await shown(office)) == 1

    async with open_for_calls(office), asyncio.timeout(5):
        while await shown(office):
            pass


async def test_records_that_cannot_be_written_make_the_platform_tell_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = told("post_call_transcription", status="done")
    async with open_for_calls(office, None, **SECRET) as bridge:
        (office.state / "bridge.db").chmod(0o600)
        await _break(office.state)
        broken = await deliver(bridge, body)
        async with bridge.http(x_bridge_conversation="conv_2") as client:
            asked = {"stream": True, "messages": [{"role": "user", "content": "spell cat"}]}
            talked = await client.post("/v1/chat/completions", json=asked)

    assert broken.status_code == 502
    assert "C, A, T" in "".join(
        json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
        for line in talked.text.splitlines()
        if line.startswith("data: {")
    )


async def _break(state: Path) -> None:
    """The table is gone under the program's feet."""
    import sqlite3  # noqa: PLC0415 - nothing else here knows the database

    connection = sqlite3.connect(state / "bridge.db")
    connection.execute("DROP TABLE turns")
    connection.execute("DROP TABLE calls")
    connection.commit()
    connection.close()


# -- the operator ---------------------------------------------------------------------------------


async def many(bridge: Program, count: int) -> None:
    for number in range(count):
        body = told("post_call_transcription", status="done")
        body["data"]["conversation_id"] = f"conv_{number}"
        body["data"]["metadata"] = {
            "start_time_unix_secs": wall_s() - 3600 * number,
            "phone_call": {
                "direction": "inbound",
                "external_number": CALLER if number % 2 else "+14155550123",
            },
        }
        assert (await deliver(bridge, body)).status_code == 200


async def test_the_same_is_read_from_a_server_elsewhere(office: Office) -> None:
    async with open_for_calls(office, None, **SECRET) as bridge:
        await many(bridge, 3)
        url = bridge.served.url
        for arguments in (
            (),
            ("--remote", CALLER),
            ("--outcome", "busy"),
            ("--since", "90m"),
            ("--search", "x"),
            ("--reveal",),
        ):
            here = await shown_raw(office, *arguments)
            there = await shown_raw(office, *arguments, "--url", url)
            assert json.loads(here.out) == json.loads(there.out)
        (first, *_) = json.loads((await shown_raw(office)).out)
        whole = await shown(office, first["id"], "--url", url)
        assert whole == await shown(office, first["id"])
        missing = await office.types("calls", "call_nobody", "--url", url)
    assert missing.code == 5


async def shown_raw(office: Office, *arguments: str) -> Printed:
    """As `shown`, unsearched: `--reveal` prints numbers on purpose."""
    kept, office.known = office.known, []
    printed = await office.types("calls", *arguments, "--json")
    office.known = kept
    assert printed.code == 0, printed.err
    return printed


async def test_an_export_has_every_call_and_is_for_its_owner_only(
    office: Office, tmp_path: Path
) -> None:
    async with open_for_calls(office, None, **SECRET) as bridge:
        await many(bridge, 5)
    lines, table = tmp_path / "calls.jsonl", tmp_path / "calls.csv"

    for file in (lines, table):
        printed = await office.types("calls", "--export", str(file))
        assert (printed.code, printed.out) == (0, "")
        assert "Wrote 5 calls" in printed.err
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = await office.types("calls", "--export", str(lines))

    calls = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [call["conversation"] for call in calls] == [f"conv_{n}" for n in range(5)]
    assert all("turns" in call for call in calls)
    assert len(table.read_text().splitlines()) == 6
    assert CALLER not in table.read_text() + lines.read_text()
    assert again.code == 2


async def test_latency_is_on_record_when_no_server_runs(provisioned: Office) -> None:
    office = provisioned
    nobody = await office.types("latency", "--json")
    async with open_for_calls(office):
        await spoken(office, "spell cat")
    figures = await office.types("latency", "--json")

    assert nobody.code != 0
    assert (figures.json["turns"], set(figures.json["stages_s"]["think"])) == (
        1,
        {"p50", "p90", "p99"},
    )


async def test_with_nothing_on_record_there_is_an_empty_list_and_no_file(office: Office) -> None:
    listed = await office.types("calls")
    missing = await office.types("calls", "call_1")

    assert (listed.code, len(listed.out.splitlines())) == (0, 1)
    assert missing.code == 2
    assert not (office.state / "bridge.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [("--since", "soon"), ("--outcome", "fine"), ("--remote", "12"), ("--limit", "0")],
)
async def test_a_wrong_filter_is_a_mistake_in_use(office: Office, arguments: tuple[str]) -> None:
    async with open_for_calls(office):
        pass
    assert (await office.types("calls", *arguments)).code == 2


@pytest.mark.parametrize(
    "path",
    [
        "/calls?limit=0",
        "/calls?limit=x",
        "/calls?cursor=x",
        "/calls?since=nan",
        "/calls?since=x",
        "/calls?direction=up",
        "/calls?live=perhaps",
        "/calls?outcome=x",
        "/calls?remote=x",
    ],
)
async def test_a_wrong_query_is_a_400_that_repeats_nothing(office: Office, path: str) -> None:
    async with open_for_calls(office) as bridge, bridge.http(OPERATOR_TOKEN) as operator:
        answer = await operator.get(path)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == path.partition("?")[2].partition("=")[0]


async def test_only_the_operator_reads_calls(office: Office) -> None:
    async with open_for_calls(office) as bridge:
        for path in ("/calls", "/calls/call_1", "/calls/call_1/transcript", "/events"):
            async with bridge.http() as platform:
                assert (await platform.get(path)).status_code == 401
        async with bridge.http(OPERATOR_TOKEN) as operator:
            assert (await operator.get("/calls/call_1")).status_code == 404
            assert (await operator.get("/calls/call_1/transcript")).status_code == 404


# -- live -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [False, True])
async def test_what_happens_is_shown_live_and_words_only_when_asked_for(
    provisioned: Office, words: bool
) -> None:
    office = provisioned
    more = ("--words",) if words else ()
    async with open_for_calls(office) as bridge, asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tail = tasks.create_task(
            office.types("tail", "--json", "--count", "4", "--url", bridge.served.url, *more)
        )
        async with bridge.http(OPERATOR_TOKEN) as _operator:
            while not len(bridge.bridge.feed):
                await asyncio.sleep(0.01)
        call = await spoken(office, "spell zeppelin")
        await reported(office, call)
        printed = await tail

    assert printed.code == 0, printed.err
    events = [json.loads(line) for line in printed.out.splitlines()]
    assert [event["event"] for event in events] == [
        "call.rang",
        "turn.finished",
        "call.reported",
        "call.ended",
    ]
    assert ("zeppelin" in printed.out) == words
    assert len({event["call"] for event in events}) == 1


async def test_a_watcher_does_not_hold_up_the_end(office: Office) -> None:
    async with open_for_calls(office) as bridge, bridge.http(OPERATOR_TOKEN) as operator:
        async with operator.stream("GET", "/events") as stream, asyncio.timeout(5):
            lines = stream.aiter_lines()
            assert await anext(lines) == ": watching"
            bridge.bridge.gate.draining = True
            async for _line in lines:
                pass
        bridge.bridge.gate.draining = False
