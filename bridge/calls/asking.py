"""What the agent is asked in a turn: the cleaned dialogue, what was heard, our phone manner."""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.calls.request import TurnRequest
from bridge.core import control, filler, heard, history, manner
from bridge.core.chat import Message
from bridge.core.conversation import Conversation, Run, Stop
from bridge.core.dialogue import News
from bridge.core.identity import Strength
from bridge.ports.upstream import Ask, Upstream


@dataclass(frozen=True, slots=True)
class AskPlan:
    """What a question to the agent is made from.

    Attributes:
        conversation: what the ledger holds now that earlier runs are over.
        replaces: an earlier transcript of the same utterance had been asked.
        fillers: every filler there is.
        prompts: everything that a silent caller may be asked.
        breaks_promise: the caller was to be rung back, and goes on with this instead.
        behind_s: seconds that the agent may take in all, where its caller might be rung back; 0
            where they won't.
    """

    request: TurnRequest
    conversation: Conversation
    replaces: bool
    fillers: Collection[str]
    prompts: Collection[str]
    tells_caller: bool
    breaks_promise: bool = False
    behind_s: float = 0.0


def plan_ask(plan: AskPlan, upstream: Upstream) -> Ask:
    """The question, fit for this kind of agent."""
    request = plan.request
    _control, others = control.split_tools(request.tools)
    tools = request.tools if upstream.calls_tools else others
    params = dict(request.params)
    if not tools:
        params.pop("tool_choice", None)
    return Ask(
        messages=_quiet(
            history.clean(
                request.messages,
                fillers=plan.fillers,
                is_private=request.private.__contains__,
            )
        ),
        newest=_newest(plan),
        note=_note(plan) if upstream.keeps_history else "",
        instructions=_instructions(plan, upstream),
        session_key=request.session_key,
        tools=tools,
        params=params,
        model=request.model,
        silence_s=plan.behind_s,
    )


def _instructions(plan: AskPlan, upstream: Upstream) -> str:
    """Our manner; that they may be rung back; of a call that we placed, what it is for as well."""
    request = plan.request
    said = manner.instructions(
        marks=frozenset() if upstream.calls_tools else control.offered(request.tools),
        caller=request.identity.remote if plan.tells_caller else None,
        direction=request.identity.direction,
        language=request.language,
        tells_caller=plan.tells_caller and request.identity.is_call,
        replaced=plan.replaces and upstream.keeps_history,
    )
    more = (manner.MAY_RING_BACK if plan.behind_s else "", request.errand)
    return "\n".join((said, *(line for line in more if line)))


def _newest(plan: AskPlan) -> tuple[Message, ...]:
    """What the agent has not been asked yet: the utterance, and any before it that nobody asked."""
    dialogue = plan.request.dialogue
    if dialogue.news is not News.UTTERANCE:
        return dialogue.newest
    asked = {run.key for run in plan.conversation.runs if run.asked}
    first = dialogue.key.position - len(dialogue.newest) + 1 if dialogue.key else 0
    pairs = zip(dialogue.newest, dialogue.utterance_keys, strict=True)
    earlier = [
        message
        for place, (message, key) in enumerate(pairs)
        if key != dialogue.key and key not in asked and first + place not in plan.request.private
    ]
    return _quiet((*earlier, dialogue.newest[-1]))


def _quiet(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    return tuple(
        m.with_text(quiet)
        if m.role == "user" and (quiet := manner.quiet_brackets(m.text)) != m.text
        else m
        for m in messages
    )


def _note(plan: AskPlan) -> str:
    """What was heard of the reply before this utterance, if it was not all of it."""
    if plan.breaks_promise:
        return manner.PROMISE_BROKEN
    before = _run_before(plan)
    if before is None:
        return ""
    split = heard.compare(before.said, _spoken_of(before, plan))
    if split is not None:
        return manner.heard_note(split.heard, split.unheard)
    was_cut = before.stop in (Stop.LEFT, Stop.SUPERSEDED)
    return manner.heard_note(before.said.strip(), "") if was_cut else ""


def heard_before(plan: AskPlan) -> tuple[str, str] | None:
    """What was heard of the reply before this utterance: its run's id, and the words.

    Returns:
        `None` when this request doesn't tell: there was none, or the history has other words.
    """
    before = _run_before(plan)
    if before is None:
        return None
    spoken = _spoken_of(before, plan)
    split = heard.compare(before.said, spoken)
    if split is not None:
        return before.id, split.heard
    is_whole = heard.is_beginning(before.said, spoken)
    return (before.id, before.said.strip()) if is_whole else None


def _spoken_of(run: Run, plan: AskPlan) -> str:
    spoken = filler.strip(_without_prompts(plan), frozenset(plan.fillers))
    return filler.strip(spoken, frozenset(run.fillers), sent_in_this_reply=True)


def _without_prompts(plan: AskPlan) -> str:
    """The reply before this utterance, without our asking whether the caller is still there."""
    reply = plan.request.dialogue.previous_reply
    theirs = [
        text for text in reply[1:] if not any(heard.is_beginning(text, p) for p in plan.prompts)
    ]
    return " ".join((*reply[:1], *theirs))


def _run_before(plan: AskPlan) -> Run | None:
    """The run that replied to the utterance before this one, if it said anything.

    Only in a conversation that is known as one: a session key may be shared with somebody else,
    whose reply is nobody's business here.
    """
    dialogue = plan.request.dialogue
    if plan.request.strength is not Strength.CONVERSATION:
        return None
    if dialogue.news is not News.UTTERANCE or dialogue.key is None:
        return None
    position = dialogue.key.position - 1
    runs = [run for run in plan.conversation.runs if run.key.position == position and run.said]
    return runs[-1] if runs else None
