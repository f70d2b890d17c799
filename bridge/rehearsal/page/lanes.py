"""The lanes of a call, to scale: who spoke when, when the agent was at work, what else happened."""

from collections.abc import Iterator

from bridge.rehearsal.happenings import Happened, things
from bridge.rehearsal.page.markup import Markup, classes, join, tag
from bridge.rehearsal.performance import (
    AgentAsked,
    AgentFinished,
    Answered,
    Broke,
    Performance,
    Requested,
    Spoke,
    Withdrawn,
)
from bridge.rehearsal.picture import moment

PIXELS_A_SECOND = 36
"""A word takes a third of a second: on three lines, most of a sentence can be read in its bar."""

TICKS_S = (1, 2, 5, 10, 30, 60, 120, 300)
"""Steps of the axis, in seconds: the first that gives no more ticks than `MOST_TICKS`."""

MOST_TICKS = 40

SHORTEST_S = 0.15
"""What is shorter is drawn as long as this: it must be seen, and hit by a finger."""


class Scale:
    """Moments to places on a track, in percent of its width."""

    def __init__(self, length_s: float) -> None:
        self.length_s = max(length_s, 1.0)

    @property
    def pixels(self) -> int:
        """How wide the track wants to be."""
        return round(self.length_s * PIXELS_A_SECOND)

    def left(self, at_s: float) -> str:
        """A moment's place."""
        return f"left:{100 * at_s / self.length_s:.3f}%"

    def span(self, at_s: float, until_s: float) -> str:
        """A stretch's place and width."""
        long_s = max(until_s - at_s, SHORTEST_S)
        return f"{self.left(at_s)};width:{100 * long_s / self.length_s:.3f}%"

    @property
    def ticks_s(self) -> Iterator[int]:
        """The moments that the axis names."""
        fitting = (step for step in TICKS_S if self.length_s / step <= MOST_TICKS)
        step = next(fitting, TICKS_S[-1])
        yield from range(0, int(self.length_s) + 1, step)


def render_lanes(performance: Performance) -> Markup:
    """The lanes, with a line under them that tells of what is pointed at."""
    scale = Scale(performance.length_s)
    track = join(
        _lane("caller", *(_bar(s, scale) for s in _spoken(performance, "caller"))),
        _lane("agent", *(_bar(s, scale) for s in _spoken(performance, "agent"))),
        _lane("asked", *_runs(performance, scale), *_requests(performance, scale)),
        _lane("events", *_events(performance, scale)),
        _axis(scale),
    )
    names = join(
        *(
            tag("div", name, class_=classes("lane-name", kind))
            for name, kind in (
                ("caller", ""),
                ("agent", ""),
                ("at work", "thin"),
                ("events", "thin"),
            )
        )
    )
    inner = tag("div", track, class_="track", style=f"min-width:{scale.pixels}px")
    return join(
        tag(
            "div",
            join(
                tag("div", names, class_="lane-names"),
                tag("div", inner, class_="scroll", tabindex="0", aria_label="the call, to scale"),
            ),
            class_="lanes",
        ),
        tag("p", "Point at something, or tap it.", class_="told", aria_live="polite"),
    )


def _lane(kind: str, *bars: Markup) -> Markup:
    return tag("div", join(*bars), class_=classes("lane", kind))


def _spoken(performance: Performance, party: str) -> list[Spoke]:
    return [fact for fact in performance.facts if isinstance(fact, Spoke) and fact.party == party]


def _mark(kind: str, place: str, label: str, told: str) -> Markup:
    """Something that can be pointed at."""
    return tag("button", label, class_=classes("bar", kind), style=place, title=told, type="button")


def _bar(spoke: Spoke, scale: Scale) -> Markup:
    words = f"keys {spoke.text}" if spoke.is_keys else spoke.text
    cut = f" ✂ not heard: {spoke.unheard}" if spoke.unheard.strip() else ""
    whose = {"filler": " (filler)", "ours": " (bridge itself)", "greeting": " (greeting)"}
    told = (
        f"{moment(spoke.at_s)} to {moment(spoke.until_s)} s, {spoke.party}"
        f"{whose.get(spoke.kind, '')}: {words}{cut}"
    )
    kind = classes(spoke.party, spoke.kind, "cut" if cut else "")
    return _mark(kind, scale.span(spoke.at_s, spoke.until_s), words, told)


def _requests(performance: Performance, scale: Scale) -> Iterator[Markup]:
    ends = {
        fact.request: (fact.at_s, _ending(fact))
        for fact in performance.facts
        if isinstance(fact, Answered | Withdrawn | Broke)
    }
    for fact in performance.facts:
        if isinstance(fact, Requested):
            end_s, how = ends.get(fact.request, (performance.length_s, "never ended"))
            tries = f", attempt {fact.attempt}" if fact.attempt > 1 else ""
            told = (
                f"{moment(fact.at_s)} to {moment(end_s)} s, request {fact.request} "
                f"({fact.why}{tries}): {how}"
            )
            kind = classes("request", "" if how.startswith("answered") else "closed")
            yield _mark(kind, scale.span(fact.at_s, end_s), "", told)


def _ending(fact: Answered | Withdrawn | Broke) -> str:
    match fact:
        case Answered(finish=finish):
            return f"answered, {finish}"
        case Withdrawn(because=because):
            return f"closed by the platform: {because.replace('_', ' ')}"
        case Broke(status=status, detail=detail):
            return f"failed, status {status} {detail}".rstrip()


def _runs(performance: Performance, scale: Scale) -> Iterator[Markup]:
    ends = {fact.run: fact for fact in performance.facts if isinstance(fact, AgentFinished)}
    for fact in performance.facts:
        if isinstance(fact, AgentAsked):
            end = ends.get(fact.run)
            end_s = end.at_s if end else performance.length_s
            how = "" if end and end.whole else ", stopped"
            told = (
                f"{moment(fact.at_s)} to {moment(end_s)} s, run {fact.run} of the agent{how}: "
                f"{fact.utterance}"
            )
            yield _mark(
                classes("run", "closed" if how else ""), scale.span(fact.at_s, end_s), "", told
            )


def _events(performance: Performance, scale: Scale) -> Iterator[Markup]:
    for thing in things(performance):
        if isinstance(thing, Happened):
            told = f"{moment(thing.at_s)} s: {thing.text}"
            kind = classes("dot", thing.kind, "bad" if thing.is_bad else "")
            yield _mark(kind, scale.left(thing.at_s), "", told)


def _axis(scale: Scale) -> Markup:
    ticks = (
        tag("span", moment(at_s).removesuffix(".0"), style=scale.left(at_s))
        for at_s in scale.ticks_s
    )
    return tag("div", join(*ticks), class_="axis", aria_hidden="true")
