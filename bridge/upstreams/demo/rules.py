"""What the demo agent says: an utterance and the dialogue before it to steps of a reply.

The same dialogue and moment give the same steps, and nothing is remembered between turns: notes
are found again in the dialogue. Every rule is a pattern and a function; the first that fits
replies. What no rule fits is answered with what it can do, never with an invention.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bridge.core.chat import Message
from bridge.upstreams.demo import other_languages, skills
from bridge.upstreams.demo.steps import Say, Scene, Steps

INTRO = "This is bridge's built-in demo agent; no language model is connected yet."
"""The first sentence of its first reply, so that nobody takes it for more than it is."""

INTRODUCED = ("This is bridge's", "Hier ist der eingebaute", "Soy el agente de demostración")
"""How an introduction begins, in each language: enough of it to know that it was given."""

MAX_UTTERANCE = 2_000
"""Characters that are looked at: a minute and a half of fast talking."""


Skill = Callable[[Scene], Steps | None] | Steps
"""What a rule leads to: a function that may pass, or what is always said."""


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    skill: Skill


def _rule(pattern: str, skill: Skill) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), skill)


_PLEASE = r"^(?:(?:hey|hi|hello|okay|ok|now|so|and|please|can you|could you|would you)[,. ]+)*"
_BYE = r"good ?bye|bye(?: bye)?|hang up|end (?:the|this) call|that(?:'s| is| will be) all"
_HOLD = r"hold on|hang on|wait|(?:one|just a) (?:moment|second|minute)"

_RULES = (
    _rule(
        rf"{_PLEASE}(?:repeat after me|echo|say(?! that again| it again))\b[:,]? *(.+)", skills.echo
    ),
    _rule(
        rf"{_PLEASE}(?:take a note|make a note|note|write down|remember)\b(.*)", skills.take_note
    ),
    _rule(r"\b(?:delete|forget|erase|clear)\b.*\bnotes?\b", skills.drop_notes),
    _rule(r"\b(?:read|what|which|tell|have|any|are)\b.*\bnotes?\b", skills.read_notes),
    _rule(r"\bspell\b(?: out| back| me)?(?: the (?:word|name))?[:,]? *(.*)", skills.spell),
    _rule(r"\bcount\b.*?\bto ([\w-]+)", skills.count),
    _rule(rf"(?:{_PLEASE}|\bto )think\b(?:.*?\bfor ([\w-]+(?: [\w-]+)?) seconds?)?", skills.think),
    _rule(r"\b(?:slow tool|calendar|use (?:a|your) tool)\b", skills.USE_TOOL),
    _rule(r"\b(?:markdown|formatt(?:ed|ing))\b", skills.SHOW_MARKDOWN),
    _rule(r"\b(?:call|ring|phone) me\b|\bcall back\b|\bremind me\b", skills.ring_back),
    _rule(
        r"\b(?:transfer|put me through|connect me|forward me)\b(?:.*?\bto\b)?(.*)",
        skills.transfer,
    ),
    _rule(rf"{_PLEASE}(?:press|dial|type|key in)\b(?: the)?(.*)", skills.press),
    _rule(r"\b(?:speak|switch to|talk in|change .*language to)\b(?: in)? +(\w+)", skills.language),
    _rule(rf"\b(?:{_HOLD})\b", skills.wait),
    _rule(rf"\b(?:{_BYE})\b", skills.hang_up),
    _rule(r"\b(?:what(?:'s| is)? (?:the )?time|time is it|the (?:\w+ )?time)\b", skills.time),
    _rule(r"\b(?:what (?:day|date)|(?:the|today's) date|which day)\b", skills.date),
    _rule(r"\d|\b(?:plus|minus|times|divided|multiplied|over)\b", skills.solve),
    _rule(r"\b(?:repeat|say) (?:that|it|this)\b|\bagain\b|\bpardon\b|^repeat\b", skills.repeat),
    _rule(r"\b(?:thanks|thank you)\b", skills.WELCOME),
    _rule(r"\b(?:help|what can you do|who are you|what are you)\b", skills.HELP),
    _rule(r"^$|^(?:hello|hi|hey|good (?:morning|afternoon|evening))\b", skills.HELLO),
)


def reply(
    messages: Sequence[Message], *, instructions: str = "", wall_s: float, zone: str = "UTC"
) -> Steps:
    """The reply to a dialogue's last utterance.

    Args:
        messages: the dialogue, oldest first.
        instructions: the phone manner; a control mark is used only when it is named there.
        wall_s: the time of day, seconds since 1970-01-01 UTC.
        zone: the zone meant when no place is named.

    Returns:
        At least one step that says something.
    """
    said = [m.text[:MAX_UTTERANCE] for m in messages if m.role == "user" and m.text.strip()]
    replies = tuple(m.text for m in messages if m.role == "assistant" and m.text.strip())
    utterance = " ".join(said[-1].split()) if said else ""
    scene = Scene(utterance, tuple(said[:-1]), replies, instructions, wall_s, zone)
    foreign = other_languages.reply(scene)
    intro, steps = foreign or (INTRO, _reply_in_english(scene))
    if any(beginning in text for text in replies for beginning in INTRODUCED):
        return steps
    return (Say(f"{intro}\n\n"), *steps)


def _reply_in_english(scene: Scene) -> Steps:
    for rule in _RULES:
        found = rule.pattern.search(scene.utterance)
        if found is None:
            continue
        if isinstance(rule.skill, tuple):
            return rule.skill
        rest = (found[1] or "") if found.lastindex else ""
        steps = rule.skill(replace(scene, rest=rest))
        if steps:
            return steps
    return skills.NO_RULE
