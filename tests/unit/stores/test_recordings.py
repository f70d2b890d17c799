"""The sound of calls as files."""

import base64
import stat
from pathlib import Path

import pytest

from bridge.errors import BadRequest, VendorUnavailable
from bridge.stores.sqlite import Recordings
from bridge.stores.sqlite.recordings import PIECE

pytestmark = pytest.mark.anyio

SOUND = bytes(range(256)) * 4096


def encoded(sound: bytes = SOUND) -> memoryview:
    return memoryview(base64.b64encode(sound))


async def test_a_sound_is_kept_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    assert len(encoded()) > 2 * PIECE

    name = await recordings.keep("conv_1", encoded())

    file = recordings.folder / name
    assert file.read_bytes() == SOUND
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_what_is_delivered_twice_is_one_file(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)

    names = {await recordings.keep(c, encoded()) for c in ("conv_1", "conv_1", "conv_2")}

    assert {file.name for file in recordings.folder.iterdir()} == names
    assert len(names) == 2


async def test_half_a_sound_leaves_nothing(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)

    with pytest.raises(BadRequest, match="base64"):
        await recordings.keep("conv_1", memoryview(b"SUQz" * PIECE + b"!!!!"))
    assert list(recordings.folder.iterdir()) == []


async def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("in the way")

    with pytest.raises(VendorUnavailable):
        await Recordings(tmp_path).keep("conv_1", encoded())


async def test_discarding_takes_what_is_there_and_never_leaves_the_folder(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    name = await recordings.keep("conv_1", encoded())
    outside = tmp_path / "bridge.db"
    outside.touch()

    recordings.discard([name, "gone.mp3", "../bridge.db"])

    assert list(recordings.folder.iterdir()) == []
    assert outside.exists()
