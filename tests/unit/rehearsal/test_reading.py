"""A scenario's file becomes a `Scenario`, or an error that says where and what would be right."""

from pathlib import Path

import pytest

from bridge.errors import ScenarioError
from bridge.rehearsal.reading import LARGEST_BYTES, parse_scenario, read_scenario, shipped
from bridge.rehearsal.scenario import (
    AgentKind,
    Event,
    Expectation,
    Line,
    LineExpectation,
    Manners,
    OutboundCall,
    PickUp,
    Reply,
    Scenario,
)

WHOLE = """\
title = "Everything at once."
agent = "scripted"
runs_with = ["demo"]
caller = ""
line = "+15550100999"
language = "pt-BR"
greeting = "Hello."

[settings]
turn.fillers = 0
"turn.grace_s" = 1.5
policy = { inbound = "open" }
upstream.providers.acme = { model = "x" }

[platform]
impatient = true
tools = ["end_call"]

[outbound]
to = "+14155550142"
mode = "notify"
pick_up = "busy"

[[replies]]
to = "hello"
says = "hi"
pauses = [[3, 1.5]]
calls = [{ name = "end_call", arguments = { reason = "x" } }]

[[lines]]
says = "hello there"
heard_first = ["hello"]
burst_s = 1
expect = { heard = ["hi"], fillers = [0, 2], acts = [], turn_class = "new" }

[[lines]]
event = "restart"

[[lines]]
silent_s = 3

[expect]
posted = [200, 200]
record = { outcome = "busy", fault = "remote" }
"""


def test_every_kind_of_key_becomes_its_value() -> None:
    assert parse_scenario(WHOLE, name="whole", file="whole.toml") == Scenario(
        name="whole",
        title="Everything at once.",
        file="whole.toml",
        agent=AgentKind.SCRIPTED,
        runs_with=(AgentKind.DEMO,),
        caller="",
        line="+15550100999",
        language="pt-BR",
        greeting="Hello.",
        settings={
            "turn.fillers": 0,
            "turn.grace_s": 1.5,
            "policy.inbound": "open",
            "upstream.providers.acme.model": "x",
        },
        manners=Manners(impatient=True, tools=("end_call",)),
        outbound=OutboundCall(to="+14155550142", mode="notify", pick_up=PickUp.BUSY),
        replies=(
            Reply(
                to="hello",
                says="hi",
                pauses=((3, 1.5),),
                calls=({"name": "end_call", "arguments": {"reason": "x"}},),
            ),
        ),
        lines=(
            Line(
                number=1,
                says="hello there",
                heard_first=("hello",),
                burst_s=1.0,
                expect=LineExpectation(heard=("hi",), fillers=(0, 2), acts=(), turn_class="new"),
            ),
            Line(number=2, event=Event.RESTART),
            Line(number=3, silent_s=3.0),
        ),
        expect=Expectation(posted=(200, 200), record={"outcome": "busy", "fault": "remote"}),
    )


def test_what_is_not_set_is_as_a_calm_call_has_it() -> None:
    read = parse_scenario('title = "x"\n[[lines]]\nsays = "a"', name="x", file="x.toml")

    assert read == Scenario(name="x", title="x", file="x.toml", lines=(Line(1, says="a"),))


def test_a_scenario_is_called_as_its_file(tmp_path: Path) -> None:
    file = tmp_path / "two.words.toml"
    file.write_bytes('\ufefftitle = "ü"\n[[lines]]\nsays = "ß"\n'.encode())

    read = read_scenario(file)

    assert (read.name, read.file, read.lines[0].says) == ("two.words", str(file), "ß")


def test_every_shipped_scenario_can_be_read_and_says_what_it_shows() -> None:
    for scenario in shipped():
        assert scenario.title.endswith("."), scenario.name
        assert scenario.title[0] == scenario.title[0].upper() or scenario.title.startswith("bridge")


HEAD = 'title = "x"\n'
SAYS = HEAD + '[[lines]]\nsays = "a"\n'

BAD = {
    "nothing": ("", 1, "there is nothing in it"),
    "only a comment": ("# hello\n", 1, "there is nothing in it"),
    "not TOML": (HEAD + "caller = me\n", 2, "this is not TOML: "),
    "a telephone number without quotes": (
        HEAD + "caller = +15550001234",
        2,
        "caller: must be text",
    ),
    "not closed": ('title = "x\n', 1, "this is not TOML: "),
    "ends in its middle": (HEAD + "[[lines]]\nsays = ", 3, "this is not TOML: "),
    "a key twice": (HEAD + 'title = "y"', 2, "this is not TOML: "),
    "no title": ('[[lines]]\nsays = "a"', 1, "title: is missing"),
    "an empty title": ('title = " "\n[[lines]]\nsays = "a"', 1, "title: must say what"),
    "nobody says anything": (HEAD, 1, "nobody says anything in it"),
    "lines are no list": (HEAD + "lines = 3", 2, "lines: must be tables"),
    "one pair of brackets": (HEAD + '[lines]\nsays = "a"', 2, "lines: must be tables"),
    "lines are texts": (HEAD + 'lines = ["a"]', 2, "lines: must be tables"),
    "unknown key": (SAYS + "langauge = 1", 4, "lines[1].langauge: there is no such key; there are"),
    "unknown key at the top": (
        'titel = "x"\n' + SAYS,
        1,
        "titel: there is no such key; did you mean 'title'?",
    ),
    "unknown key of a line": (
        SAYS + "\n[[lines]]\nsays = 'b'\ncuts_in_after_wrds = 3",
        7,
        "lines[2].cuts_in_after_wrds: there is no such key; did you mean 'cuts_in_after_words'?",
    ),
    "unknown expectation": (
        SAYS + 'expect = { herd = ["a"] }',
        4,
        "lines[1].expect.herd: there is no such key; did you mean 'heard'?",
    ),
    "unknown manner": (
        SAYS + "[platform]\nfirst_token = 3",
        5,
        "platform.first_token: there is no such key; did you mean 'first_token_s'?",
    ),
    "the values' own number": (SAYS + "number = 7", 4, "lines[1].number: there is no such key"),
    "text for a number": (SAYS + 'after_s = "1"', 4, "lines[1].after_s: must be a number"),
    "number for a text": (HEAD + "[[lines]]\nsays = 4", 3, "lines[1].says: must be text"),
    "a date for a text": (SAYS + "[expect]\nended_by = 2027-01-01", 5, "must be one of 'caller'"),
    "yes for true": (SAYS + '[platform]\ntwice = "yes"', 5, "platform.twice: must be true or"),
    "text for a list": (
        SAYS + '[expect]\nheard = "noon"',
        5,
        "expect.heard: must be a list of texts",
    ),
    "an item of a list": (SAYS + "[expect]\nheard = ['a',\n3]", 5, "expect.heard: must be a list"),
    "one of two": (SAYS + "expect = { fillers = [1] }", 4, "fillers: must be two whole numbers"),
    "no number": (SAYS + "after_s = nan", 4, "lines[1].after_s: must be a number"),
    "without end": (SAYS + "after_s = inf", 4, "lines[1].after_s: must be a number"),
    "below its bounds": (SAYS + "after_s = -1", 4, "after_s: must be from 0 to 3600, not -1"),
    "above its bounds": (
        HEAD + "[[lines]]\nsilent_s = 3601",
        3,
        "lines[1].silent_s: must be from 0 to 3600, not 3601",
    ),
    "bounds of a reply": (
        HEAD + 'agent="scripted"\n[[replies]]\nchunk_chars = 0\n[[lines]]\nsays = "a"',
        4,
        "replies[1].chunk_chars: must be from 1",
    ),
    "more than the most": (
        SAYS + "expect = { fillers = [3, 1] }",
        4,
        "fillers: must be the least and the most",
    ),
    "unknown agent": (
        'agent = "robot"\n' + SAYS,
        1,
        "agent: must be one of 'demo', 'scripted', 'configured'",
    ),
    "unknown event": (HEAD + '[[lines]]\nevent = "flood"', 3, "lines[1].event: must be one of"),
    "unknown class": (SAYS + 'expect = { turn_class = "nw" }', 4, "must be one of 'new', 'repeat'"),
    "unknown outcome": (SAYS + '[expect]\noutcome = "fine"', 5, "one of 'completed', 'no_answer'"),
    "unknown field of a record": (
        SAYS + '[expect]\nrecord = { outcme = "busy" }',
        5,
        "is no field of a call's record; did you mean 'outcome'?",
    ),
    "two deeds": (
        SAYS + 'keys = "1"',
        4,
        "lines[1].keys: stands beside 'says': a line does one thing",
    ),
    "no deed": (HEAD + "[[lines]]\nafter_s = 1", 2, "lines[1]: does nothing"),
    "an empty deed": (HEAD + '[[lines]]\nsays = ""', 2, "lines[1]: does nothing"),
    "a false deed": (HEAD + "[[lines]]\nhangs_up = false", 2, "lines[1]: does nothing"),
    "letters on the keypad": (HEAD + '[[lines]]\nkeys = "12a"', 3, "must be digits, '*' and '#'"),
    "cuts in twice": (
        SAYS + "cuts_in_after_words = 1\ncuts_in_after_s = 1",
        5,
        "cuts_in_after_s: stands beside 'cuts_in_after_words'",
    ),
    "recognised without words": (
        HEAD + '[[lines]]\nkeys = "1"\nheard_first = ["a"]',
        4,
        "heard_first: means something only beside 'says'",
    ),
    "no number to be called from": ('caller = "12"\n' + SAYS, 1, "caller: is not an international"),
    "our number": ('line = ""\n' + SAYS, 1, "line: is not an international"),
    "no number to call": (SAYS + '[outbound]\nto = "12"', 5, "outbound.to: is not an internation"),
    "no language": ('language = "english!"\n' + SAYS, 1, "language: must be a language code"),
    "replies without who says them": (SAYS + '[[replies]]\nsays = "a"', 4, "replies: means somet"),
    "a script without words": ('agent = "scripted"\n' + SAYS, 1, "agent: has nothing to say"),
    "unknown setting": (
        SAYS + "[settings]\nturn.filers = 1",
        5,
        "settings.turn.filers: is not a setting; did you mean 'turn.fillers'?",
    ),
    "nothing like a setting": (SAYS + "[settings]\nxyzzy = 1", 5, "settings.xyzzy: is not a sett"),
    "a setting in quotes": (
        SAYS + '[settings]\n"turn.filers" = 1',
        5,
        "settings.turn.filers: is not a setting",
    ),
    "a setting's wrong value": (
        SAYS + "[settings]\nturn.fillers = 99",
        5,
        "settings.turn.fillers: must be a whole number from 0 to 8, not 99",
    ),
    "a setting that needs another": (
        SAYS + "[settings]\nsession.scope = 'template'",
        5,
        "settings.session.template: must be set when session.scope is 'template'",
    ),
    "a setting of the stage": (
        SAYS + "[settings]\nserver.port = 1",
        5,
        "settings.server.port: is set by the rehearsal itself",
    ),
    "settings that are no table": ("settings = 3\n" + SAYS, 1, "settings: must be a table"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_with_its_line(name: str) -> None:
    text, line, what = BAD[name]

    with pytest.raises(ScenarioError) as raised:
        parse_scenario(text, name="x", file="x.toml")

    assert f"x.toml:{line}: " in raised.value.message
    [found] = [said for said in raised.value.message.splitlines() if what in said]
    assert found.startswith(f"x.toml:{line}: ")


def test_all_faults_are_said_in_the_order_of_their_lines() -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(SAYS + "after_s = -1\nburst_s = -2", name="x", file="x.toml")

    error = raised.value
    assert error.message.splitlines() == [
        "x.toml:4: lines[1].after_s: must be from 0 to 3600, not -1",
        "x.toml:5: lines[1].burst_s: must be from 0 to 3600, not -2",
    ]
    assert (error.file, error.line, error.key) == ("x.toml", 4, "lines[1].after_s")


def test_of_very_many_faults_some_are_said_and_the_rest_counted() -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(HEAD + "[[lines]]\n" * 15, name="x", file="x.toml")

    lines = raised.value.message.splitlines()
    assert (len(lines), lines[-1]) == (11, "x.toml: and 5 more")


def test_a_fault_that_has_a_cure_comes_with_it() -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(SAYS + 'keys = "1"', name="x", file="x.toml")

    assert raised.value.hint == "Make two [[lines]] of it."


def test_a_call_that_must_be_refused_may_go_to_any_text() -> None:
    text = HEAD + '[outbound]\nto = "112"\nrefused_by = "number"'

    read = parse_scenario(text, name="x", file="x.toml")

    assert read.outbound == OutboundCall(to="112", refused_by="number")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        read_scenario(tmp_path / "none.toml")


def test_a_file_that_is_not_utf_8_says_on_which_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(b'title = "x"\n# \xfc\n')

    with pytest.raises(ScenarioError, match=r"latin\.toml:2: this is not UTF-8"):
        read_scenario(file)


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    file = tmp_path / "huge.toml"
    file.write_bytes(b"#" * (LARGEST_BYTES + 1))

    with pytest.raises(ScenarioError, match="no scenario is that long"):
        read_scenario(file)


def test_the_largest_file_is_located_in_no_time(tmp_path: Path) -> None:
    """A file of nothing but keys: what looks for lines doesn't look from the start each time."""
    text = HEAD + "".join(f"k{number} = 1\n" for number in range(20_000))

    with pytest.raises(ScenarioError, match="and 19990 more"):
        parse_scenario(text, name="x", file="x.toml")
