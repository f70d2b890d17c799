"""Results for machines and for a browser: JSON, JUnit, and one page."""

import json
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bridge import __version__
from bridge.rehearsal.judging import judge
from bridge.rehearsal.junit import render_junit
from bridge.rehearsal.page import render_page
from bridge.rehearsal.page.lanes import MOST_TICKS, Scale
from bridge.rehearsal.page.markup import Markup, join, tag
from bridge.rehearsal.performance import Fact, Performance, Spoke
from bridge.rehearsal.report_json import render_fact, render_json
from bridge.rehearsal.result import Result, summary
from bridge.rehearsal.scenario import LineExpectation
from bridge.rehearsal.sound import AudioReport, Compared
from bridge.rehearsal.verdict import Verdict
from tests.fakes.performances import CALM, a_performance, a_scenario
from tests.unit.rehearsal.test_picture import EVENTFUL

MISSED = LineExpectation(heard=("dinner",))


def acted_out(performance: Performance) -> Result:
    return Result(performance.scenario, performance, judge(performance))


PASSED = acted_out(a_performance())
FAILED = acted_out(a_performance(a_scenario(MISSED, name="dinner")))
BROKEN = Result(a_scenario(name="broken"), trouble="It can't go on.")


# -- results ---------------------------------------------------------------------------------------


def test_a_result_passes_when_it_was_acted_out_and_everything_holds() -> None:
    assert [result.passed for result in (PASSED, FAILED, BROKEN)] == [True, False, False]
    assert [verdict.what for verdict in FAILED.failed] == ["“dinner” is heard"]
    assert BROKEN.failed == (Verdict("it can be acted out", passed=False, why="It can't go on."),)


def test_the_summary_counts_calls_and_their_time() -> None:
    assert summary([PASSED, FAILED, BROKEN]) == "1 passed, 2 failed: 3 calls of 18.0 s in 0.5 s."
    assert summary([PASSED] * 9) == "9 passed, 0 failed: 9 calls of 1 min 21 s in 2.2 s."


# -- JSON ------------------------------------------------------------------------------------------


def test_the_document_has_every_scenario_with_all_that_is_known() -> None:
    document = json.loads(json.dumps(render_json([PASSED, BROKEN])))

    assert (document["format"], document["bridge"], document["passed"]) == (1, __version__, False)
    lunch, broken = document["scenarios"]
    assert lunch["transcript"][1] == {
        "at_s": 2.0, "party": "caller", "text": "When is lunch?", "unheard": "",
    }  # fmt: skip
    assert lunch["facts"][5] == {
        "fact": "first_words", "at_s": 4.2, "request": 1, "text": "Lunch is",
    }  # fmt: skip
    assert lunch["turns"][0]["run_id"] == "r1"
    assert lunch["record"]["state"] == "ended"
    assert (lunch["length_s"], lunch["real_s"], lunch["jumped"]) == (9.0, 0.25, True)
    assert broken == {
        "name": "broken",
        "title": "Somebody asks for lunch.",
        "file": "lunch.toml",
        "agent": "demo",
        "passed": False,
        "trouble": "It can't go on.",
        "length_s": 0.0,
        "real_s": 0.0,
        "verdicts": [],
    }


def test_a_verdict_says_what_was_expected_and_what_was_seen() -> None:
    [verdict] = [
        verdict
        for verdict in render_json([FAILED])["scenarios"][0]["verdicts"]
        if not verdict["passed"]
    ]

    assert verdict == {
        "line": 1,
        "what": "“dinner” is heard",
        "passed": False,
        "seen": "heard was “Lunch is at noon. Enjoy it.”",
    }


@pytest.mark.parametrize("fact", EVENTFUL + CALM, ids=lambda fact: type(fact).__name__)
def test_every_fact_has_its_kind_and_its_moment_and_is_json(fact: Fact) -> None:
    shown = json.loads(json.dumps(render_fact(fact)))

    assert re.fullmatch("[a-z_]+", shown["fact"])
    assert isinstance(shown["at_s"], float)
    assert "told" not in shown


def test_with_sound_the_document_has_how_it_was_understood() -> None:
    heard = Compared(1.0, "agent", 1, "at noon", "a noon", words=2, errors=1)
    result = acted_out(a_performance(audio=AudioReport((heard,))))

    assert render_json([result])["scenarios"][0]["audio"] == {
        "word_error_rate": {"caller": 0.0, "agent": 0.5},
        "compared": [
            {"at_s": 1.0, "party": "agent", "line": 1, "said": "at noon", "understood": "a noon", "words": 2, "errors": 1, "is_cut": False}
        ],
    }  # fmt: skip


# -- JUnit -----------------------------------------------------------------------------------------


def parsed(results: list[Result]) -> ET.Element:
    return ET.fromstring(render_junit(results))  # noqa: S314 - we wrote it


def test_a_scenario_is_a_suite_and_a_verdict_a_case() -> None:
    root = parsed([PASSED, FAILED, BROKEN])

    assert root.tag == "testsuites"
    cases = len(PASSED.verdicts) + len(FAILED.verdicts) + 1
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "time")} == {
        "tests": str(cases), "failures": "1", "errors": "1", "time": "0.500",
    }  # fmt: skip
    assert [suite.get("name") for suite in root] == ["lunch", "dinner", "broken"]
    for suite in root:
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("errors") == str(len(suite.findall("testcase/error")))


def test_a_failure_says_what_was_seen_instead() -> None:
    [failure] = parsed([FAILED]).findall("testsuite/testcase/failure")

    assert failure.get("message") == "heard was “Lunch is at noon. Enjoy it.”"
    assert failure.text == "“dinner” is heard: heard was “Lunch is at noon. Enjoy it.”"


def test_cases_have_the_names_that_a_ci_service_groups_by() -> None:
    case = parsed([FAILED]).find("testsuite/testcase")

    assert case is not None
    assert case.attrib == {
        "name": "line 1: “dinner” is heard",
        "classname": "rehearse.dinner",
        "file": "lunch.toml",
        "time": "0",
    }


def test_a_suite_shows_the_picture_of_its_call() -> None:
    out = parsed([PASSED]).find("testsuite/system-out")

    assert out is not None
    assert "When is lunch?" in (out.text or "")


@given(st.text())
def test_any_text_becomes_xml_that_can_be_read(text: str) -> None:
    result = Result(a_scenario(name=text), None, (Verdict(text, passed=False, why=text),), text)

    suite = parsed([result]).find("testsuite")
    assert suite is not None


# -- the page --------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """What a browser would make of it: elements in balance, attributes, texts."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(*results: Result) -> Elements:
    return Elements(render_page(results))


def test_the_page_is_whole_and_shows_what_was_said_and_judged() -> None:
    page = page_of(PASSED, FAILED, BROKEN)

    assert page.open == []
    for text in ("When is lunch?", "Lunch is at noon.", "“dinner” is heard", "It can't go on."):
        assert text in page.texts, text


def test_the_page_loads_nothing() -> None:
    """No address in any attribute but its own places, none in the style, and a policy besides."""
    text = render_page([PASSED, FAILED])
    page = Elements(text)

    for _, attributes in page.seen:
        for name, value in attributes.items():
            assert name not in {"src", "action", "onload", "onclick"}
            assert name != "href" or (value or "").startswith("#")
    style = "".join(re.findall("(?s)<style>(.*?)</style>", text))
    assert style
    assert "url(" not in style
    assert "@import" not in style
    assert "://" not in text
    policies = [a.get("content") for _, a in page.seen if a.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"]


NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def test_what_is_said_can_not_become_markup() -> None:
    facts = [Spoke(0.0, 1.0, "agent", 1, NASTY, unheard=NASTY), Spoke(1, 2, "caller", 1, NASTY)]
    performance = a_performance(
        a_scenario(LineExpectation(heard=(NASTY,)), name=NASTY, title=NASTY),
        facts,
        record={"cause": NASTY},
    )
    page = page_of(acted_out(performance), PASSED)

    assert [tag for tag, _ in page.seen].count("script") == 1
    assert "img" not in [tag for tag, _ in page.seen]
    assert page.open == []


@given(st.text(), st.text())
def test_any_text_is_a_text_on_the_page(text: str, name: str) -> None:
    found = Elements(tag("p", text, title=name))

    assert found.open == []
    assert [element for element, _ in found.seen] == ["p"]


def test_markup_is_not_escaped_twice_and_text_is_escaped_once() -> None:
    assert tag("b", "<&>") == "<b>&lt;&amp;&gt;</b>"
    assert tag("p", join(tag("b", "<"), Markup("<br>")), class_="x", open=None) == (
        '<p class="x"><b>&lt;</b><br></p>'
    )
    assert tag("meta", http_equiv="a") == '<meta http-equiv="a">'


def test_only_calls_that_failed_are_unfolded_among_many() -> None:
    def unfolded(*results: Result) -> list[bool]:
        calls = [a for tag, a in page_of(*results).seen if a.get("class") == "call"]
        return ["open" in attributes for attributes in calls]

    assert unfolded(PASSED, FAILED) == [False, True]
    assert unfolded(PASSED) == [True]


def test_an_eventful_call_has_a_bar_for_each_thing_that_can_be_pointed_at() -> None:
    page = page_of(acted_out(a_performance(facts=EVENTFUL)))
    bars = [str(a["class"]).split() for tag, a in page.seen if tag == "button"]

    kinds = {kind for names in bars for kind in names}
    assert {"caller", "agent", "filler", "ours", "cut", "request", "run", "dot", "bad"} <= kinds
    assert {"closed", "tool", "event", "again", "withdrawn", "report", "over"} <= kinds
    tells = [str(a["title"]) for tag, a in page.seen if tag == "button"]
    assert (
        "9.6 to 11.9 s, agent: It is 7:00 PM in ✂ not heard: Tokyo, where the sun sets early."
        in tells
    )
    assert "1:02.0 to 1:04.0 s, caller: keys 1234#" in tells
    assert "4.7 to 9.0 s, request 2 (utterance): closed by the platform: late" in tells
    assert any("run 1 of the agent" in told for told in tells)


def test_bars_are_to_scale() -> None:
    scale = Scale(20.0)

    assert (scale.left(5.0), scale.span(5.0, 15.0)) == (
        "left:25.000%",
        "left:25.000%;width:50.000%",
    )
    assert scale.span(5.0, 5.0) == "left:25.000%;width:0.750%"
    assert list(Scale(5.5).ticks_s) == [0, 1, 2, 3, 4, 5]


@given(st.floats(0, 100_000))
def test_the_axis_never_has_too_many_ticks(length_s: float) -> None:
    ticks: list[Any] = list(Scale(length_s).ticks_s)

    assert ticks[0] == 0
    assert len(ticks) <= max(MOST_TICKS, length_s / 300) + 1


def test_a_call_without_record_or_turns_has_neither_on_its_page() -> None:
    page = page_of(acted_out(a_performance(record=None, turns=())))

    assert "On record" not in page.texts
    assert "Where the time went" not in page.texts
