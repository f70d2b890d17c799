"""What a call of ours is for, when its turns come, and whether it is to be hung up."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bridge.calls import errands as of_calls
from bridge.calls.errands import Errand, Errands, as_our_id, carrier_id, our_id
from bridge.core.identity import CallIdentity
from bridge.core.record import Mode
from bridge.errors import VendorUnavailable
from bridge.ports.desk import Switch
from bridge.ports.records import Records
from bridge.stores import sqlite
from tests.fakes.calls_on_record import call, placed

pytestmark = pytest.mark.anyio

OURS = "call_0123456789abcdef"
ERRAND = Errand(Mode.CONVERSATION, 100.0, "Good evening.", "Ask about the terrace.")
IDENTITY = CallIdentity(call=OURS, direction="outbound", is_outbound=True, is_call=True)
INBOUND = CallIdentity(call="CA1", direction="inbound", is_call=True)


@dataclass
class Held:
    """A desk with a switch to turn."""

    now: Switch = field(default_factory=Switch)

    def switch(self) -> Switch:
        return self.now


@dataclass
class Office:
    records: Records
    desk: Held = field(default_factory=Held)

    def errands(self) -> Errands:
        desk: Any = self.desk
        return Errands(self.records, desk)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with sqlite.connect(tmp_path / "bridge.db") as records:
        yield Office(records)


@pytest.mark.parametrize("text", [None, "", "CA1", "call_", OURS.upper(), f"{OURS}0", f"x{OURS}"])
def test_only_an_id_of_ours_is_one(text: str | None) -> None:
    assert as_our_id(text) is None


def test_our_id_is_no_id_of_the_carrier() -> None:
    assert (our_id(IDENTITY), carrier_id(IDENTITY)) == (OURS, None)
    assert (our_id(INBOUND), carrier_id(INBOUND)) == (None, "CA1")


def test_who_calls_in_is_not_believed_to_be_called_by_us() -> None:
    assert our_id(replace(INBOUND, call=OURS)) is None


async def test_an_errand_is_at_hand_once_it_is_kept(office: Office) -> None:
    errands = office.errands()
    errands.keep(OURS, ERRAND)

    assert errands.of(IDENTITY) == ERRAND
    assert errands.of(INBOUND) is None


async def test_it_is_read_from_the_records_after_a_restart(office: Office) -> None:
    await office.records.add(placed(OURS, mode=Mode.NOTIFY, message="Good evening.", brief="Ask."))
    errands = office.errands()
    assert errands.of(IDENTITY) is None

    await errands.recall(IDENTITY)

    assert errands.of(IDENTITY) == Errand(Mode.NOTIFY, 100.0, "Good evening.", "Ask.")


async def test_what_is_at_hand_is_not_read_again(office: Office) -> None:
    errands = office.errands()
    errands.keep(OURS, ERRAND)
    await office.records.add(placed(OURS, mode=Mode.NOTIFY))

    await errands.recall(IDENTITY)

    assert errands.of(IDENTITY) == ERRAND


@pytest.mark.parametrize("there", [False, True], ids=["no such call", "somebody else's"])
async def test_a_call_that_we_did_not_place_has_no_errand(office: Office, there: bool) -> None:
    if there:
        await office.records.add(call(OURS))
    errands = office.errands()

    await errands.recall(IDENTITY)
    await errands.recall(INBOUND)

    assert errands.of(IDENTITY) is None


async def test_records_that_fail_hurt_nobody_on_the_line_and_are_asked_again(
    office: Office,
) -> None:
    await office.records.add(placed(OURS, mode=Mode.NOTIFY))
    records, fails = office.records, [True]

    class Failing:
        async def call(self, call_id: str) -> Any:
            if fails:
                raise VendorUnavailable("no", vendor="sqlite", operation="read")
            return await records.call(call_id)

    broken: Any = Failing()
    errands = replace(office, records=broken).errands()
    await errands.recall(IDENTITY)
    assert errands.of(IDENTITY) is None

    fails.clear()
    await errands.recall(IDENTITY)
    assert errands.of(IDENTITY) is not None


async def test_the_oldest_errands_are_let_go(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_calls, "KEPT", 2)
    errands = office.errands()
    ids = [f"call_{number:016x}" for number in range(3)]
    for name in ids:
        errands.keep(name, ERRAND)

    assert [errands.of(replace(IDENTITY, call=name)) is None for name in ids] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("switch", "placed_s", "stopped"),
    [
        (Switch(), 100.0, False),
        (Switch(is_on=True, stopped_s=90.0), 100.0, True),
        (Switch(is_on=False, stopped_s=100.0), 100.0, True),
        (Switch(is_on=False, stopped_s=99.0), 100.0, False),
        (Switch(is_on=False, stopped_s=100.0), None, False),
        (Switch(is_on=True), None, True),
    ],
    ids=[
        "never stopped",
        "stopped",
        "stopped after it was ordered, and resumed",
        "stopped and resumed before",
        "nothing known of it, and resumed",
        "nothing known of it, and stopped",
    ],
)
async def test_calls_of_ours_are_hung_up_when_everything_was_stopped(
    office: Office, switch: Switch, placed_s: float | None, stopped: bool
) -> None:
    office.desk.now = switch
    errands = office.errands()
    if placed_s is not None:
        errands.keep(OURS, replace(ERRAND, placed_s=placed_s))

    assert errands.is_stopped(IDENTITY) is stopped
    assert not errands.is_stopped(INBOUND)
