"""The settings as a table."""

import pytest
from pydantic import SecretStr

from bridge.settings import Settings
from bridge.settings.table import BORROWED, SETTINGS, VARIABLES, is_section, nearest, render_value


def test_every_setting_says_what_it_is_for_in_a_sentence() -> None:
    unsaid = [row.name for row in SETTINGS.values() if not row.description.rstrip().endswith(".")]

    assert unsaid == []


def test_every_number_with_a_unit_in_its_name_says_the_unit() -> None:
    units = {"_s": "second", "_ms": "millisecond", "_bytes": "bytes", "_chars": "character"}
    unsaid = [
        row.name
        for row in SETTINGS.values()
        for ending, unit in units.items()
        if row.name.endswith(ending) and unit not in row.description.lower()
    ]

    assert unsaid == []


def test_every_token_key_and_code_is_a_secret() -> None:
    named_so = [
        name
        for name in SETTINGS
        if name.endswith(("token", "api_key", "pin")) and not SETTINGS[name].is_secret
    ]

    assert named_so == []


def test_every_name_in_the_environment_leads_to_a_setting() -> None:
    assert set(VARIABLES.values()) == set(SETTINGS)
    assert set(BORROWED.values()) <= set(SETTINGS)
    assert VARIABLES["BRIDGE_STATE_DIR"] == "state_dir"


def test_every_setting_can_be_read_by_its_name_and_nothing_else() -> None:
    settings = Settings()

    assert [settings.value(name) for name in ("server.port", "turn.fillers")] == [8787, 3]
    assert len([settings.value(name) for name in SETTINGS]) == len(SETTINGS)
    with pytest.raises(AttributeError):
        settings.value("turn.grace")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ("", "none"),
        ((), "none"),
        ({}, "none"),
        (SecretStr("s3cret"), "•••• (set)"),
        (True, "true"),
        (False, "false"),
        (20.0, "20"),
        (0.25, "0.25"),
        (0, "0"),
        (("+1415*", "+1416*"), "+1415*, +1416*"),
        ({"acme": {"api_key": "s3cret"}}, "acme"),
    ],
)
def test_values_are_written_for_people_and_secrets_for_nobody(value: object, text: str) -> None:
    assert render_value(value) == text


def test_a_name_like_no_other_has_no_nearest() -> None:
    assert nearest("zzzzzz", SETTINGS) == ""


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("turn", True),
        ("turn.grace_s", False),
        ("upstream.providers", True),
        ("upstream.providers.acme", True),
        ("upstream.providers.acme.deep", False),
    ],
)
def test_a_section_holds_settings(name: str, holds: bool) -> None:
    assert is_section(name) is holds


def test_a_changed_copy_knows_what_changed_and_the_first_stays() -> None:
    before = Settings()

    after = before.changed({"server.port": 1, "turn.fillers": 0}, origin="a test")

    assert (before.server.port, after.server.port, after.turn.fillers) == (8787, 1, 0)
    assert [after.origin(name) for name in ("server.port", "server.host")] == ["a test", "default"]
