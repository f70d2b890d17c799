"""Which scenarios are meant: by a name, a pattern, a file or a folder."""

from pathlib import Path

import pytest

from bridge.errors import ScenarioError
from bridge.rehearsal.choosing import choose, shipped_names, shipped_text
from bridge.rehearsal.reading import shipped

TEXT = 'title = "Mine."\n[[lines]]\nsays = "hello"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*chosen: str) -> list[str]:
    return [scenario.name for scenario in choose(chosen)]


def test_nothing_named_is_everything_that_is_shipped() -> None:
    assert names() == shipped_names() == [scenario.name for scenario in shipped()]
    assert len(names()) >= 16


def test_a_name_is_one_and_a_pattern_all_that_fit() -> None:
    assert names("pin") == ["pin"]
    assert names("outbound-*") == [name for name in shipped_names() if name.startswith("outbound-")]


def test_each_is_meant_once_in_the_order_they_were_named() -> None:
    assert names("pin", "outbound-*", "p[i]n", "pin")[:2] == ["pin", "outbound-conversation"]
    assert names("pin", "pin") == ["pin"]


def test_a_file_and_a_folder_are_read(folder: Path) -> None:
    (folder / "b.toml").write_text(TEXT)
    (folder / "a.toml").write_text(TEXT)
    (folder / "notes.md").write_text("no scenario")
    (folder / "odd").write_text(TEXT)

    assert names("b.toml") == ["b"]
    assert names(".") == ["a", "b"]
    assert names("./odd") == ["odd"]
    assert names("pin", "b.toml") == ["pin", "b"]


def test_a_shipped_name_stands_before_a_file_of_that_name(folder: Path) -> None:
    (folder / "pin").mkdir()

    assert choose(["pin"])[0].file == "pin.toml"


def test_two_files_of_one_name_are_two_scenarios(folder: Path) -> None:
    (folder / "pin.toml").write_text(TEXT)

    assert names("pin", "./pin.toml") == ["pin", "pin"]


def test_files_of_one_name_in_two_folders_are_both_meant(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "a.toml").write_text(TEXT)

    assert names("one", "two", "one/a.toml") == ["a", "a"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder: Path) -> None:
    (folder / "a[1].toml").write_text(TEXT)

    assert names("a[1].toml") == ["a[1]"]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("bargein", "did you mean 'barge-in'?"),
        ("zzz", "--list shows them all"),
        ("zzz-*", "no scenario's name fits 'zzz-*'"),
        ("empty", "the folder 'empty' has no .toml file"),
    ],
)
def test_what_means_nothing_is_answered_with_what_was_perhaps_meant(
    folder: Path, text: str, advice: str
) -> None:
    (folder / "empty").mkdir()

    with pytest.raises(LookupError, match=advice.replace("*", r"\*").replace("?", r"\?")):
        choose([text])


def test_a_file_that_is_not_there_is_a_bad_file_and_not_a_bad_name() -> None:
    with pytest.raises(ScenarioError):
        choose(["none.toml"])


def test_the_text_of_a_shipped_one_can_be_had() -> None:
    assert 'policy.pin = "4711"' in shipped_text("pin")
