"""The machine's time zone by its name, as Linux and macOS keep it."""

from pathlib import Path

import pytest

from bridge.settings.zone import machine_zone

NOWHERE = Path("/nowhere/localtime")


@pytest.mark.parametrize(
    ("stated", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":America/New_York", "America/New_York"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", None),
        ("Mars/Olympus", None),
        ("/usr/share/zoneinfo/UTC", None),
    ],
)
def test_tz_comes_first_and_what_is_no_name_counts_as_none(
    tmp_path: Path, stated: str, zone: str | None
) -> None:
    written = tmp_path / "timezone"
    written.write_text("Asia/Tokyo\n")

    assert machine_zone({"TZ": stated}, NOWHERE, written) == zone


@pytest.mark.parametrize(
    "target",
    [
        "/usr/share/zoneinfo/Australia/Lord_Howe",
        "../usr/share/zoneinfo/Australia/Lord_Howe",
        "/var/db/timezone/zoneinfo/Australia/Lord_Howe",
    ],
)
def test_the_link_says_which(tmp_path: Path, target: str) -> None:
    localtime, written = tmp_path / "localtime", tmp_path / "timezone"
    localtime.symlink_to(target)
    written.write_text("Asia/Tokyo\n")

    assert machine_zone({}, localtime, written) == "Australia/Lord_Howe"


def test_else_the_file_says_which(tmp_path: Path) -> None:
    localtime, written = tmp_path / "localtime", tmp_path / "timezone"
    localtime.write_bytes(b"TZif2")
    written.write_text("Asia/Tokyo\n")

    assert machine_zone({}, localtime, written) == "Asia/Tokyo"


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"no zone at all\n"])
def test_a_machine_that_does_not_say_has_none(tmp_path: Path, text: bytes) -> None:
    written = tmp_path / "timezone"
    written.write_bytes(text)

    assert machine_zone({}, NOWHERE, written) is None
    assert machine_zone({}, NOWHERE, NOWHERE) is None
