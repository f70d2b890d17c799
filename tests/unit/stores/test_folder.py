"""The desk: one order at a time for all processes of a machine, and a kill switch that lasts."""

import asyncio
import stat
from pathlib import Path

import pytest

from bridge.errors import VendorUnavailable
from bridge.ports.desk import Switch
from bridge.stores import folder
from bridge.stores.folder import FILE, LOCK, FolderDesk


async def test_nobody_decides_while_another_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "WITHIN_S", 0.05)
    first, second = FolderDesk(tmp_path), FolderDesk(tmp_path)
    async with first.alone():
        with pytest.raises(VendorUnavailable) as refused:
            await second.alone().__aenter__()
    assert refused.value.asked is False
    async with second.alone():
        pass


async def test_who_waits_comes_next(tmp_path: Path) -> None:
    first, second = FolderDesk(tmp_path), FolderDesk(tmp_path)
    order: list[str] = []

    async def decide() -> None:
        async with second.alone():
            order.append("second")

    async with first.alone(), asyncio.timeout(5):
        waiting = asyncio.ensure_future(decide())
        await asyncio.sleep(0)
        order.append("first")
    async with asyncio.timeout(5):
        await waiting
    assert order == ["first", "second"]


async def test_the_switch_is_off_until_it_is_turned_on_and_stays_so(tmp_path: Path) -> None:
    assert FolderDesk(tmp_path / "none").switch() == Switch(is_on=False, stopped_s=None)
    await FolderDesk(tmp_path).stop(100.0)
    assert FolderDesk(tmp_path).switch() == Switch(is_on=True, stopped_s=100.0)
    await FolderDesk(tmp_path).resume()
    assert FolderDesk(tmp_path).switch() == Switch(is_on=False, stopped_s=100.0)


@pytest.mark.parametrize("kept", ["{", "[]", "{}", '{"is_on": 1, "stopped_s": 2}', "\xff"])
async def test_what_can_not_be_read_counts_as_not_known(tmp_path: Path, kept: str) -> None:
    (tmp_path / FILE).write_text(kept, encoding="latin-1")
    assert FolderDesk(tmp_path).switch().is_on is None
    await FolderDesk(tmp_path).resume()
    assert FolderDesk(tmp_path).switch().is_on is False


async def test_its_files_are_for_their_owner_only_and_no_draft_stays(tmp_path: Path) -> None:
    desk = FolderDesk(tmp_path)
    async with desk.alone():
        await desk.stop(1.0)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([FILE, LOCK])
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


async def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    desk = FolderDesk(tmp_path / "file" / "state")
    with pytest.raises(VendorUnavailable, match="state folder"):
        await desk.stop(1.0)
    with pytest.raises(VendorUnavailable, match="state folder"):
        await desk.alone().__aenter__()


@pytest.mark.parametrize(
    ("switch", "placed_s", "ends"),
    [
        (Switch(), 5.0, False),
        (Switch(is_on=True, stopped_s=4.0), 5.0, True),
        (Switch(is_on=False, stopped_s=4.0), 5.0, False),
        (Switch(is_on=False, stopped_s=5.0), 5.0, True),
        (Switch(is_on=None), 5.0, False),
    ],
)
def test_what_was_ordered_before_it_was_stopped_is_ended(
    switch: Switch, placed_s: float, ends: bool
) -> None:
    assert switch.ends(placed_s) is ends
