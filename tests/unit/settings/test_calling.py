"""The settings about calls out."""

from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.core.calling_hours import CallingHours
from bridge.core.order import OutboundRules
from bridge.core.schedule import Again
from bridge.errors import SettingsError
from bridge.settings import Settings, load
from bridge.settings.calling import Outbound, Schedule
from bridge.settings.table import SETTINGS, is_section


def test_with_nothing_set_the_guard_is_what_it_is_by_itself() -> None:
    assert Outbound().as_rules(()) == OutboundRules()
    assert Schedule().again == Again()


def test_every_setting_of_the_guard_reaches_it() -> None:
    unset = Outbound.model_validate(
        {
            "enabled": False,
            "agents": False,
            "regions": ["US"],
            "allow_to": ["+15550100999"],
            "do_not_call": ["+1900*"],
            "hours": "9:00-17:30",
            "live_calls": 1,
            "per_hour": 2,
            "per_day": 3,
            "per_number_per_hour": 4,
            "per_number_per_day": 5,
            "loop_calls": 7,
            "loop_minutes": 8,
            "money_a_day": 9,
            "minutes_assumed": 1.5,
        }
    ).as_rules(["+15550100"])

    assert unset.hours == CallingHours(540, 1050)
    assert unset.own_lines == {"+15550100"}
    default = OutboundRules()
    same = [f.name for f in fields(default) if getattr(default, f.name) == getattr(unset, f.name)]
    assert same == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("us, ca", ("US", "CA")),
        ('["GB"]', ("GB",)),
        (["de", " AT "], ("DE", "AT")),
        ("*", ("*",)),
        ("", ()),
        (" [] ", ()),
    ],
)
def test_regions_are_kept_in_capitals(given: object, kept: tuple[str, ...]) -> None:
    assert Outbound.model_validate({"regions": given}).regions == kept


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("UK", "write GB"),
        ("EU", "one by one"),
        ("+49", "two letters"),
        ("USA", "two letters"),
        ([5], "a list of regions"),
        (5, "a list of regions"),
        ("[", "a list of regions"),
    ],
)
def test_what_is_no_region_is_refused_with_what_would_be(given: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Outbound.model_validate({"regions": given})


@pytest.mark.parametrize("hours", ["", "8-21", "08:00-08:00", "25:00-26:00"])
def test_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(ValidationError, match=r"hours|different times"):
        Outbound(hours=hours)


def test_hours_are_kept_in_their_plain_form() -> None:
    assert Outbound(hours=" 9:00 - 24:00").hours == "09:00-24:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("money_a_day", "nan"),
        ("money_a_day", "inf"),
        ("money_a_day", -1),
        ("per_day", -1),
        ("loop_calls", 0),
        ("minutes_assumed", 0),
        ("do_not_call", ["mum"]),
        ("allow_to", ["*"]),
        ("allow_to", ["+*"]),
    ],
)
def test_what_would_open_the_guard_by_mistake_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Outbound.model_validate({field: value})


def test_a_setting_two_levels_down_is_read_from_the_environment_and_says_so(tmp_path: Path) -> None:
    settings = load(
        environ={"HOME": str(tmp_path), "BRIDGE_POLICY__OUTBOUND__PER_DAY": "3"}, cwd=tmp_path
    )

    assert settings.policy.outbound.per_day == 3
    assert (
        settings.origin("policy.outbound.per_day")
        == "environment: BRIDGE_POLICY__OUTBOUND__PER_DAY"
    )
    assert settings.value("policy.outbound.hours") == "08:00-21:00"


def test_a_table_two_levels_down_is_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text(
        '[policy]\ninbound = "open"\n[policy.outbound]\nregions = ["GB"]\n[schedule]\nlate_s = 60\n'
    )

    settings = load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)

    assert settings.policy.outbound.regions == ("GB",)
    assert (settings.policy.inbound, settings.schedule.late_s) == ("open", 60)
    assert is_section("policy.outbound")


def test_a_wrong_name_two_levels_down_is_answered_with_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("[policy.outbound]\nper_days = 3\n")

    with pytest.raises(SettingsError) as caught:
        load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)

    assert "policy.outbound.per_day" in caught.value.hint


def test_no_number_of_a_list_is_shown_when_it_is_wrong(tmp_path: Path) -> None:
    variables = {"BRIDGE_POLICY__OUTBOUND__DO_NOT_CALL": "+1202555012x"}

    with pytest.raises(SettingsError) as caught:
        load(environ={"HOME": str(tmp_path), **variables}, cwd=tmp_path)

    assert "policy.outbound.do_not_call" in caught.value.message
    assert "1202555" not in caught.value.message + caught.value.hint


def test_a_changed_copy_may_change_what_lies_two_levels_down() -> None:
    before = Settings()

    after = before.changed({"policy.outbound.per_day": 3, "server.port": 1}, origin="a test")

    assert (before.policy.outbound.per_day, after.policy.outbound.per_day) == (60, 3)
    assert (after.policy.inbound, after.server.port) == ("disabled", 1)
    assert after.origin("policy.outbound.per_day") == "a test"


def test_every_setting_of_the_guard_is_in_the_table() -> None:
    assert {f"policy.outbound.{name}" for name in Outbound.model_fields} <= set(SETTINGS)
