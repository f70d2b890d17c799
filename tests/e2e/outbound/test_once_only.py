"""Whatever fails, and however often it is asked: the telephone rings once, and the record is right.

The platform is the fake one over real sockets, the records are SQLite's, one server is a process
that is killed. Our own promises: design 10.
"""

import asyncio
from signal import SIGKILL

import httpx
import pytest

from bridge import clock
from bridge.core.order import Order
from bridge.core.phone import E164
from bridge.core.record import CallRecord, State
from bridge.ports.desk import Switch
from bridge.wiring.calling import Calling
from tests.e2e.outbound.calling_out import (
    ALLOWED,
    CALLEE,
    DIAL,
    SOMEBODY,
    by_hand,
    calling_out,
    calls,
    dials,
    post,
    rang,
    until,
)
from tests.e2e.provision.office import LINE, Office
from tests.fakes.command import running
from tests.fakes.elevenlabs.faults import Fault, Record
from tests.fakes.program import OPERATOR_TOKEN

MESSAGE = "The zeppelin is delayed."


@pytest.mark.parametrize("how", [Fault.SERVER, Fault.HTML, Fault.DROP, Fault.NOT_JSON])
async def test_an_answer_that_is_lost_is_looked_up_and_never_asked_again(
    office: Office, how: Fault
) -> None:
    office.platform.fail(DIAL, how, done=True)
    async with calling_out(office) as bridge:
        status, call = await post(bridge, message=MESSAGE)
        found = await until(bridge, call["id"], "placed")

    assert (status, call["state"]) == (202, "dialling")
    assert len(dials(office)) == 1
    (placed,) = rang(office)
    assert found["conversation"] == placed["conversation_id"]
    assert found["carrier_call"] == placed["call_sid"]


@pytest.mark.parametrize("how", [Fault.SERVER, Fault.DROP])
async def test_an_order_that_never_arrived_is_not_placed_in_the_end(
    office: Office, how: Fault
) -> None:
    office.platform.fail(DIAL, how)
    async with by_hand(office) as (outgoing, aftermath):
        placed = await outgoing.outbound.place(order())
        assert placed.call is not None
        async with aftermath.working():
            ended = await until_ended(outgoing, placed.call.id)

    assert (ended.outcome, ended.fault) == ("not_placed", "platform")
    assert len(dials(office)) == 1
    assert rang(office) == []


async def test_an_answer_that_does_not_come_is_looked_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.carriers.elevenlabs.DIAL_S", 0.2)
    office.platform.fail(DIAL, Fault.HANG, done=True)
    async with by_hand(office) as (outgoing, aftermath):
        placed = await outgoing.outbound.place(order())
        assert placed.call is not None
        assert placed.error is not None
        assert placed.error.asked
        async with aftermath.working():
            found = await until_state(outgoing, placed.call.id, State.PLACED)

    assert len(dials(office)) == len(rang(office)) == 1
    assert found.conversation == rang(office)[0]["conversation_id"]


async def test_the_platform_says_no_in_a_good_answer(office: Office) -> None:
    office.platform.refuses_calls = f"Account not authorized to call {CALLEE}. Perhaps later."
    async with calling_out(office) as bridge:
        status, told = await post(bridge, message=MESSAGE)

    error = told["error"]
    assert status == 502
    assert "Account not authorized to call +1555•••7001. Perhaps later" in error["message"]
    assert (error["call"]["state"], error["call"]["outcome"]) == ("ended", "failed")
    assert "not authorized" in error["call"]["cause"]
    assert len(dials(office)) == 1


@pytest.mark.parametrize(
    ("how", "status", "fault"),
    [
        (Fault.UNAUTHORIZED, 502, "operator"),
        (Fault.INVALID, 502, "platform"),
        (Fault.RATE, 429, "platform"),
        (Fault.CONCURRENT, 429, "platform"),
    ],
)
async def test_a_refusal_is_told_and_nothing_is_looked_up(
    office: Office, how: Fault, status: int, fault: str
) -> None:
    office.platform.fail(DIAL, how)
    async with calling_out(office) as bridge:
        said, told = await post(bridge, message=MESSAGE)
        (call,) = await calls(bridge)

    assert said == status
    assert told["error"]["call"]["fault"] == fault
    assert (call["state"], call["outcome"]) == ("ended", "failed")
    assert len(dials(office)) == 1
    assert rang(office) == []


async def test_ten_at_once_with_one_key_ring_once(office: Office) -> None:
    async with calling_out(office) as bridge:
        answers = await asyncio.gather(
            *(post(bridge, "booking-7", message=MESSAGE) for _ in range(10))
        )
        again = await post(bridge, "booking-7", message=MESSAGE)

    assert sorted(status for status, _ in answers) == [200] * 9 + [201]
    assert len({call["id"] for _, call in (*answers, again)}) == 1
    assert (again[0], again[1]["state"], again[1]["is_new"]) == (200, "placed", False)
    assert len(dials(office)) == len(rang(office)) == 1


async def test_a_key_is_good_for_one_order(office: Office) -> None:
    async with calling_out(office) as bridge:
        await post(bridge, "booking-7", message=MESSAGE)
        status, told = await post(bridge, "booking-7", message="Something else.")
        other, _ = await post(bridge, "booking-8", to=SOMEBODY, message=MESSAGE)

    assert (status, told["error"]["param"]) == (409, "Idempotency-Key")
    assert other == 201
    assert len(dials(office)) == 2


async def test_a_repeat_after_a_failure_tells_of_the_failure(office: Office) -> None:
    office.platform.refuses_calls = "No."
    async with calling_out(office) as bridge:
        await post(bridge, "booking-7", message=MESSAGE)
        office.platform.refuses_calls = ""
        status, call = await post(bridge, "booking-7", message=MESSAGE)

    assert (status, call["state"], call["outcome"]) == (200, "ended", "failed")
    assert rang(office) == []


async def test_a_repeat_is_answered_though_the_guard_would_refuse_it_by_now(
    office: Office,
) -> None:
    async with calling_out(office, None, POLICY__OUTBOUND__PER_HOUR="1") as bridge:
        await post(bridge, "booking-7", message=MESSAGE)
        status, call = await post(bridge, "booking-7", message=MESSAGE)
        refused, _ = await post(bridge, "booking-8", message=MESSAGE)

    assert (status, call["is_new"], refused) == (200, False, 403)


async def test_limits_hold_when_many_ask_at_once(office: Office) -> None:
    limits = {"POLICY__OUTBOUND__PER_HOUR": "3", "POLICY__OUTBOUND__LIVE_CALLS": "100"}
    async with calling_out(office, None, **limits) as bridge:
        answers = await asyncio.gather(
            *(post(bridge, to=f"+155500070{n:02}", message=MESSAGE) for n in range(12))
        )

    statuses = [status for status, _ in answers]
    assert (statuses.count(201), statuses.count(403)) == (3, 9)
    assert {told["error"]["rule"] for status, told in answers if status == 403} == {"per_hour"}
    assert len(dials(office)) == 3


async def test_a_server_that_is_killed_while_it_asks_rings_once(office: Office) -> None:
    settings = {**office.settings, **ALLOWED}
    async with running("serve", settings=settings) as server:
        url = await server.is_listening()

        async def kill(record: Record) -> None:
            if (record.method, record.path) == DIAL:
                server.signal(SIGKILL)
                raise ConnectionError

        office.platform.after_write = kill
        async with server.client(url, OPERATOR_TOKEN) as client:
            with pytest.raises(httpx.HTTPError):
                await client.post(
                    "/calls",
                    json={"to": CALLEE, "message": MESSAGE},
                    headers={"idempotency-key": "booking-7"},
                )
    office.platform.after_write = None
    (placed,) = rang(office)
    async with calling_out(office) as bridge:
        (call,) = await calls(bridge)
        found = await until(bridge, call["id"], "placed")
        again, repeat = await post(bridge, "booking-7", message=MESSAGE)

    assert found["conversation"] == placed["conversation_id"]
    assert (again, repeat["id"]) == (200, call["id"])
    assert len(dials(office)) == len(rang(office)) == 1


@pytest.mark.parametrize("what", ["a turn", "a report"])
async def test_what_comes_back_of_a_call_whose_answer_was_lost_is_kept_with_it(
    office: Office, what: str
) -> None:
    async with by_hand(office) as (outgoing, _):
        office.platform.fail(DIAL, Fault.DROP, done=True)
        placed = await outgoing.outbound.place(order())
    assert placed.call is not None
    office.platform.fail(("GET", "/v1/convai/conversations"), Fault.SERVER, times=100)
    async with calling_out(office) as bridge:
        (conversation,) = office.platform.ringing
        call = office.platform.answer(conversation)
        if what == "a turn":
            await call.say("spell cat")
            found = await until(bridge, placed.call.id, "answered")
        else:
            await call.hang_up()
            await office.platform.post_call(call)
            found = await until(bridge, placed.call.id, "ended")
        assert len(await calls(bridge)) == 1

    assert found["conversation"] == conversation
    assert found["carrier_call"] in (None, rang(office)[0]["call_sid"])
    assert len(dials(office)) == 1


async def test_what_was_written_down_and_never_dialled_is_not_placed(office: Office) -> None:
    async with by_hand(office) as (outgoing, aftermath):
        now_s = clock.wall_s()
        left = CallRecord(
            id="call_0123456789abcdef",
            direction="outbound",
            source=order().source,
            state=State.RESERVED,
            placed_s=now_s,
            touched_s=now_s,
            remote=E164(CALLEE),
            mode=order().mode,
        )
        await outgoing.means.records.add(left)
        async with aftermath.working():
            ended = await until_ended(outgoing, left.id)

    assert (ended.outcome, ended.fault) == ("not_placed", "bridge")
    assert office.platform.writes == []


async def test_what_is_stopped_after_it_was_decided_is_not_dialled(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    off, on = Switch(), Switch(is_on=True, stopped_s=clock.wall_s())
    said = iter([off])
    async with by_hand(office) as (outgoing, _):
        monkeypatch.setattr(outgoing.means.desk, "switch", lambda: next(said, on))
        placed = await outgoing.outbound.place(order())

    assert placed.call is not None
    assert (placed.call.outcome, placed.call.fault) == ("not_placed", "operator")
    assert office.platform.requests == []


async def test_stopping_counts_from_the_end_of_orders_that_were_just_decided(
    office: Office,
) -> None:
    async with by_hand(office) as (first, _), by_hand(office) as (second, _):
        async with second.means.desk.alone(), asyncio.timeout(5):
            stopping = asyncio.ensure_future(first.outbound.stop())
            while not first.means.desk.switch().is_on:
                await asyncio.sleep(0)
            decided_s = clock.wall_s()
        await stopping
        assert first.means.desk.switch().ends(decided_s)
        await first.outbound.resume()
        assert first.means.desk.switch().ends(decided_s)


async def test_two_processes_count_as_one(office: Office) -> None:
    limits = {"POLICY__OUTBOUND__PER_HOUR": "3", "POLICY__OUTBOUND__LIVE_CALLS": "100"}
    async with by_hand(office, **limits) as (first, _), by_hand(office, **limits) as (second, _):
        placed = await asyncio.gather(
            *(
                outgoing.outbound.place(order(f"+15550007{n:03}"))
                for n, outgoing in enumerate([first, second] * 4)
            )
        )
    assert sum(one.call is not None for one in placed) == 3
    assert len(dials(office)) == 3


# -- what they need --------------------------------------------------------------------------------


def order(to: str = CALLEE, key: str | None = None) -> Order:
    return Order(to=to, line=E164(LINE), message=MESSAGE, key=key)


async def until_state(outgoing: Calling, call_id: str, state: State) -> CallRecord:
    async with asyncio.timeout(5):
        while True:
            call = await outgoing.means.records.call(call_id)
            assert call is not None
            if call.state is state:
                return call
            await asyncio.sleep(0.01)


async def until_ended(outgoing: Calling, call_id: str) -> CallRecord:
    return await until_state(outgoing, call_id, State.ENDED)
