"""A scenario written as a file: it can be read again, and by a person."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.rehearsal.reading import parse_scenario, shipped
from bridge.rehearsal.scenario import (
    AgentKind,
    Event,
    Expectation,
    Fault,
    Line,
    LineExpectation,
    Manners,
    OutboundCall,
    PickUp,
    Reply,
    Scenario,
)
from bridge.rehearsal.toml_writing import render_toml, toml_key, toml_value

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
WORDS = TEXT.filter(bool)
TIMES = st.floats(0, 3600, allow_nan=False) | st.integers(0, 3600).map(float)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
JSON = st.recursive(
    st.booleans() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)

EXPECTED = st.builds(
    LineExpectation,
    heard=TEXTS,
    never_heard=TEXTS,
    first_sound_by_s=st.none() | TIMES,
    fillers=st.none() | st.just((0, 3)),
    agent_asked=st.none() | st.integers(0, 1000),
    acts=st.none() | TEXTS,
    turn_class=st.none() | st.just("new"),
)
DEEDS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"says": WORDS, "heard_first": TEXTS, "burst_s": TIMES}),
    st.fixed_dictionaries({"keys": st.text("0123456789*#", min_size=1, max_size=9)}),
    st.fixed_dictionaries({"silent_s": TIMES}),
    st.fixed_dictionaries({"event": st.sampled_from(Event)}),
    st.just({"hangs_up": True}),
    st.just({"picks_up": True}),
)
CUTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"cuts_in_after_words": st.integers(0, 10_000)}),
    st.fixed_dictionaries({"cuts_in_after_s": TIMES}),
)
REPLIES = st.builds(
    Reply,
    to=TEXT,
    says=TEXT,
    after_s=TIMES,
    chunk_chars=st.integers(1, 100),
    pauses=st.lists(st.tuples(st.integers(0, 99), TIMES), max_size=2).map(tuple),
    calls=st.lists(
        st.fixed_dictionaries({"name": TEXT, "arguments": st.dictionaries(TEXT, JSON)}), max_size=2
    ).map(tuple),
    fault=st.none() | st.sampled_from(Fault),
    times=st.none() | st.integers(1, 9),
)
OUTBOUND = st.builds(
    OutboundCall,
    to=st.just("+14155550142"),
    mode=st.sampled_from(["notify", "conversation"]),
    message=TEXT,
    pick_up=st.sampled_from(PickUp),
)
MANNERS = st.builds(
    Manners,
    first_token_s=TIMES,
    impatient=st.booleans(),
    speculative=st.booleans(),
    tools=TEXTS,
    noise_db=st.none() | st.floats(-10, 60),
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    lines = tuple(
        Line(number, **draw(DEEDS), **draw(CUTS), after_s=draw(TIMES), expect=draw(EXPECTED))
        for number in range(1, draw(st.integers(1, 4)) + 1)
    )
    replies = tuple(draw(st.lists(REPLIES, max_size=3)))
    return Scenario(
        name="made",
        title=draw(WORDS.filter(str.strip)),
        lines=lines,
        agent=AgentKind.SCRIPTED if replies else AgentKind.DEMO,
        replies=replies,
        caller=draw(st.sampled_from(["", "+15550001234"])),
        greeting=draw(st.none() | TEXT),
        settings=draw(
            st.sampled_from(
                [
                    {},
                    {"turn.fillers": 0},
                    {"elevenlabs.transfer_to": ["+15550100777"], "speech.shape": False},
                ]
            )
        ),
        manners=draw(MANNERS),
        outbound=draw(st.none() | OUTBOUND),
        expect=draw(
            st.builds(
                Expectation,
                heard=TEXTS,
                acts=st.none() | TEXTS,
                record=st.dictionaries(st.just("details"), JSON),
                posted=st.none() | st.just((200, 500)),
            )
        ),
    )


@settings(max_examples=60, deadline=None)
@given(scenarios())
def test_what_is_written_is_read_as_the_same_scenario(scenario: Scenario) -> None:
    assert parse_scenario(render_toml(scenario), name="made", file="") == scenario


@pytest.mark.parametrize("scenario", shipped(), ids=lambda scenario: scenario.name)
def test_a_shipped_scenario_is_read_as_the_same(scenario: Scenario) -> None:
    assert parse_scenario(render_toml(scenario), name=scenario.name, file=scenario.file) == scenario


def test_a_file_has_only_what_is_not_so_by_itself() -> None:
    scenario = Scenario(
        "made",
        "Somebody asks.",
        (
            Line(1, says='Say "hi".', expect=LineExpectation(agent_asked=1)),
            Line(2, hangs_up=True, expect=LineExpectation(heard=("a" * 60, "b" * 60))),
        ),
        settings={"turn.fillers": 0},
        expect=Expectation(outcome="completed"),
    )

    assert render_toml(scenario, about="Two lines\nabout it.") == (
        "# Two lines\n"
        "# about it.\n"
        'title = "Somebody asks."\n'
        "\n"
        "[settings]\n"
        "turn.fillers = 0\n"
        "\n"
        "[[lines]]\n"
        'says = "Say \\"hi\\"."\n'
        "expect = { agent_asked = 1 }\n"
        "\n"
        "[[lines]]\n"
        "hangs_up = true\n"
        "\n"
        "[lines.expect]\n"
        f'heard = ["{"a" * 60}", "{"b" * 60}"]\n'
        "\n"
        "[expect]\n"
        'outcome = "completed"\n'
    )


def test_a_key_stands_in_quotes_where_it_must() -> None:
    assert (toml_key("a-b_1"), toml_key("a b"), toml_key("")) == ("a-b_1", '"a b"', '""')


def test_what_toml_does_not_know_is_not_written() -> None:
    with pytest.raises(TypeError, match="TOML has no NoneType"):
        toml_value(None)
