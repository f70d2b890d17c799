"""What the model behind the gateway says in a rehearsed call, as directives of the stub's.

`as_script` has it say what a scenario's `[[replies]]` hold; `as_demo` what bridge's own demo agent
says, from the dialogue and the manner that the gateway shows the model. So the same scenario goes
through the gateway that goes without it.
"""

import json
from collections.abc import Callable, Sequence

from bridge.core.chat import Message
from bridge.rehearsal.jumping_loop import BEGINS_WALL_S
from bridge.rehearsal.scenario import AgentKind, Reply, Scenario
from bridge.upstreams.demo import rules
from bridge.upstreams.demo.steps import Say, Think
from tests.gateway.kit.stub_model import INTERNAL, RUNTIME_LINE, STAMP, Seen, text_of

WORD_CHARS = 6
"""Characters of a word and the blank after it, about: a script counts those, the stub words."""

DEMO_PACE_S = 0.005
"""Seconds between two words of the demo agent's: as a fast model. Each passes for all of us."""

Plays = Callable[[Seen], str]


def plays(scenario: Scenario) -> Plays:
    """Whoever should answer in that scenario."""
    return as_script(scenario.replies) if scenario.agent is AgentKind.SCRIPTED else as_demo


def as_script(replies: Sequence[Reply]) -> Plays:
    """The first reply that fits, each as often as it may be given."""
    given = [0] * len(replies)

    def directives(seen: Seen) -> str:
        said = utterance(seen.newest).casefold()
        for number, reply in enumerate(replies):
            is_left = reply.times is None or given[number] < reply.times
            if is_left and reply.to.casefold() in said:
                given[number] += 1
                return _directives(reply.says, reply.after_s, reply.chunk_s, reply.chunk_chars)
        return ""

    return directives


def as_demo(seen: Seen) -> str:
    """As the demo agent would reply, who keeps nothing but reads the dialogue."""
    steps = rules.reply(_dialogue(seen), instructions=seen.system, wall_s=BEGINS_WALL_S)
    says = "".join(step.text for step in steps if isinstance(step, Say))
    thinks_s = sum(step.seconds for step in steps if isinstance(step, Think))
    return _directives(says, thinks_s, DEMO_PACE_S, WORD_CHARS)


def utterance(newest: str) -> str:
    """The caller's words: what stands before them is bridge's note, or what was not answered."""
    return newest.strip().rpartition("\n")[2]


def _directives(says: str, after_s: float, chunk_s: float, chunk_chars: int) -> str:
    words = max(1, round(chunk_chars / WORD_CHARS))
    return f"text={json.dumps(says)} hang={after_s} delay={chunk_s} chunk={words}"


def _dialogue(seen: Seen) -> list[Message]:
    found = []
    for message in seen.body["messages"]:
        role, text = str(message.get("role")), text_of(message.get("content"))
        if role == "user" and not text.lstrip().startswith(INTERNAL):
            bare = STAMP.sub("", RUNTIME_LINE.sub("", text))
            found.append(Message.of("user", utterance(bare)))
        elif role == "assistant":
            found.append(Message.of("assistant", text))
    return found
