"""Where the time of each turn went: parts that sum, as numbers and as bars."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.latency import STAGES
from bridge.rehearsal.terminal_text import ASCII, UNICODE
from bridge.rehearsal.waterfall import render_waterfall, whole_milliseconds
from tests.fakes.performances import a_turn

TURNS = (
    a_turn(stages_s={"classify": 0.0011, "settle": 0, "think": 4.2, "shape": 0.5, "speak": 2.3}),
    a_turn("r2", 2, utterance="And what time is it in Berlin?", stages_s={"settle": 0.25, "think": 0.3}),
    a_turn("r3", 3, utterance="", stages_s={}),
)  # fmt: skip

SHOWN = """\
turn                    classify  settle  think  shape  speak  total  ms
1 When is lunch?               1       0  4,200    500  2,300  7,001  tttttttttttttttt%=========
2 And what time is it…         0     250    300      0      0    550  st
3                              0       0      0      0      0      0

c classify  s settle  t think  % shape  = speak"""


def test_each_turn_is_a_line_and_the_bars_have_one_scale() -> None:
    shown = render_waterfall(TURNS, 96, ASCII)

    assert [line.rstrip() for line in shown.splitlines()] == SHOWN.splitlines()


def test_a_narrow_terminal_gets_numbers_without_bars() -> None:
    lines = render_waterfall(TURNS, 70, UNICODE).splitlines()

    assert len(lines) == 4
    assert lines[1].endswith("7,001")


def test_without_turns_there_is_nothing_to_show() -> None:
    assert render_waterfall((), 80, UNICODE) == ""


def test_turns_that_took_no_time_have_no_bars() -> None:
    [_, line, *_] = render_waterfall([a_turn(stages_s={})], 100, ASCII).splitlines()

    assert line.rstrip().endswith(" 0")


def test_a_stage_that_runs_backward_is_shown_as_nothing() -> None:
    assert sum(whole_milliseconds({"think": -1.0, "speak": 1.0}).values()) == 1000


@given(st.fixed_dictionaries({stage: st.floats(0, 100) for stage in STAGES}))
def test_parts_as_shown_sum_to_the_whole_as_shown(stages_s: dict[str, float]) -> None:
    shown = whole_milliseconds(stages_s)

    assert list(shown) == list(STAGES)
    assert abs(sum(shown.values()) - 1000 * sum(stages_s.values())) <= 0.5 + 1e-6
    assert all(abs(shown[stage] - 1000 * stages_s[stage]) < 1 + 1e-6 for stage in STAGES)
