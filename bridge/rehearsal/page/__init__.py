"""Results as one page to look at: it needs no network, no server and no fonts of its own.

Open it in a browser: two lanes to scale, what was said, where the time went, what was expected.
Light and dark as the reader's system is; every text is escaped; a policy in the page forbids it to
load anything.
"""

from collections.abc import Sequence
from importlib.resources import files

from bridge import __version__
from bridge.rehearsal.page.lanes import render_lanes
from bridge.rehearsal.page.markup import Markup, classes, join, tag
from bridge.rehearsal.page.parts import (
    render_heard,
    render_record,
    render_verdicts,
    render_waterfall,
)
from bridge.rehearsal.result import Result, summary
from bridge.rehearsal.terminal_text import one_line

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""The page may use what is written in it, and load nothing."""


def render_page(results: Sequence[Result]) -> str:
    """The whole document."""
    folder = files(__name__)
    style = Markup((folder / "style.css").read_text(encoding="utf-8"))
    script = Markup((folder / "script.js").read_text(encoding="utf-8"))
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", _title(results)),
        tag("style", style),
    )
    body = join(
        tag("header", join(tag("h1", "Rehearsal"), tag("p", summary(results)), _contents(results))),
        tag("main", join(*(_call(result, is_single=len(results) == 1) for result in results))),
        tag("footer", f"bridge {__version__}"),
        tag("script", script),
    )
    page = tag("html", join(tag("head", head), tag("body", body)), lang="en")
    return f"<!doctype html>\n{page}\n"


def _title(results: Sequence[Result]) -> str:
    failed = sum(not result.passed for result in results)
    return f"Rehearsal: {failed} failed" if failed else "Rehearsal: all passed"


def _contents(results: Sequence[Result]) -> Markup:
    if len(results) == 1:
        return Markup("")
    links = (
        tag(
            "a",
            result.scenario.name,
            href=f"#{_anchor(result)}",
            class_=classes("chip", "passed" if result.passed else "failed"),
        )
        for result in results
    )
    return tag("nav", join(*links))


def _anchor(result: Result) -> str:
    return "".join(char if char.isalnum() else "-" for char in result.scenario.name)


def _call(result: Result, *, is_single: bool) -> Markup:
    """One call; folded up when it passed and is one of many."""
    is_open = is_single or not result.passed
    verdict = "passed" if result.passed else "failed"
    times = f"{result.length_s:.1f} s in {result.real_s:.2f} s"
    headline = tag(
        "summary",
        join(
            tag("span", verdict, class_=classes("badge", verdict)),
            tag("span", result.scenario.name, class_="name"),
            tag("span", one_line(result.scenario.title), class_="about"),
            tag("span", times, class_="times"),
        ),
    )
    return tag(
        "details",
        join(headline, _inside(result)),
        id=_anchor(result),
        class_="call",
        open="" if is_open else None,
    )


def _inside(result: Result) -> Markup:
    performance = result.performance
    if performance is None:
        return render_verdicts(result)
    return join(
        render_lanes(performance),
        tag(
            "div",
            join(render_heard(performance), render_verdicts(result)),
            class_="columns",
        ),
        render_waterfall(performance.turns),
        render_record(performance),
    )
