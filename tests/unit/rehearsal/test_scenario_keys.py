"""The keys of a scenario's file, as the manual and error messages have them."""

from dataclasses import fields

import pytest

from bridge.rehearsal.reading import ScenarioFile, parse_scenario
from bridge.rehearsal.scenario import Line, Manners
from bridge.rehearsal.scenario_keys import TABLES, Key, bounds, toml_of


def test_every_field_has_its_key_and_every_key_says_what_it_is_for() -> None:
    lines, manners = TABLES["lines"], TABLES["platform"]

    assert [key.name for key in lines.keys] == [f.name for f in fields(Line)][1:]
    assert [key.name for key in manners.keys] == [f.name for f in fields(Manners)]
    assert {key.name for key in TABLES[""].keys} == set(ScenarioFile.model_fields)
    assert [k.name for table in TABLES.values() for k in table.keys if not k.description] == []


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("lines", Key("says", "text", '""', "words.")),
        ("lines", Key("hangs_up", "true or false", "false", "hangs up.")),
        ("platform", Key("attempts", "a whole number from 1 to 10", "3", "how often it asks before it gives the call up.")),
        ("expect", Key("ended_by", "one of 'caller', 'agent', 'platform'", "", "`caller`, `agent` or `platform`.")),
    ],
)  # fmt: skip
def test_a_key_says_what_would_be_right_and_what_it_is_by_itself(table: str, key: Key) -> None:
    assert TABLES[table].key(key.name) == key


def test_faults_of_a_reply_and_of_a_call_are_told_apart() -> None:
    reply, call = TABLES["replies"].key("fault"), TABLES["expect"].key("fault")

    assert reply is not None
    assert call is not None
    assert "'drop'" in reply.kind
    assert "'carrier'" in call.kind


def test_times_have_bounds_by_their_name_and_other_numbers_by_the_list() -> None:
    assert bounds("after_s") == (0, 3600)
    assert bounds("turn_timeout_s") == (-1, 3600)
    assert bounds("anything") is None


@pytest.mark.parametrize("name", [name for name in TABLES if name in ("platform", "replies")])
def test_a_default_written_into_the_file_changes_nothing(name: str) -> None:
    """The manual's defaults are TOML, and the very defaults of the program."""
    header, keys = TABLES[name].header, TABLES[name].keys
    head = 'title = "x"\nagent = "scripted"\n'
    rest = '\n[[lines]]\nsays = "a"\n' + ("" if name == "replies" else '[[replies]]\nsays = "b"\n')
    body = "".join(f"{key.name} = {key.default}\n" for key in keys if key.default)

    def read(body: str) -> object:
        return parse_scenario(f"{head}\n{header}\n{body}{rest}", name="x", file="x.toml")

    assert read(body) == read("")


def test_values_are_written_as_toml_has_them() -> None:
    assert [toml_of(value) for value in (True, 0.15, 3, "a", ("a", 1))] == [
        "true", "0.15", "3", '"a"', '["a", 1]',
    ]  # fmt: skip
