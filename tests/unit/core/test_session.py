"""Session keys: which conversation of the agent a call joins."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.identity import CallIdentity, identify
from bridge.core.session import (
    PLACEHOLDERS,
    SessionKey,
    caller_digest,
    check_key,
    check_template,
    session_key,
    with_agent,
)
from bridge.core.signature import keyed_digest
from bridge.errors import BadRequest

SECRET = b"an install's secret"
CALLER, LINE = "+15550001234", "+15550100"
CALLER_DIGEST, LINE_DIGEST = caller_digest(CALLER, SECRET), caller_digest(LINE, SECRET)


def calling(**fields: str) -> CallIdentity:
    """The identity of a request with these `x-bridge-` headers."""
    return identify({f"x-bridge-{name}": text for name, text in fields.items()}, [])[0]


def key_of(
    identity: CallIdentity, scope: str, template: str = "", header_key: str | None = None
) -> str | None:
    return session_key(
        scope=scope,
        template=template,
        fixed_key="main",
        identity=identity,
        header_key=header_key,
        secret=SECRET,
    )


WHOLE = calling(conversation="conv_1", caller=CALLER, called=LINE, direction="inbound")
WITHHELD = calling(conversation="conv_1", caller="anonymous", called=LINE)
ALONE = CallIdentity()


@pytest.mark.parametrize(
    ("scope", "identity", "expected"),
    [
        ("per_call", WHOLE, "phone:call:conv_1"),
        ("per_call", calling(caller=CALLER, call="CA1"), "phone:call:CA1"),
        ("per_call", calling(caller=CALLER), None),
        ("per_call", ALONE, None),
        ("per_phone", WHOLE, f"phone:{CALLER_DIGEST}"),
        ("per_phone", calling(caller=CALLER), f"phone:{CALLER_DIGEST}"),
        ("per_phone", WITHHELD, "phone:call:conv_1"),
        ("per_phone", calling(caller=""), None),
        ("per_phone", ALONE, None),
        ("fixed", WHOLE, "main"),
        ("fixed", ALONE, "main"),
    ],
)
def test_a_scope_says_who_shares_a_session(
    scope: str, identity: CallIdentity, expected: str | None
) -> None:
    assert key_of(identity, scope) == expected


@pytest.mark.parametrize(
    ("template", "identity", "expected"),
    [
        ("desk:{line}:{caller}", WHOLE, f"desk:{LINE_DIGEST}:{CALLER_DIGEST}"),
        ("to:{called}", WHOLE, f"to:{LINE_DIGEST}"),
        ("{direction}:{conversation}", WHOLE, "inbound:conv_1"),
        ("{direction}:{conversation}", WITHHELD, "inbound:conv_1"),
        ("desk", WHOLE, "desk"),
        ("desk", ALONE, None),
        ("desk:{line}:{caller}", WITHHELD, "phone:call:conv_1"),
        ("desk:{line}", calling(conversation="conv_1"), "phone:call:conv_1"),
        ("desk:{caller}", calling(caller=""), None),
        ("x:{conversation}", calling(caller=CALLER), None),
    ],
)
def test_a_template_is_filled_in_or_falls_back_to_the_call(
    template: str, identity: CallIdentity, expected: str | None
) -> None:
    assert key_of(identity, "template", template) == expected


def test_calling_somebody_back_joins_the_session_of_their_own_call() -> None:
    back = calling(conversation="conv_2", caller=LINE, called=CALLER, direction="outbound")

    assert key_of(back, "per_phone") == key_of(WHOLE, "per_phone")
    assert key_of(back, "template", "{line}:{caller}") == key_of(
        WHOLE, "template", "{line}:{caller}"
    )


@pytest.mark.parametrize("scope", ["per_call", "per_phone", "fixed", "template"])
def test_a_key_that_the_client_sends_is_obeyed_before_everything(scope: str) -> None:
    assert key_of(WHOLE, scope, header_key=" agent:Ada:main ") == "agent:Ada:main"


def test_a_template_in_place_of_a_key_is_not_obeyed() -> None:
    assert key_of(WHOLE, "per_call", header_key="{{system__conversation_id}}") == (
        "phone:call:conv_1"
    )


@pytest.mark.parametrize("header_key", ["", "a\nb", "x" * 257, "é"])
def test_a_key_that_cannot_be_one_is_refused(header_key: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        key_of(WHOLE, "fixed", header_key=header_key)

    assert refusal.value.param == "x-openclaw-session-key"


def test_an_unknown_scope_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="per_moon"):
        key_of(WHOLE, "per_moon")


@pytest.mark.parametrize(
    "conversation",
    [
        "call-+15550009999",
        "call-15550009999",
        "room/1555-000-1234",
        "with blanks",
        "a:b",
        "会話",
        "x" * 129,
        "main",
        "Subagent",
    ],
)
def test_an_id_that_is_not_harmless_is_named_by_its_digest(conversation: str) -> None:
    identity = calling(conversation=conversation, caller=CALLER)

    assert key_of(identity, "per_call") == (
        f"phone:call:{keyed_digest(SECRET, 'conversation', conversation)}"
    )


@given(
    st.sampled_from(["per_call", "per_phone", "template"]),
    st.text(min_size=1, max_size=20).filter(str.isprintable),
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
    st.sampled_from(["inbound", "outbound", ""]),
)
def test_no_number_ever_stands_in_a_key_and_no_id_reaches_another_session(
    scope: str, noise: str, number: str, direction: str
) -> None:
    identity = calling(
        conversation=noise + number[1:] + noise, caller=number, called=LINE, direction=direction
    )

    key = key_of(identity, scope, "{conversation}:{caller}") or ""

    assert number[1:] not in key
    assert re.fullmatch(r"[!-~]{1,256}", key)
    assert key.count(":") <= 2
    check_key(key)


def test_the_agent_is_put_before_a_bare_key_only() -> None:
    assert with_agent(SessionKey("phone:x"), "ada") == "agent:ada:phone:x"
    assert with_agent(SessionKey("Agent:eve:main"), "ada") == "Agent:eve:main"


@pytest.mark.parametrize("key", ["main", "agent:ada:main", "desk 1", "x" * 256])
def test_keys_an_operator_may_set(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "1 to 256"),
        ("x" * 257, "1 to 256"),
        ("a\nb", "printable"),
        ("é", "printable"),
        ("phone:+15550001234", "telephone number"),
        ("subagent:x", "subagent:"),
        ("agent:ada:CRON:x", "cron:"),
        ("acp:x", "acp:"),
        ("Global", "global"),
        ("agent:ada:unknown", "unknown"),
    ],
)
def test_keys_an_operator_may_not_set_are_refused_with_the_reason(key: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_key(key)


@pytest.mark.parametrize("template", ["desk", *(f"x:{{{name}}}" for name in PLACEHOLDERS)])
def test_templates_an_operator_may_set(template: str) -> None:
    check_template(template)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("", "1 to 256"),
        ("{number}", "there is no {number}"),
        ("{}", "there is no {}"),
        ("{caller", "brace"),
        ("caller}", "brace"),
        ("cron:{caller}", "cron:"),
        ("{conversation}{conversation}{conversation}", "1 to 256"),
    ],
)
def test_templates_an_operator_may_not_set_are_refused_with_the_reason(
    template: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        check_template(template)
