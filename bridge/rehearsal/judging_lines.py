"""Whether the turn that a line begins is as expected: a verdict for each expectation. Pure."""

from collections.abc import Iterator, Sequence

from bridge.rehearsal.evidence import SAME_MOMENT_S, Evidence, plain
from bridge.rehearsal.performance import Acted
from bridge.rehearsal.scenario import LineExpectation
from bridge.rehearsal.verdict import Verdict, counted, listed, quoted, seconds


def judge_line(evidence: Evidence, number: int, wanted: LineExpectation) -> Iterator[Verdict]:
    """Verdicts of one line, in the order of the expectation's fields."""
    yield from judge_words(evidence, number, wanted.heard, wanted.never_heard)
    yield from _of_sound(evidence, number, wanted)
    yield from _of_the_agent(evidence, number, wanted)
    if wanted.acts is not None:
        yield acts_verdict(wanted.acts, evidence.acts(number), number)
    if wanted.turn_class is not None:
        found = evidence.classes(number)
        yield Verdict(
            f"it is classified {wanted.turn_class!r}",
            wanted.turn_class in found,
            f"it was classified {listed(map(repr, found))}",
            number,
        )


def judge_words(
    evidence: Evidence, number: int | None, heard: Sequence[str], never_heard: Sequence[str]
) -> Iterator[Verdict]:
    """Of words that were heard, in their order, and of others that were not.

    Args:
        number: of the line whose reply they are looked for in; `None` is the whole call.
    """
    all_heard = evidence.heard(number)
    said, at = plain(all_heard), 0
    seen = f"heard was {quoted(all_heard)}" if all_heard else "nothing was heard"
    for text in heard:
        found = said.find(plain(text), at)
        is_out_of_order = found < 0 and plain(text) in said
        why = f"it was heard before that: {seen}" if is_out_of_order else seen
        yield Verdict(f"{quoted(text)} is heard", found >= 0, "" if found >= 0 else why, number)
        at = found + len(plain(text)) if found >= 0 else at
    for text in never_heard:
        passed = plain(text) not in said
        yield Verdict(f"{quoted(text)} is not heard", passed, "" if passed else seen, number)


def acts_verdict(wanted: Sequence[str], acts: Sequence[Acted], line: int | None) -> Verdict:
    """Of the tools that were carried out, in order."""
    names = tuple(act.name for act in acts)
    done = f"carried out: {listed(names)}"
    return Verdict(f"tools carried out: {listed(wanted)}", names == tuple(wanted), done, line)


def _of_sound(evidence: Evidence, number: int, wanted: LineExpectation) -> Iterator[Verdict]:
    first_s = evidence.first_sound_s(number)
    seen = "nothing was heard" if first_s is None else f"after {seconds(first_s)}"
    by_s, not_before_s = wanted.first_sound_by_s, wanted.no_sound_before_s
    if by_s is not None:
        passed = first_s is not None and first_s <= by_s + SAME_MOMENT_S
        yield Verdict(f"something is heard within {seconds(by_s)}", passed, seen, number)
    if not_before_s is not None:
        passed = first_s is None or first_s >= not_before_s - SAME_MOMENT_S
        yield Verdict(f"nothing is heard for {seconds(not_before_s)}", passed, seen, number)
    if wanted.fillers is not None:
        least, most = wanted.fillers
        found = sum(spoke.kind == "filler" for spoke in evidence.sounds(number))
        many = counted(most, "filler") if least == most else f"{least} to {most} fillers"
        passed = least <= found <= most
        yield Verdict(f"{many} heard", passed, f"{found} heard", number)
    if wanted.longest_silence_s is not None:
        pause_s = evidence.longest_pause_s(number)
        yield Verdict(
            f"no pause in the reply is longer than {seconds(wanted.longest_silence_s)}",
            pause_s <= wanted.longest_silence_s + SAME_MOMENT_S,
            f"the longest is {seconds(pause_s)}",
            number,
        )


def _of_the_agent(evidence: Evidence, number: int, wanted: LineExpectation) -> Iterator[Verdict]:
    askings = evidence.askings(number)
    if wanted.agent_asked is not None:
        many = counted(wanted.agent_asked, "time") if wanted.agent_asked else "not"
        what = "the agent is not asked" if many == "not" else f"the agent is asked {many}"
        seen = f"it was asked {counted(len(askings), 'time')}"
        yield Verdict(what, len(askings) == wanted.agent_asked, seen, number)
    told = plain(" ".join(asking.asked.told for asking in askings))
    asked = "it was told other things" if askings else "it was not asked"
    for text in wanted.told_agent:
        passed = plain(text) in told
        seen = "" if passed else asked
        yield Verdict(f"the agent is told {quoted(text)}", passed, seen, number)
    for text in wanted.not_told_agent:
        passed = plain(text) not in told
        seen = "" if passed else "it was told"
        yield Verdict(f"the agent is not told {quoted(text)}", passed, seen, number)
