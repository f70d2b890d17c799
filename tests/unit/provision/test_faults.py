"""Whatever fails at whichever request says so in one sentence, and the next run finishes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.cli.main import exit_code
from bridge.cli.output import ExitCode
from bridge.errors import SettingsError, VendorError, Why
from bridge.masking import holds_number
from bridge.provision.memory import Busy
from bridge.vendors.elevenlabs import client
from tests.fakes.elevenlabs.faults import Fault, Record
from tests.unit.provision.workbench import TOKEN, Kept, Workbench, workbench

pytestmark = pytest.mark.anyio

FAULTS = {
    Fault.UNAUTHORIZED: (Why.KEY, ExitCode.CREDENTIALS_REFUSED),
    Fault.FORBIDDEN: (Why.PERMISSION, ExitCode.CREDENTIALS_REFUSED),
    Fault.INVALID: (Why.REQUEST, ExitCode.REMOTE_REFUSED),
    Fault.RATE: (Why.RATE, ExitCode.REMOTE_REFUSED),
    Fault.SERVER: (Why.SERVER, ExitCode.REMOTE_REFUSED),
    Fault.HTML: (Why.SERVER, ExitCode.REMOTE_REFUSED),
    Fault.STRING: (Why.REQUEST, ExitCode.REMOTE_REFUSED),
    Fault.OLDER: (Why.REQUEST, ExitCode.REMOTE_REFUSED),
    Fault.NOT_JSON: (Why.UNKNOWN, ExitCode.REMOTE_REFUSED),
    Fault.DROP: (Why.UNREACHABLE, ExitCode.REMOTE_REFUSED),
    Fault.HANG: (Why.LATE, ExitCode.REMOTE_REFUSED),
}
STEPS = [
    "Could not create the secret 'bridge-platform-token'. ",
    "Could not create the secret 'bridge-webhook-token'. ",
    "Could not create the webhook 'bridge-post-call'. ",
    "Could not update the webhook 'bridge-post-call'. ",
    "Could not create the agent 'bridge'. ",
    "Could not import the number '+1555•••0999'. ",
]
READS = ["list agents", "list secrets", "list webhooks", "list numbers"]


@pytest.fixture(scope="module")
async def one_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    async with workbench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture
def bench(one_bench: Workbench, tmp_path: Path) -> Workbench:
    return one_bench.anew(tmp_path / "bench")


@pytest.fixture(scope="module")
async def kept(one_bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Everything is applied."""
    bench = one_bench.anew(tmp_path_factory.mktemp("kept"))
    await bench.apply()
    return bench.keep()


@contextmanager
def _patience(monkeypatch: pytest.MonkeyPatch, how: Fault) -> Iterator[None]:
    """Little of it with who never answers."""
    with monkeypatch.context() as patch:
        patch.setattr(client, "WITHIN_S", 0.5 if how is Fault.HANG else client.WITHIN_S)
        yield


def _check(error: VendorError, how: Fault) -> None:
    assert (error.why, exit_code(error)) == FAULTS[how]
    assert error.hint
    for told in (error.message, error.hint):
        assert TOKEN not in told
        assert not holds_number(told)


@pytest.mark.parametrize("how", FAULTS)
async def test_a_write_that_fails_names_its_step_and_the_next_run_finishes(
    one_bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Fault
) -> None:
    for n, step in enumerate(STEPS, start=1):
        bench = one_bench.anew(tmp_path / str(n))
        bench.fake.fail_write(n, how)
        with _patience(monkeypatch, how), pytest.raises(VendorError) as raised:
            await bench.apply()
        writes = len(bench.fake.writes)
        bench.fake.heal()

        assert raised.value.message.startswith(step), (n, raised.value.message)
        assert writes == n, "asked again"
        _check(raised.value, how)
        await bench.apply()
        assert len(bench.fake.writes) == writes + len(STEPS) - n + 1
        assert await bench.not_kept() == []


@pytest.mark.parametrize("how", FAULTS)
async def test_a_read_that_fails_names_what_was_asked_and_changes_nothing(
    one_bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Fault
) -> None:
    lists = ("agents", "secrets", "webhooks", "phone-numbers")
    bench = one_bench
    for name, read in zip(lists, READS, strict=True):
        bench = one_bench.anew(tmp_path / name)
        bench.fake.fail(("GET", f"/v1/*/{name}"), how)
        with _patience(monkeypatch, how), pytest.raises(VendorError) as raised:
            await bench.apply()
        bench.fake.heal()

        assert raised.value.operation == read
        assert read in raised.value.message
        _check(raised.value, how)
        assert bench.fake.writes == []
    await bench.apply()
    assert await bench.not_kept() == []


@pytest.mark.parametrize("back", ["undo", "destroy"])
@pytest.mark.parametrize("how", FAULTS)
async def test_a_way_back_that_fails_names_its_step_and_the_next_run_finishes(
    one_bench: Workbench,
    kept: Kept,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: Fault,
    back: str,
) -> None:
    deletes = ("number", "agent", "webhook", "secret", "secret")
    for n, thing in enumerate(deletes, start=1):
        bench = one_bench.anew(tmp_path / str(n), kept)
        bench.fake.fail_write(n, how)
        with _patience(monkeypatch, how), pytest.raises(VendorError) as raised:
            await bench.back(back)
        bench.fake.heal()

        assert raised.value.message.startswith(f"Could not delete the {thing} '")
        _check(raised.value, how)
        await bench.back(back)
        assert bench.there() == one_bench.anew(tmp_path / f"empty {n}").there()


async def test_a_key_that_may_not_list_one_thing_is_told_which(bench: Workbench) -> None:
    bench.fake.keys[bench.fake.api_key] = frozenset({"convai_read", "convai_write"})

    with pytest.raises(VendorError, match=r"refuses to list webhooks: .* workspace_read") as raised:
        await bench.apply()

    assert exit_code(raised.value) is ExitCode.CREDENTIALS_REFUSED
    assert bench.fake.writes == []


async def test_a_number_of_another_account_changes_nothing(bench: Workbench) -> None:
    bench.carrier.numbers.clear()

    with pytest.raises(SettingsError, match="not a number of this Twilio account"):
        await bench.apply()

    assert bench.fake.writes == []


@pytest.mark.parametrize("how", [Fault.UNAUTHORIZED, Fault.SERVER, Fault.DROP, Fault.NOT_JSON])
async def test_a_carrier_that_fails_before_the_first_step_changes_nothing(
    bench: Workbench, how: Fault
) -> None:
    bench.carrier.fail(("GET", "*"), how)

    with pytest.raises(VendorError) as raised:
        await bench.apply()

    _check(raised.value, how)
    assert bench.fake.writes == []


async def test_without_the_carriers_account_nothing_is_given_back_by_half(
    one_bench: Workbench, kept: Kept, tmp_path: Path
) -> None:
    bench = one_bench.anew(tmp_path / "bench", kept)
    was = bench.there()
    bench.set["TWILIO__ACCOUNT_SID"] = ""

    with pytest.raises(SettingsError, match="must be set to give the number back"):
        await bench.back("destroy")

    assert bench.there() == was


async def test_an_import_without_the_carriers_account_is_refused_at_once(bench: Workbench) -> None:
    bench.set["TWILIO__ACCOUNT_SID"] = ""

    with pytest.raises(SettingsError, match="importing it needs them"):
        await bench.apply()

    assert bench.fake.writes == []


async def test_without_a_number_nobody_asks_for_numbers(bench: Workbench) -> None:
    bench.set["TWILIO__PHONE_NUMBER"] = ""

    done = await bench.apply()

    assert done[-1] == "create agent agent"
    assert not any("phone-numbers" in request.path for request in bench.fake.requests)


async def test_an_agent_that_is_not_there_is_said_so(bench: Workbench) -> None:
    bench.adopt = "agent_9999"

    with pytest.raises(VendorError, match=r"read agent: .*not found \(HTTP 404\)"):
        await bench.apply()

    assert bench.fake.writes == []


async def test_a_second_run_at_the_same_moment_is_refused(bench: Workbench) -> None:
    refused = 0

    async def meanwhile(_record: Record) -> None:
        nonlocal refused
        with pytest.raises(Busy):
            await bench.plan()
        refused += 1

    bench.fake.after_write = meanwhile
    await bench.apply()

    assert refused == len(STEPS)


async def test_no_secret_and_no_number_stands_in_what_is_shown(bench: Workbench) -> None:
    bench.set["ELEVENLABS__TRANSFER_TO"] = "+15550100222"
    async with bench.opened() as run:
        plan, there = await run.plan()
        told = [repr(plan), repr([step.as_json() for step in plan.steps])]
        secrets = [run.wish.token, run.wish.webhook_token, bench.carrier.token, "key=hidden"]
        told += [repr(run.wish), repr(run.hands)]
        del there

    for text in told:
        assert not holds_number(text)
        assert not any(secret in text for secret in secrets)
