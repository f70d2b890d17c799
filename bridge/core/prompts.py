"""What bridge answers itself, without the agent: silence, greetings, results of its own acts."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.core import control
from bridge.core.dialogue import CalledTool, Dialogue, News
from bridge.core.history import OUR_CALL
from bridge.core.phrases import Phrases
from bridge.core.reply import Call, End, Item, Origin, Words
from bridge.core.turn_events import (
    TurnClass,
)


def may_continue(dialogue: Dialogue, *, acts_are_ours: bool = False) -> bool:
    """Whether new tool results need nothing of the agent.

    Results of acts that bridge made never do. Those of the agent's own calls do, unless the act
    ended our part of the call, skipped the turn, or came after words that answered the caller.

    Args:
        dialogue: the history.
        acts_are_ours: the agent is never offered the platform's acts, so each of them is ours,
            even where a platform has given the call an id of its own.
    """
    if dialogue.news is not News.RESULTS:
        return False
    answered = _answered(dialogue)
    return bool(answered) and all(
        (acts_are_ours and control.is_control(call.name))
        or _is_settled(call, has_spoken=bool(dialogue.since))
        for call in answered
    )


def _answered(dialogue: Dialogue) -> list[CalledTool]:
    ids = {message.call_ids[0] for message in dialogue.newest}
    return [call for call in dialogue.called if call.id in ids]


def _is_settled(call: CalledTool, *, has_spoken: bool) -> bool:
    if call.id.startswith(OUR_CALL):
        return True
    if not control.is_control(call.name) or not control.parse_result(call.result or "").succeeded:
        return False
    return has_spoken or control.is_terminal(call.name) or call.name == "skip_turn"


IN_THEIR_LANGUAGE = "auto"
"""A greeting that is our phrase in the caller's language."""


def answer(
    turn_class: TurnClass,
    dialogue: Dialogue,
    phrases: Phrases,
    *,
    tools: Sequence[Mapping[str, Any]],
    greeting: str,
    run_id: str,
) -> list[Item]:
    """The whole reply to a turn that is answered here.

    Args:
        turn_class: what the request is.
        dialogue: its history.
        phrases: ours, in the caller's language.
        tools: the request's tools; passing the turn is built from its schema.
        greeting: what is said first when the agent is to open the call; `""` when it is not,
            `IN_THEIR_LANGUAGE` for the phrase of ours.
        run_id: makes the ids of tool calls unique.
    """
    if turn_class is TurnClass.CONTINUATION:
        return _continuation(dialogue, phrases)
    if turn_class is TurnClass.PROMISED:
        return [Words(phrases.ring_back_soon, Origin.BRIDGE), End()]
    if turn_class is TurnClass.GREETING and greeting and not dialogue.since:
        said = phrases.greeting if greeting == IN_THEIR_LANGUAGE else greeting
        return [Words(said, Origin.BRIDGE), End()]
    skip = control.build_call(
        control.Act.WAIT, "", tools, f"{OUR_CALL}{run_id}_0", last_words="", phrases=phrases
    )
    if skip is not None:
        return [Call(*skip, ours=True), End("tool_calls")]
    prompted = sum(dialogue.since.count(prompt) for prompt in phrases.still_there)
    if prompted < len(phrases.still_there):
        return [Words(phrases.still_there[prompted], Origin.BRIDGE), End()]
    return _left(phrases, tools, run_id)


def _left(phrases: Phrases, tools: Sequence[Mapping[str, Any]], run_id: str) -> list[Item]:
    """Nobody is there any more: the call is ended, if it may be.

    Never empty: the platform takes that for a failure, asks twice more, and ends the call as one.
    """
    ended = refusal(phrases.goodbye, phrases, tools=tools, run_id=run_id, hang_up=True)
    if any(isinstance(item, Call) for item in ended):
        return ended
    return [Words(phrases.still_there[-1], Origin.BRIDGE), End()]


def _continuation(dialogue: Dialogue, phrases: Phrases) -> list[Item]:
    for call in _answered(dialogue):
        is_transfer = call.name.startswith("transfer")
        if is_transfer and not control.parse_result(call.result or "").succeeded:
            return [Words(phrases.transfer_failed, Origin.BRIDGE), End()]
    return [End()]


def refusal(
    sentence: str,
    phrases: Phrases,
    *,
    tools: Sequence[Mapping[str, Any]],
    run_id: str,
    hang_up: bool,
) -> list[Item]:
    """One sentence of `phrases`, and the line is hung up if the platform lets us."""
    items: list[Item] = [Words(sentence, Origin.BRIDGE)]
    call_id = f"{OUR_CALL}{run_id}_0"
    end = control.build_call(
        control.Act.HANG_UP, "", tools, call_id, last_words=sentence, phrases=phrases
    )
    if hang_up and end is not None:
        return [*items, Call(*end, ours=True), End("tool_calls")]
    return [*items, End()]
