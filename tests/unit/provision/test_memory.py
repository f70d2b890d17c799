"""What is remembered is whole or not there; one run at a time; nothing for other eyes."""

import asyncio
import json
import signal
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import SettingsError
from bridge.provision import memory
from bridge.provision.memory import Busy, Memory, alone, load, post_call_secrets

pytestmark = pytest.mark.anyio

FULL: dict[str, Any] = {
    "ids": {"agent": "agent_1", "token": "sec_1"},
    "digests": {"token": "ab12"},
    "adopted": True,
    "before": [{"path": ["tags"], "before": ["sea"]}, {"path": ["a", "b"]}],
    "numbers": {"phnum_1": {"imported": False, "agent_before": None}},
    "enabled_webhook": "wh_1",
    "former_webhooks": ["wh_0"],
    "making": {"post_call": "bridge-post-call"},
    "public_url": "https://bridge.example.com",
    "last": [{"undo": "restore", "changes": [{"path": ["a"], "before": {"b": [1, None]}}]}],
    "is_open": True,
}


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    kept = Memory(tmp_path, **FULL)
    kept.save()

    assert load(tmp_path) == kept
    assert set(FULL) == set(memory._KEPT), "an attribute that is not kept"


def test_nothing_is_remembered_where_nothing_was_saved(tmp_path: Path) -> None:
    assert load(tmp_path / "not there") == Memory(tmp_path / "not there")
    assert Memory(tmp_path).is_empty


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        json.dumps({"version": 1, **FULL})[:-9],
        "[]",
        "null",
        "{}",
        json.dumps({**FULL, "version": 2}),
        json.dumps({"version": 1, "ids": []}),
        json.dumps({"version": 1, "ids": {"agent": 5}}),
        json.dumps({"version": 1, "adopted": "yes"}),
        json.dumps({"version": 1, "before": [{}]}),
        json.dumps({"version": 1, "before": [{"path": []}]}),
        json.dumps({"version": 1, "last": ["delete"]}),
        json.dumps({"version": 1, "last": [{"changes": [{"path": "a"}]}]}),
        json.dumps({"version": 1, "numbers": {"phnum_1": None}}),
        json.dumps({"version": 1, "former_webhooks": [None]}),
        "\udcff",
    ],
)
def test_a_damaged_file_is_named_with_the_cure(tmp_path: Path, text: str) -> None:
    (tmp_path / "provision.json").write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(SettingsError, match=r"provision\.json' is damaged$") as raised:
        load(tmp_path)

    assert (raised.value.setting, raised.value.hint[:11]) == ("state_dir", "Move it awa")


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "provision.json").mkdir()

    with pytest.raises(SettingsError, match=r"provision\.json' can't be read or written: Is a dir"):
        load(tmp_path)
    with pytest.raises(SettingsError, match=r"provision\.json' can't be read or written: "):
        Memory(tmp_path).save()
    assert [path.name for path in tmp_path.iterdir()] == ["provision.json"], "a draft was left"


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")

    with pytest.raises(SettingsError, match="can't be read or written"), alone(tmp_path / "state"):
        raise AssertionError
    with pytest.raises(SettingsError, match="can't be read or written"):
        Memory(tmp_path / "state").save()


def test_a_write_that_breaks_off_leaves_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Memory(tmp_path, public_url="https://first.example").save()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(SettingsError, match="No space left"):
            Memory(tmp_path, public_url="https://second.example").save()

    assert load(tmp_path).public_url == "https://first.example"
    assert [path.name for path in tmp_path.iterdir()] == ["provision.json"]


def test_files_and_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    kept = Memory(tmp_path / "state")
    kept.save()
    kept.keep_post_call_secret("wsec_1")
    with alone(tmp_path / "state"):
        pass

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept.folder.iterdir()}
    assert modes == {"provision.json": 0o600, "post-call-secret": 0o600, "provision.lock": 0o600}
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700


def test_the_two_newest_webhook_secrets_are_kept_newest_first(tmp_path: Path) -> None:
    kept = Memory(tmp_path)
    assert not kept.knows_post_call_secret

    for secret in ("wsec_1", "wsec_2", "wsec_3", "wsec_2"):
        kept.keep_post_call_secret(secret)

    assert kept.knows_post_call_secret
    assert post_call_secrets(tmp_path) == ("wsec_2", "wsec_3")


def test_what_is_forgotten_is_gone_and_may_be_forgotten_twice(tmp_path: Path) -> None:
    kept = Memory(tmp_path)
    kept.save()
    kept.keep_post_call_secret("wsec_1")

    kept.forget()
    kept.forget()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["ids", "numbers", "making"])
def test_memory_is_empty_only_without_objects(tmp_path: Path, name: str) -> None:
    assert not replace(Memory(tmp_path), **{name: FULL[name]}).is_empty


def test_two_runs_at_once_are_refused_and_one_after_the_other_are_not(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(Busy, match="Another run") as raised, alone(tmp_path):
        raise AssertionError
    assert raised.value.hint
    with alone(tmp_path):
        pass


HOLDER = """
import sys, time
from pathlib import Path
from bridge.provision.memory import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


async def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 5) == b"held\n"
        with pytest.raises(Busy), alone(tmp_path):
            raise AssertionError
    finally:
        process.send_signal(signal.SIGKILL)
        await asyncio.wait_for(process.communicate(), 5)

    with alone(tmp_path):
        pass
