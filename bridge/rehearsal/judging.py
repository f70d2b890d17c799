"""Whether what happened is what was expected: every expectation becomes a verdict in words. Pure.

What a scenario asks for is judged line by line (`judging_lines`) and for the whole call; besides
that, some things must always hold, and nobody has to ask for them (`ALWAYS`).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bridge.core.latency import STAGES
from bridge.rehearsal.evidence import Evidence, unspeakable
from bridge.rehearsal.judging_agent import let_go, one_at_a_time, one_session
from bridge.rehearsal.judging_lines import acts_verdict, judge_line, judge_words
from bridge.rehearsal.performance import Delivered, Performance, PickedUp, Rang
from bridge.rehearsal.verdict import Verdict, counted, listed, quoted, seconds

SILENT_AT_MOST_S = 15.0
"""Longest silence while the platform waits that is still no fault, unless a scenario says another.

It is the longest that the voice platform itself can be told to wait for words.
Source: elevenlabs.io/docs, `cascade_timeout_seconds` (2026-11).
"""

TOLERANCE_S = 0.002
"""How far the stages of a turn may be off its whole: they are logged in tenths of milliseconds."""


def judge(performance: Performance) -> tuple[Verdict, ...]:
    """Every verdict: of the lines in order, of the whole call, and of what must always hold."""
    evidence = Evidence(performance)
    verdicts = [
        verdict
        for line in performance.scenario.lines
        for verdict in judge_line(evidence, line.number, line.expect)
    ]
    verdicts += _of_the_whole(evidence)
    for rule in ALWAYS:
        verdicts += rule(evidence)
    return tuple(verdicts)


def _of_the_whole(evidence: Evidence) -> Iterator[Verdict]:
    performance = evidence.performance
    wanted = performance.scenario.expect
    yield from judge_words(evidence, None, wanted.heard, wanted.never_heard)
    if wanted.agent_asked_at_most is not None:
        times = len(evidence.askings())
        yield Verdict(
            f"the agent is asked at most {counted(wanted.agent_asked_at_most, 'time')}",
            times <= wanted.agent_asked_at_most,
            f"it was asked {counted(times, 'time')}",
        )
    if wanted.acts is not None:
        yield acts_verdict(wanted.acts, evidence.acts(), None)
    if wanted.ended_by is not None:
        over = evidence.over
        seen = f"by the {over.by}: {over.reason}" if over else "it did not end"
        passed = over is not None and over.by == wanted.ended_by
        yield Verdict(f"the {wanted.ended_by} ends the call", passed, seen)
    yield from _of_the_record(performance)
    if wanted.turns_on_record is not None:
        turns = len(performance.turns)
        yield Verdict(
            f"{counted(wanted.turns_on_record, 'turn')} on record",
            turns == wanted.turns_on_record,
            f"there are {turns}",
        )
    if wanted.rings is not None:
        rings = len(performance.rings)
        yield Verdict(
            f"bridge places {counted(wanted.rings, 'call')}",
            rings == wanted.rings,
            f"it placed {rings}",
        )
    if wanted.posted is not None:
        statuses = tuple(fact.status for fact in evidence.of(Delivered))
        yield Verdict(
            f"the call's reports are answered {listed(map(str, wanted.posted))}",
            statuses == wanted.posted,
            f"they were answered {listed(map(str, statuses))}",
        )


def _of_the_record(performance: Performance) -> Iterator[Verdict]:
    wanted, record = performance.scenario.expect, performance.record
    fields = {"outcome": wanted.outcome, "fault": wanted.fault}
    fields = {name: value for name, value in fields.items() if value is not None}
    for name, value in {**fields, **wanted.record}.items():
        found = None if record is None else record.get(name)
        passed = record is not None and _holds(value, found)
        seen = "there is no record" if record is None else f"it is {found!r}"
        yield Verdict(f"{name} on record is {value!r}", passed, seen)


def _holds(wanted: object, found: object) -> bool:
    """Whether it is what was wanted; of a table, what was asked for is enough."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(_holds(value, found.get(key)) for key, value in wanted.items())
    return wanted == found


# -- what must always hold -----------------------------------------------------------------------


def _once_each(evidence: Evidence) -> Iterator[Verdict]:
    """No utterance is asked more often than it may be."""
    most = evidence.performance.scenario.expect.runs_per_utterance
    runs: dict[tuple[int, str], int] = {}
    for asking in evidence.askings():
        key = (asking.place, asking.asked.utterance)
        runs[key] = runs.get(key, 0) + 1
    worst = max(runs, key=lambda key: runs[key], default=(0, ""))
    times = runs.get(worst, 0)
    yield Verdict(
        f"the agent is asked at most {counted(most, 'time')} for any one utterance",
        times <= most,
        f"{counted(times, 'time')} for {quoted(worst[1])} (line {worst[0]})" if times else "never",
    )


def _no_problems(evidence: Evidence) -> Iterator[Verdict]:
    """The platform could use every reply."""
    problems = evidence.performance.problems
    for problem in problems or [""]:
        yield Verdict("every reply is as the wire's rules have it", not problem, problem)


def _speakable(evidence: Evidence) -> Iterator[Verdict]:
    """Nothing is heard that nobody would say."""
    if evidence.performance.scenario.settings.get("speech.shape") is False:
        return
    found = [(unspeakable(spoke.text), spoke.text) for spoke in evidence.sounds()]
    bad = next(((what, text) for what, text in found if what), None)
    seen = f"{bad[0]} in {quoted(bad[1])}" if bad else ""
    yield Verdict("nothing is heard that isn't fit for a voice", bad is None, seen)


def _not_left_in_silence(evidence: Evidence) -> Iterator[Verdict]:
    """Who waits for a reply hears something."""
    wanted_s = evidence.performance.scenario.expect.silent_at_most_s
    most_s = SILENT_AT_MOST_S if wanted_s is None else wanted_s
    begin_s, end_s = evidence.longest_silence()
    yield Verdict(
        f"nobody waits longer than {seconds(most_s)} in silence",
        end_s - begin_s <= most_s,
        f"{seconds(end_s - begin_s)} from {begin_s:.1f} s on",
    )


def _reported(evidence: Evidence) -> Iterator[Verdict]:
    """The platform's reports of a call that was talked in were taken."""
    scenario = evidence.performance.scenario
    was_talked = bool(evidence.of(PickedUp)) or any(not rang.placed for rang in evidence.of(Rang))
    if scenario.expect.posted is not None or not scenario.manners.webhooks or not was_talked:
        return
    if scenario.manners.repeat_post_call == 0:
        return
    statuses = [fact.status for fact in evidence.of(Delivered)]
    passed = bool(statuses) and all(200 <= status < 300 for status in statuses)  # noqa: PLR2004 - 2xx
    seen = f"it was answered {listed(map(str, statuses))}" if statuses else "none was delivered"
    yield Verdict("the platform's report of the call is taken", passed, seen)


def _counted_once(evidence: Evidence) -> Iterator[Verdict]:
    """A report that the platform delivers again counts no second time."""
    told = [
        (str(line.get("conversation")), str(line.get("kind")))
        for line in evidence.performance.log
        if line.get("event") == "call.reported"
    ]
    again = {kind for conversation, kind in told if told.count((conversation, kind)) > 1}
    if told:
        seen = f"it counted {len(told)} reports, {listed(sorted(again))} more than once"
        yield Verdict("each report of the call counts once", not again, seen if again else "")


def _over_on_record(evidence: Evidence) -> Iterator[Verdict]:
    """The record has ended: nothing stays active."""
    performance = evidence.performance
    order = performance.scenario.outbound
    if order is not None and order.refused_by:
        return
    state = performance.record.get("state") if performance.record else None
    seen = f"it is {state}" if performance.record else "there is none"
    yield Verdict("the call's record has ended", state == "ended", seen)


def _guarded(evidence: Evidence) -> Iterator[Verdict]:
    """The guard refuses what it must, and nothing else; what is refused does not ring."""
    performance = evidence.performance
    order, refusal = performance.scenario.outbound, performance.refusal
    rule = _rule(refusal)
    seen = f"refused by {rule!r}" if refusal else "it was placed"
    if order is not None and order.refused_by:
        yield Verdict(f"rule {order.refused_by!r} refuses the call", rule == order.refused_by, seen)
        rang = bool(evidence.of(Rang))
        yield Verdict("nothing rings", not rang, "it rang" if rang else "")
    elif order is not None:
        yield Verdict("the guard lets the call pass", refusal is None, seen)


def _rule(refusal: Mapping[str, Any] | None) -> str:
    """The rule that a refusal names, in itself or in the body of an HTTP answer."""
    inner = (refusal or {}).get("error", refusal)
    return str(inner.get("rule", "")) if isinstance(inner, Mapping) else ""


def _stages_sum(evidence: Evidence) -> Iterator[Verdict]:
    """Every turn's stages are all there, none runs backward, and they sum to its whole."""
    wholes_s = {
        str(entry["turn"]): float(entry["took_ms"]) / 1000
        for entry in evidence.performance.log
        if entry.get("turn") and entry.get("took_ms") is not None
    }
    faults = [
        fault
        for turn in evidence.performance.turns
        if (fault := _stages_fault(turn, wholes_s.get(str(turn.get("run_id")))))
    ]
    if evidence.performance.turns:
        what = "the stages of each turn sum to its whole"
        yield Verdict(what, not faults, "; ".join(faults))


def _stages_fault(turn: Mapping[str, Any], whole_s: float | None) -> str:
    """What is wrong with the stages of a turn; empty when nothing is."""
    stages_s, number = turn.get("stages_s", {}), turn.get("number")
    if tuple(stages_s) != STAGES:
        return f"turn {number} has {listed(stages_s)}"
    if min(stages_s.values()) < 0:
        return f"turn {number} has a stage that runs backward"
    total_s = sum(stages_s.values())
    if whole_s is not None and abs(total_s - whole_s) > TOLERANCE_S:
        return f"turn {number} took {seconds(whole_s)}, its stages {seconds(total_s)}"
    return ""


Rule = Callable[[Evidence], Iterator[Verdict]]

ALWAYS: tuple[Rule, ...] = (
    _guarded,
    _once_each,
    one_at_a_time,
    one_session,
    let_go,
    _no_problems,
    _speakable,
    _not_left_in_silence,
    _over_on_record,
    _reported,
    _counted_once,
    _stages_sum,
)
"""What nobody has to ask for."""
