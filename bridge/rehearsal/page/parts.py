"""What stands under the lanes: the words, the verdicts, where the time went, the record."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.core.latency import STAGES
from bridge.rehearsal.happenings import Happened, Heard, Thing, Waited, things
from bridge.rehearsal.page.markup import Markup, classes, join, tag
from bridge.rehearsal.performance import Performance
from bridge.rehearsal.picture import moment
from bridge.rehearsal.result import Result
from bridge.rehearsal.verdict import Verdict
from bridge.rehearsal.waterfall import whole_milliseconds


def render_heard(performance: Performance) -> Markup:
    """What was said, as it was heard; what was cut off is struck through."""
    rows = (_row(thing) for thing in things(performance))
    return tag(
        "section", join(tag("h3", "As it was heard"), tag("ol", join(*rows), class_="heard"))
    )


def _row(thing: Thing) -> Markup:
    match thing:
        case Waited(at_s, for_s):
            return _item("", "wait", Markup(f"⋯ {for_s:.1f} s"))
        case Happened(at_s, kind, text, is_bad):
            return _item(
                moment(at_s), classes("event", kind, "bad" if is_bad else ""), tag("span", text)
            )
        case Heard(spoke):
            words = f"keys {spoke.text}" if spoke.is_keys else spoke.text.strip()
            lost = tag("del", spoke.unheard.strip()) if spoke.unheard.strip() else Markup("")
            said = join(tag("span", words), lost)
            return _item(moment(spoke.at_s), classes("said", spoke.party, spoke.kind), said)


def _item(at: str, kind: str, content: Markup) -> Markup:
    return tag("li", join(tag("time", at), tag("div", content, class_="text")), class_=kind)


def render_verdicts(result: Result) -> Markup:
    """What was expected; what failed stands first."""
    shown = (*result.failed, *(verdict for verdict in result.verdicts if verdict.passed))
    rows = join(*map(_verdict, shown))
    return tag("section", join(tag("h3", "Expected"), tag("ul", rows, class_="verdicts")))


def _verdict(verdict: Verdict) -> Markup:
    return tag(
        "li",
        join(
            tag("span", verdict.place, class_="place"),
            tag(
                "div",
                join(tag("span", verdict.what), tag("small", verdict.why)),
            ),
        ),
        class_="passed" if verdict.passed else "failed",
    )


def render_waterfall(turns: Sequence[Mapping[str, Any]]) -> Markup:
    """Each turn's stages as bars to one scale, and as numbers that sum."""
    if not turns:
        return Markup("")
    parts = [whole_milliseconds(turn.get("stages_s", {})) for turn in turns]
    most = max(1, *(sum(part.values()) for part in parts))
    heads = join(*(tag("th", name) for name in ("turn", *STAGES, "total ms", "")))
    rows = join(*(_turn(turn, part, most) for turn, part in zip(turns, parts, strict=True)))
    table = tag("table", join(tag("thead", tag("tr", heads)), tag("tbody", rows)))
    return tag(
        "section",
        join(tag("h3", "Where the time went"), tag("div", table, class_="scroll")),
        class_="waterfall",
    )


def _turn(turn: Mapping[str, Any], part: Mapping[str, int], most: int) -> Markup:
    name = f"{turn.get('number', '')} {turn.get('utterance') or ''}".strip()
    numbers = (tag("td", f"{part[stage]:,}", class_=f"number {stage}") for stage in STAGES)
    pieces = (
        tag("i", class_=stage, style=f"width:{100 * part[stage] / most:.2f}%", title=stage)
        for stage in STAGES
        if part[stage]
    )
    return tag(
        "tr",
        join(
            tag("th", name),
            *numbers,
            tag("td", f"{sum(part.values()):,}", class_="number total"),
            tag("td", tag("div", join(*pieces), class_="pieces"), class_="chart"),
        ),
    )


def render_record(performance: Performance) -> Markup:
    """The call as it is on record, folded up."""
    if performance.record is None:
        return Markup("")
    written = json.dumps(dict(performance.record), ensure_ascii=False, indent=2, default=str)
    return tag("details", join(tag("summary", "On record"), tag("pre", written)), class_="record")
