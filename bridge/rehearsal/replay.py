"""A call on record becomes a scenario: its caller's lines, and the agent's replies as they were.

Pure: JSON in, as `bridge calls ID --json` has it, a `Scenario` out. What a record doesn't have is
as in a calm call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from bridge.errors import BadRequest
from bridge.rehearsal.replay_lines import Group, groups_of, is_silence, lines_of
from bridge.rehearsal.replay_replies import COLLEAGUE, HERE, Discretion, replies_of
from bridge.rehearsal.scenario import (
    AgentKind,
    Expectation,
    LineExpectation,
    Manners,
    OutboundCall,
    PickUp,
    Scenario,
)

Json = Mapping[str, Any]

CALLER = "+15550001234"
CALLEE = "+14155550142"
"""Nobody's numbers, in place of those who ring in and who are rung.
Source: nanpa.com, numbers for entertainment and advertising (2026-11)."""

NO_SKIPPING = tuple(name for name in Manners().tools if name != "skip_turn")
"""What a platform offers that doesn't let a turn pass in silence."""

PICK_UPS: Mapping[str, PickUp] = {
    "no_answer": PickUp.NO_ANSWER,
    "busy": PickUp.BUSY,
    "voicemail": PickUp.VOICEMAIL,
}
"""What became of a call that bridge placed, by the outcome on record."""


def scenario_of(
    call: Json,
    settings: Json | None = None,
    *,
    reveal: bool = False,
    masks_words: bool = True,
) -> Scenario:
    """The scenario of a call on record; nothing is expected of it.

    Args:
        call: with its `turns`; its numbers may be masked.
        settings: bridge's own, by their dotted names, with which it is to be acted out.
        reveal: ring from and to the telephone numbers on record, where it shows them.
        masks_words: mask telephone numbers in what was said.

    Raises:
        BadRequest: there is nothing in it that could be replayed; says why.
    """
    turns: Sequence[Json] = call["turns"]
    _refuse_without_words(call, turns)
    keep = Discretion(reveal=reveal, masks_words=masks_words)
    lines = tuple(
        replace(
            line,
            number=number,
            says=keep.text(line.says),
            heard_first=tuple(map(keep.text, line.heard_first)),
        )
        for number, line in enumerate(lines_of(call, turns), 1)
    )
    replies = tuple(replies_of(turns, keep))
    given = dict(settings or {})
    if keep.has_colleague:
        given["elevenlabs.transfer_to"] = [COLLEAGUE]
    is_inbound = call["direction"] != "outbound"
    return Scenario(
        name=f"replay-{str(call['id']).removeprefix('call_')[:8]}",
        title="A call that was on record, replayed.",
        lines=lines,
        agent=AgentKind.SCRIPTED if replies else AgentKind.DEMO,
        runs_with=(*((AgentKind.DEMO,) if replies else ()), AgentKind.CONFIGURED),
        replies=replies,
        caller=keep.number(call["remote"], CALLER) if is_inbound else CALLER,
        language=call["language"] or "en",
        settings=given,
        manners=Manners(tools=NO_SKIPPING) if _asked_aloud(turns) else Manners(),
        outbound=None if is_inbound else _outbound(call, keep),
    )


def with_expectations(scenario: Scenario, call: Json) -> Scenario:
    """The scenario, expecting what held then and should with any agent: acts, and the outcome.

    What the agent said is none of it: it stands in the replies, and a real one says it otherwise.
    """
    wanted = iter(group for group in groups_of(call["turns"]) if not group.is_silence)
    lines = tuple(
        replace(line, expect=_expected(next(wanted))) if line.says or line.keys else line
        for line in scenario.lines
    )
    outcome = call["outcome"] if call["state"] == "ended" else None
    is_told = outcome not in (None, "unknown", "not_placed")
    return replace(scenario, lines=lines, expect=Expectation(outcome=outcome if is_told else None))


# -- what can't be replayed -----------------------------------------------------------------------


def _refuse_without_words(call: Json, turns: Sequence[Json]) -> None:
    if call["direction"] == "outbound" and not turns and call.get("message"):
        return
    if not turns:
        why = "it has no turns on record"
    elif not any(turn["utterance"] or turn["sent"] or turn["ours"] for turn in turns):
        why = "its words were not kept (records.words)"
    elif not any(turn["utterance"] for turn in turns):
        why = "nobody said anything in it"
    else:
        return
    raise BadRequest(f"Call {call['id']!r} can't be replayed: {why}.", param="from_call")


# -- what is made of it --------------------------------------------------------------------------


def _asked_aloud(turns: Sequence[Json]) -> bool:
    """Whether bridge asked a silent caller something, as it does where no turn can be skipped."""
    return any(is_silence(turn) and turn["ours"].strip() for turn in turns)


def _outbound(call: Json, keep: Discretion) -> OutboundCall:
    mode: Literal["notify", "conversation"] = (
        "notify" if call.get("mode") == "notify" else "conversation"
    )
    return OutboundCall(
        to=keep.number(call["remote"], CALLEE) or CALLEE,
        mode=mode,
        message=keep.text(call.get("message") or ""),
        brief=keep.text(call.get("brief") or ""),
        pick_up=PICK_UPS.get(call["outcome"] or "", PickUp.ANSWERED),
    )


def _expected(group: Group) -> LineExpectation:
    asked = [turn for turn in group.turns if turn["outcome"] != HERE]
    acts = tuple(act["name"] for turn in group.turns for act in turn["acts"])
    is_plain = len(group.turns) == 1 and not group.early
    return LineExpectation(acts=acts, agent_asked=len(asked) if is_plain else None)
