"""A call as a picture for a terminal: time runs downward, the caller left, the agent right.

    0.0  ○ it rings
    0.6  │                                  │ Hello, how can I help?
    3.0  │ What time is it in Tokyo?        │
         ⋯ 1.8 s                            │
    6.3  │                                  │ It is 7:00 PM in ✂ [Tokyo.]

What is no sound has its sign in the caller's lane. A silence is one line, however long it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from bridge.rehearsal.happenings import Happened, Heard, Thing, Waited, things, transcript
from bridge.rehearsal.performance import Performance, Spoke
from bridge.rehearsal.terminal_text import UNICODE, Signs, padded, width, wrapped

LEAST_COLUMNS = 60
"""Narrower than this, two lanes of words are unreadable."""

MARGIN = 9
"""Columns of the moments and the blanks behind them."""

MINUTE_S = 60

LEGEND = {
    "filler": "said while the agent thinks",
    "ours": "bridge's own words",
    "cut": "cut off [not heard]",
    "again": "asked again",
    "withdrawn": "closed, or failed",
    "tool": "tool",
    "event": "from outside",
    "report": "report of the call",
}
"""What signs mean that don't explain themselves."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What a picture is drawn on.

    Attributes:
        columns: how wide it is.
        colour: whether it takes colours.
    """

    columns: int = 80
    signs: Signs = UNICODE
    colour: bool = False

    @property
    def lane(self) -> int:
        """Columns of words in one lane."""
        return (max(self.columns, LEAST_COLUMNS) - MARGIN - len("│ " * 2) - 1) // 2

    def styled(self, text: str, **style: bool | str) -> str:
        """The text in a style, where there are any."""
        return click.style(text, **style) if self.colour and text else text  # type: ignore[arg-type] # styles by name


def render_picture(performance: Performance, paper: Paper) -> str:
    """The picture, with a legend of the signs that it needs."""
    shown = things(performance)
    head = _row(paper, "", f"{' ' * 2}caller", f"{' ' * 2}agent", bars=(" ", " "))
    lines = [paper.styled(head.rstrip(), bold=True)]
    for thing in shown:
        lines += _lines(thing, paper)
    legend = ", ".join(
        f"{getattr(paper.signs, name)} {meaning}"
        for name, meaning in LEGEND.items()
        if name in _signs_used(shown)
    )
    if legend:
        indent = " " * MARGIN
        within = max(paper.columns, LEAST_COLUMNS) - MARGIN
        lines += ["", *(paper.styled(indent + line, dim=True) for line in wrapped(legend, within))]
    return "\n".join(lines)


def _signs_used(shown: list[Thing]) -> set[str]:
    used = {thing.kind for thing in shown if isinstance(thing, Happened)}
    spoken = [thing.spoke for thing in shown if isinstance(thing, Heard)]
    used_by_words = {spoke.kind for spoke in spoken}
    return {*used, *used_by_words, *({"cut"} if any(spoke.unheard for spoke in spoken) else ())}


def _lines(thing: Thing, paper: Paper) -> Iterator[str]:
    match thing:
        case Heard(spoke):
            yield from _spoken(spoke, paper)
        case Waited(for_s=for_s):
            yield from _marked("", paper.signs.wait, f"{for_s:.1f} s", paper, dim=True)
        case Happened(at_s, kind, text, is_bad):
            sign = getattr(paper.signs, kind)
            colour = "red" if is_bad else "cyan"
            yield from _marked(moment(at_s), sign, text, paper, fg=colour)


def _spoken(spoke: Spoke, paper: Paper) -> Iterator[str]:
    words = _words(spoke, paper.signs)
    is_quiet = spoke.kind == "filler"
    for number, line in enumerate(wrapped(words, paper.lane)):
        at = "" if number else moment(spoke.at_s)
        if spoke.party == "caller":
            left, right = paper.styled(padded(line, paper.lane), fg="green"), ""
        else:
            left, right = " " * paper.lane, paper.styled(line, dim=is_quiet)
        yield _row(paper, at, left, right, is_padded=True).rstrip()


def _words(spoke: Spoke, signs: Signs) -> str:
    text = f"(keys) {spoke.text}" if spoke.is_keys else spoke.text.strip()
    mark = {"filler": f"{signs.filler} ", "ours": f"{signs.ours} "}.get(spoke.kind, "")
    unheard = spoke.unheard.strip()
    cut = f" {signs.cut} [{unheard}]" if unheard else ""
    return f"{mark}{text}{cut}".strip()


def _marked(at: str, sign: str, text: str, paper: Paper, **style: bool | str) -> Iterator[str]:
    """A line across both lanes, with its sign in the caller's."""
    within = max(paper.columns, LEAST_COLUMNS) - MARGIN - len("│ ")
    for number, line in enumerate(wrapped(text, within)):
        head = f"{at if number == 0 else '':>{MARGIN - 2}}  "
        body = paper.styled(f"{sign if number == 0 else paper.signs.lane} {line}", **style)
        ends_at = MARGIN + len("│ ") + width(line)
        lane_at = MARGIN + len("│ ") + paper.lane + 1
        far = " " * (lane_at - ends_at) + paper.signs.lane if ends_at < lane_at else ""
        yield head + body + far


def _row(
    paper: Paper,
    at: str,
    left: str,
    right: str,
    *,
    bars: tuple[str, str] | None = None,
    is_padded: bool = False,
) -> str:
    first, second = bars or (paper.signs.lane, paper.signs.lane)
    if bars:  # the heads stand over the words
        return f"{'':>{MARGIN}}{first}{padded(left[1:], paper.lane + 2)}{second}{right[1:]}"
    shown = left if is_padded else padded(left, paper.lane)
    return f"{at:>{MARGIN - 2}}  {first} {shown} {second} {right}"


def moment(at_s: float) -> str:
    """A moment as `12.3`, from a minute on as `1:02.3`."""
    tenths = round(at_s * 10)
    minutes, rest = divmod(tenths, MINUTE_S * 10)
    return f"{minutes}:{rest / 10:04.1f}" if minutes else f"{rest / 10:.1f}"


def render_transcript(performance: Performance, paper: Paper) -> str:
    """Who said what, as it was heard; what was cut off in brackets."""
    lines = []
    for said in transcript(performance):
        cut = f" {paper.signs.cut} [{said.unheard}]" if said.unheard else ""
        head = f"{said.party:<8}"
        for line in wrapped(f"{said.text}{cut}", max(paper.columns, LEAST_COLUMNS) - len(head)):
            lines.append(head + line)
            head = " " * len(head)
    return "\n".join(lines)
