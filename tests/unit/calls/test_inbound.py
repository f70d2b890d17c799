"""A call rings: policy, session, greeting, and an answer whatever happens."""

import json
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calls.entrance import Rules
from bridge.calls.inbound import Greeting, Inbound
from bridge.calls.sessions import SessionBook
from bridge.core import policy
from bridge.core.initiation import NOT_STATED, VARIABLES
from bridge.core.phrases import PhraseBook
from bridge.core.policy import Policy
from bridge.core.session import caller_digest
from tests.fakes.desk import BOOK, CALLER, CODED, LINE, PHRASES, RULES, SECRET, Desk, chat
from tests.fakes.log_lines import logging_to

GERMAN_CALLER = "+4930123456"
GERMAN = BOOK.for_language("de")
RINGING = {
    "caller_id": CALLER,
    "agent_id": "agent_0001",
    "called_number": LINE,
    "call_sid": "CA00000000000000000000000000000001",
    "conversation_id": "conv_0001",
}
GREETING = Greeting(languages=("+49=de",))
CLOSED = replace(RULES, policy=Policy())
LISTING = replace(RULES, policy=Policy(policy.Inbound.ALLOWLIST, ("+1*",)))


@dataclass
class Bell:
    """An inbound door, and what it told."""

    rules: Rules = RULES
    greeting: Greeting = GREETING
    book: PhraseBook = BOOK
    refused: list[str] = field(default_factory=list)
    sessions: SessionBook = field(default_factory=SessionBook)
    inbound: Inbound = field(init=False)

    def __post_init__(self) -> None:
        self.inbound = Inbound(
            self.rules,
            self.greeting,
            self.book,
            self.sessions,
            today=lambda: 1.7e9,
            refused=self.refused.append,
        )

    def rings(self, **changes: Any) -> dict[str, Any]:
        """The variables that a call is given, having looked that the answer is one."""
        answer = self.inbound.ring({**RINGING, **changes})
        assert answer["type"] == "conversation_initiation_client_data"
        assert answer["dynamic_variables"].keys() == VARIABLES.keys()
        variables: dict[str, Any] = answer["dynamic_variables"]
        return variables

    def override(self, **changes: Any) -> dict[str, str]:
        """What the agent is told to do otherwise."""
        config = self.inbound.ring({**RINGING, **changes}).get("conversation_config_override", {})
        assert config.keys() <= {"agent"}
        agent: dict[str, str] = config.get("agent", {})
        return agent


# -- let in ---------------------------------------------------------------------------------------


def test_who_is_let_in_has_everything_that_is_known_of_the_call() -> None:
    bell = Bell()

    assert bell.rings() == {
        "bridge_session_key": f"phone:{caller_digest(CALLER, SECRET)}",
        "bridge_caller": CALLER,
        "bridge_called": LINE,
        "bridge_call": "CA00000000000000000000000000000001",
        "bridge_direction": "inbound",
        "bridge_language": NOT_STATED,
    }
    assert bell.override() == {}
    assert bell.refused == []


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        replace(RULES, scope="per_call"),
        replace(RULES, scope="fixed", fixed_key="desk"),
        replace(RULES, scope="template", template="desk:{line}:{caller}"),
        replace(RULES, scope="template", template="{conversation}"),
    ],
)
@pytest.mark.parametrize("changes", [{}, {"caller_id": "anonymous"}, {"conversation_id": None}])
def test_its_turns_join_the_session_they_would_join_by_themselves(
    rules: Rules, changes: dict[str, Any]
) -> None:
    """The variables come back as headers; with the session's left out, the key is the same."""
    variables = Bell(rules).rings(**changes)
    headers = {VARIABLES[name]: value for name, value in variables.items()}
    headers["x-bridge-conversation"] = "conv_0001"
    alone = {name: value for name, value in headers.items() if name != "x-openclaw-session-key"}

    told = Desk(rules).passes("Hi", headers=headers)
    by_itself = Desk(rules).passes("Hi", headers=alone)

    assert told.session_key == by_itself.session_key
    assert told.identity == by_itself.identity


def test_a_call_whose_conversation_is_not_known_yet_names_no_session_of_its_own() -> None:
    per_call = Bell(replace(RULES, scope="per_call"))

    assert per_call.rings(conversation_id=None)["bridge_session_key"] == NOT_STATED
    assert per_call.rings()["bridge_session_key"] == "phone:call:conv_0001"
    assert Bell().rings(conversation_id=None)["bridge_session_key"].startswith("phone:")


def test_the_session_is_noted_when_it_rings() -> None:
    bell = Bell()
    bell.rings()

    (row,) = bell.sessions.rows()
    assert (row.conversation, row.last_at_s) == ("conv_0001", 1.7e9)
    assert CALLER not in str(row)


# -- the greeting ---------------------------------------------------------------------------------


def test_a_caller_is_greeted_in_the_language_of_their_number() -> None:
    bell = Bell()

    assert bell.override(caller_id=GERMAN_CALLER) == {
        "first_message": GERMAN.greeting,
        "language": "de",
    }
    assert bell.rings(caller_id=GERMAN_CALLER)["bridge_language"] == "de"


def test_a_language_that_the_agent_has_anyway_is_no_override() -> None:
    bell = Bell(replace(RULES, language="de"), Greeting(languages=("+49=de",)))

    assert bell.override(caller_id=GERMAN_CALLER) == {}
    assert bell.rings(caller_id=GERMAN_CALLER)["bridge_language"] == "de"


@pytest.mark.parametrize("first", ["Hello!", ""])
def test_one_first_message_for_all_is_no_override(first: str) -> None:
    bell = Bell(greeting=Greeting(first, languages=("+49=de",)))

    assert bell.override(caller_id=GERMAN_CALLER) == {"language": "de"}


def test_the_question_for_the_code_is_asked_in_the_callers_language() -> None:
    bell = Bell(CODED)

    assert bell.override() == {}
    said = bell.override(caller_id=GERMAN_CALLER)["first_message"]
    assert said == f"{GERMAN.greeting} {GERMAN.pin_ask}"


def test_a_code_that_the_greeting_asked_for_may_be_the_first_thing_said() -> None:
    """Our greeting is no attempt, and doesn't change what the first words are worth."""
    greeted = [{"role": "assistant", "content": f"{PHRASES.greeting} {PHRASES.pin_ask}"}]

    def hears(*said: str) -> str:
        wires = [*greeted, *({"role": "user", "content": text} for text in said)]
        refusal = Desk(CODED).entrance.admit(
            replace(chat("x", tools=True), messages=chat(wires=wires).messages),
            {"x-bridge-conversation": "conv_1", "x-bridge-caller": CALLER},
        )
        return getattr(refusal, "rule", "")

    assert (hears("4711"), hears("4712"), hears("Hello")) == (
        "pin_accepted",
        "pin_wrong",
        "pin_ask",
    )


# -- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "caller", "rule"),
    [
        (CLOSED, CALLER, "disabled"),
        (LISTING, GERMAN_CALLER, "not_listed"),
        (LISTING, "anonymous", "withheld"),
        (LISTING, None, "withheld"),
    ],
)
def test_a_refused_caller_hears_so_and_joins_no_session(
    rules: Rules, caller: str | None, rule: str
) -> None:
    bell = Bell(rules)
    variables = bell.rings(caller_id=caller)

    assert variables["bridge_session_key"] == NOT_STATED
    assert bell.refused == [rule]
    assert bell.sessions.rows() == []
    said = GERMAN.refused if caller == GERMAN_CALLER else PHRASES.refused
    assert bell.override(caller_id=caller)["first_message"] == said


@pytest.mark.parametrize("caller", [CALLER, "anonymous"])
def test_who_is_refused_when_it_rings_is_refused_when_they_speak(caller: str) -> None:
    variables = Bell(CLOSED).rings(caller_id=caller)
    headers = {VARIABLES[name]: value for name, value in variables.items()}

    assert Desk(CLOSED).is_refused("Hi", headers=headers).rule == "disabled"


# -- whatever happens -----------------------------------------------------------------------------

ODD: list[object] = [
    *(None, "", "-", "{{x}}", "\x00", "x" * 5000, "ключ"),
    *(7, 1.5, True, [], {}, ["+15550001234"]),
]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("name", RINGING)
def test_no_odd_field_is_an_error(name: str, value: object) -> None:
    bell = Bell()
    bell.rings(**{name: value})
    assert "first_message" not in bell.override(**{name: value})


@given(st.dictionaries(st.text(max_size=5) | st.sampled_from(list(RINGING)), st.text()))
def test_any_object_is_answered_with_every_variable(body: dict[str, str]) -> None:
    answer = Bell().inbound.ring(body)

    assert answer["dynamic_variables"].keys() == VARIABLES.keys()
    assert json.loads(json.dumps(answer)) == answer


def test_when_something_of_ours_breaks_nobody_is_let_in_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bell = Bell()

    def broken(*_: object) -> None:
        raise RuntimeError(CALLER)

    monkeypatch.setattr(policy, "decide", broken)
    with logging_to(lines := StringIO(), "json"):
        variables, override = bell.rings(), bell.override()

    assert variables == {
        **dict.fromkeys(VARIABLES, NOT_STATED),
        "bridge_direction": "inbound",
        "bridge_call": "unknown",
    }
    assert override == {"first_message": PHRASES.refused}
    assert json.loads(lines.getvalue().splitlines()[0])["event"] == "ringing.failed"
    assert CALLER not in lines.getvalue()


def test_a_ringing_is_logged_without_the_number() -> None:
    with logging_to(lines := StringIO(), "json"):
        Bell().rings()
        Bell(CLOSED).rings()

    let_in, refused = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (let_in["event"], let_in["outcome"], let_in["rule"]) == (
        "call.ringing",
        "let_in",
        "open",
    )
    assert (refused["outcome"], refused["rule"]) == ("refused", "disabled")
    assert (let_in["caller"], let_in["line"]) == ("+1555•••1234", "+1555•••0100")
    assert CALLER[1:] not in lines.getvalue()
