"""An adapter by its name."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from bridge import plugins
from bridge.errors import SettingsError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Somebody else's package, installed by standard metadata: three stores and an impostor."""
    before = set(sys.modules)
    (tmp_path / "acme_stores.py").write_text("who = 'acme'\n")
    (tmp_path / "acme_needy.py").write_text("import a_package_nobody_has\n")
    (tmp_path / "acme_redis.py").write_text("import redis_of_tests.asyncio\n")
    (tmp_path / "acme_broken.py").write_text("import bridge.no_such_room\n")
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[bridge.stores]\nacme = acme_stores\nneedy = acme_needy\nredis_like = acme_redis\n"
        "broken = acme_broken\nmemory = acme_stores\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("acme_"):
            del sys.modules[name]


def test_a_file_of_ours_is_an_adapter() -> None:
    assert plugins.adapter("stores", "memory").__name__ == "bridge.stores.memory"


def test_another_package_joins_by_its_metadata(installed: Path) -> None:
    assert plugins.adapter("stores", "acme").__name__ == "acme_stores"
    assert "acme" in plugins.names("stores")


def test_no_package_can_pose_as_one_of_ours(installed: Path) -> None:
    assert plugins.adapter("stores", "memory").__name__ == "bridge.stores.memory"


def test_a_wrong_name_is_answered_with_those_that_exist(installed: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        plugins.adapter("stores", "acmee", setting="store.name", where="set by --store")

    assert caught.value.message.startswith("store.name is 'acmee': there is no such adapter")
    assert caught.value.message.endswith(" (set by --store)")
    assert all(repr(name) in caught.value.message for name in plugins.names("stores"))
    assert (caught.value.setting, caught.value.hint) == ("store.name", "Did you mean 'acme'?")


@pytest.mark.parametrize("name", ["", ".", "..errors", "memory.x", "__init__", "Memory", "a/b"])
def test_what_is_no_name_finds_nothing(name: str) -> None:
    with pytest.raises(SettingsError, match="there is no such adapter"):
        plugins.adapter("stores", name)


def test_a_package_that_is_missing_is_named(installed: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        plugins.adapter("stores", "needy")

    assert caught.value.message == (
        "'needy' needs the package 'a_package_nobody_has', which is not installed"
    )
    assert caught.value.hint == "pip install 'a_package_nobody_has'"


def test_a_package_that_an_extra_brings_is_installed_by_that_extra(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ["click>=8.1", 'redis-of-tests[hiredis]>=5 ; extra == "shared"']
    monkeypatch.setattr(metadata, "requires", lambda _: ours)

    with pytest.raises(SettingsError) as caught:
        plugins.adapter("stores", "redis_like")

    assert caught.value.hint == "pip install 'bridge[shared]'"


def test_a_fault_of_ours_is_not_taken_for_a_missing_package(installed: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_room"):
        plugins.adapter("stores", "broken")


def test_nothing_is_imported_until_it_is_chosen() -> None:
    program = (
        "import sys; from bridge import plugins; plugins.names('upstreams'); "
        "print([m for m in sys.modules if m.startswith('bridge.upstreams.')])"
    )

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert said.stdout.strip() == "[]"
