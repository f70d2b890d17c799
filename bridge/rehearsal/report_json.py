"""Results as one JSON document. Its keys only grow.

`docs/how-to/rehearse.md` says what each of them holds.
"""

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from bridge import __version__
from bridge.rehearsal.happenings import transcript
from bridge.rehearsal.performance import Fact, Performance
from bridge.rehearsal.result import Result
from bridge.rehearsal.sound import AudioReport
from bridge.rehearsal.verdict import Verdict

FORMAT = 1
"""Raised when a key changes its meaning or goes: so far never."""

NOT_TOLD = frozenset({"told", "session"})
"""Fields of facts that are left out: all that the agent was sent, as long as a prompt, and a key
that an operator's template may have put a number into."""

DIGITS = 4
"""After the point of a moment: a tenth of a millisecond is more than anybody hears."""


def render_json(results: Sequence[Result]) -> dict[str, Any]:
    """Everything that is known of every scenario."""
    return {
        "format": FORMAT,
        "bridge": __version__,
        "passed": all(result.passed for result in results),
        "scenarios": [_result(result) for result in results],
    }


def _result(result: Result) -> dict[str, Any]:
    scenario = result.scenario
    shown = {
        "name": scenario.name,
        "title": scenario.title,
        "file": scenario.file,
        "agent": scenario.agent.value,
        "passed": result.passed,
        "trouble": result.trouble,
        "length_s": _rounded(result.length_s),
        "real_s": _rounded(result.real_s),
        "verdicts": [_verdict(verdict) for verdict in result.verdicts],
    }
    return shown if result.performance is None else {**shown, **_performance(result.performance)}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "line": verdict.line,
        "what": verdict.what,
        "passed": verdict.passed,
        "seen": verdict.why,
    }


def _performance(performance: Performance) -> dict[str, Any]:
    return {
        "jumped": performance.jumped,
        "transcript": [
            {
                "at_s": _rounded(said.at_s),
                "party": said.party,
                "text": said.text,
                "unheard": said.unheard,
            }
            for said in transcript(performance)
        ],
        "facts": [render_fact(fact) for fact in performance.facts],
        "turns": [dict(turn) for turn in performance.turns],
        "record": None if performance.record is None else dict(performance.record),
        "rings": [dict(ring) for ring in performance.rings],
        "refusal": None if performance.refusal is None else dict(performance.refusal),
        "problems": list(performance.problems),
        "audio": None if performance.audio is None else _audio(performance.audio),
    }


def render_fact(fact: Fact) -> dict[str, Any]:
    """A fact with its kind, as `{"fact": "first_words", "at_s": 1.2, …}`."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(fact).__name__).lower()
    values = {
        field.name: _rounded(getattr(fact, field.name))
        for field in fields(fact)
        if field.name not in NOT_TOLD
    }
    return {"fact": kind, **values}


def _audio(report: AudioReport) -> dict[str, Any]:
    return {
        "word_error_rate": {
            "caller": _rounded(report.word_error_rate("caller")),
            "agent": _rounded(report.word_error_rate("agent")),
        },
        "compared": [
            {
                "at_s": _rounded(each.at_s),
                "party": each.party,
                "line": each.line,
                "said": each.said,
                "understood": each.understood,
                "words": each.words,
                "errors": each.errors,
                "is_cut": each.is_cut,
            }
            for each in report.compared
        ],
    }


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any field of a fact
    return round(value, DIGITS) if isinstance(value, float) else value
