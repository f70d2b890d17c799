"""How steps are shown, and what of them is drift."""

from typing import Any

import pytest

from bridge.cli.steps import WIDEST, as_json, line, paths, plain, show
from bridge.provision.difference import ABSENT, Change, Made
from bridge.provision.plan import Act, Plan, Step, Thing

SECRET = Step(Act.CREATE, Thing.SECRET, "token", "desk-token", "sent with every turn")
OTHER_VALUE = Step(Act.UPDATE, Thing.SECRET, "token", "desk-token", "its value is another", "sec_1")
WEBHOOK = Step(Act.CREATE, Thing.WEBHOOK, "post_call", "desk-post-call", "tells how a call went")
SWITCH = Step(Act.UPDATE, Thing.WEBHOOK, "post_call", "desk-post-call", "it was switched off")
FORMER = Step(Act.DELETE, Thing.WEBHOOK, "superseded", "desk-post-call", "another one is", "wh_1")
AGENT = Step(
    Act.UPDATE,
    Thing.AGENT,
    "agent",
    "desk",
    "2 fields to change",
    "agent_1",
    (
        Change(("turn", "timeout"), 4, 15),
        Change(("webhook", "id"), ABSENT, Made("post_call")),
    ),
)
NUMBER = Step(
    Act.IMPORT,
    Thing.NUMBER,
    "number",
    "+1555•••0999",
    "its calls went nowhere",
    changes=(Change(("voice_url",), "nowhere", "ElevenLabs"),),
)


def whole(step: Step, found: str, wanted: str) -> dict[str, Any]:
    about = {"object": step.thing.value, "name": step.name, "path": ""}
    return {**about, "found": found, "wanted": wanted, "why": step.why}


@pytest.mark.parametrize(
    ("step", "found", "wanted"),
    [
        (SECRET, "missing", "there"),
        (OTHER_VALUE, "differs", "as set"),
        (WEBHOOK, "missing", "there"),
        (SWITCH, "differs", "as set"),
        (FORMER, "superfluous", "gone"),
        (NUMBER, "missing", "there"),
    ],
)
def test_a_step_about_a_whole_object_is_one_row(step: Step, found: str, wanted: str) -> None:
    assert paths([step]) == [whole(step, found, wanted)]


def test_a_webhook_that_is_made_and_switched_on_is_missing_once() -> None:
    assert paths([WEBHOOK, SWITCH]) == [whole(WEBHOOK, "missing", "there")]


def test_a_webhook_that_is_replaced_differs_and_nothing_is_missing() -> None:
    (row,) = paths([WEBHOOK, SWITCH, FORMER])

    assert (row["found"], row["wanted"]) == ("differs", "as set")
    assert line(row) == (
        "webhook desk-post-call differs: "
        "a new one has to take its place, that tells how a call went"
    )


def test_a_field_is_a_row_with_its_path_and_both_values() -> None:
    rows = paths([AGENT])

    assert [(row["path"], row["found"], row["wanted"]) for row in rows] == [
        ("turn.timeout", 4, 15),
        ("webhook.id", None, "the new one"),
    ]
    assert [line(row) for row in rows] == [
        "agent desk: turn.timeout is 4; wanted: 15",
        "agent desk: webhook.id is null; wanted: the new one",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("to +15550100777", "to +1555•••0777"),
        ({"to": ["+15550100777", True, 1.5, None]}, {"to": ["+1555•••0777", True, 1.5, None]}),
        (ABSENT, None),
        (Made("token"), "the new one"),
    ],
)
def test_programs_get_values_as_they_are_but_no_number(value: object, shown: object) -> None:
    assert plain(value) == shown


def test_a_plan_for_programs_has_no_body(capsys: pytest.CaptureFixture[str]) -> None:
    step = Step(Act.CREATE, Thing.SECRET, "token", "desk-token", "why", body={"value": "s3cret"})

    assert "s3cret" not in str(as_json(Plan((step,))))
    assert as_json(Plan(notes=("No number.",))) == {"steps": [], "notes": ["No number."]}


def test_people_see_a_table_then_each_change_of_the_agent_cut_where_it_is_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = Change(("prompt",), "", "x" * 500)
    step = Step(Act.UPDATE, Thing.AGENT, "agent", "desk", "one field to change", "a", (long,))
    show(Plan((SECRET, step, NUMBER), ("A note.",)))
    printed = capsys.readouterr()

    table, changes = printed.out.split("\n\n")
    assert len(table.splitlines()) == 4
    heading, change = changes.splitlines()
    assert heading == "agent desk:"
    assert change == f"  prompt: '' → '{'x' * (WIDEST - 1)}…"
    assert printed.err == "A note.\n"


def test_a_plan_of_nothing_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show(Plan())

    assert capsys.readouterr() == ("", "")
