"""Who is calling: headers, marker lines, and what of them is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.chat import Message
from bridge.core.identity import MARKER_CHARS, CallIdentity, Strength, identify
from bridge.core.stated import NOT_STATED
from bridge.errors import BadRequest

USER = Message.of("user", "Hello")
CALL = {
    "x-bridge-conversation": "conv_1",
    "x-bridge-caller": "+15550001234",
    "x-bridge-called": "+15550100",
    "x-bridge-call": "CA1",
    "x-bridge-direction": "inbound",
}
WHOLE = CallIdentity(
    conversation="conv_1",
    caller="+15550001234",  # type: ignore[arg-type] # a literal is plain enough in a test
    called="+15550100",  # type: ignore[arg-type] # the same
    call="CA1",
    direction="inbound",
    is_call=True,
    strength=Strength.CONVERSATION,
    thread="conv:conv_1",
)
MARKER = (
    "[bridge conversation=conv_1 caller=+15550001234 called=+15550100 call=CA1 direction=inbound]"
)


def identity_of(headers: dict[str, str], *system: str) -> CallIdentity:
    return identify(headers, [*(Message.of("system", text) for text in system), USER])[0]


def test_headers_say_who_is_calling() -> None:
    assert identify(CALL, [USER]) == (WHOLE, (USER,))


def test_the_marker_line_says_the_same() -> None:
    system = Message.of("system", f"You are Ada.\n{MARKER}\nBe kind.")

    identity, messages = identify({}, [system, USER])

    assert identity == WHOLE
    assert messages == (Message.of("system", "You are Ada.\nBe kind."), USER)


@pytest.mark.parametrize(
    "marker",
    [
        MARKER.replace("=", ' = "')
        .replace(" caller", '" caller')
        .replace(" called", '" called')
        .replace(" call ", '" call ')
        .replace(" direction", '" direction')
        .replace("]", '"]'),
        MARKER.replace("+15550001234", "'+1 555 000 1234'"),
        MARKER.replace("+15550001234", "+1 (555) 000-1234"),
        MARKER.replace(" call", ", call"),
        MARKER.replace("inbound", "Inbound"),
    ],
)
def test_a_marker_may_be_written_in_several_ways(marker: str) -> None:
    assert identity_of({}, marker) == WHOLE


def test_nothing_said_is_a_request_that_stands_alone() -> None:
    assert identify({}, [USER]) == (CallIdentity(), (USER,))


def test_headers_win_field_by_field() -> None:
    identity = identity_of({"x-bridge-caller": "+15550009999"}, MARKER)

    assert (identity.caller, identity.called) == ("+15550009999", "+15550100")


@pytest.mark.parametrize("unfilled", ["", "{{bridge_caller}}"])
def test_a_header_nobody_filled_in_leaves_the_marker_its_say(unfilled: str) -> None:
    assert identity_of({"x-bridge-caller": unfilled}, MARKER).caller == "+15550001234"


@pytest.mark.parametrize("withheld", ["anonymous", "sip:ada@example.com", "+266696687"])
def test_a_header_that_says_withheld_is_believed_before_the_marker(withheld: str) -> None:
    assert identity_of({"x-bridge-caller": withheld}, MARKER).caller is None


@pytest.mark.parametrize(
    "caller",
    [
        "",
        "{{system__caller_id}}",
        "Anonymous",
        "restricted",
        "null",
        "+266696687",
        "sip:a@b",
        "client:ada",
        "1001",
        "\x00",
        "+1555000123400000",
    ],
)
def test_what_is_no_number_is_a_withheld_one_and_still_a_call(caller: str) -> None:
    identity = identity_of({"x-bridge-caller": caller})

    assert identity == CallIdentity(is_call=True)


@pytest.mark.parametrize("name", ["caller", "called", "call", "direction"])
def test_any_field_of_a_telephone_call_makes_it_one(name: str) -> None:
    assert identity_of({f"x-bridge-{name}": ""}).is_call
    assert identity_of({}, f"[bridge {name}=]").is_call


@pytest.mark.parametrize("placeholder", [NOT_STATED, " - "])
def test_a_header_that_holds_the_placeholder_is_not_there(placeholder: str) -> None:
    """Ours: a test in the dashboard of a provisioned agent sends every header so."""
    tested = dict.fromkeys([*CALL, "x-openclaw-session-key"], placeholder)

    assert identity_of(tested) == CallIdentity()
    assert identity_of(tested | {"x-bridge-conversation": "conv_1"}) == CallIdentity(
        conversation="conv_1", strength=Strength.CONVERSATION, thread="conv:conv_1"
    )
    assert identity_of(tested, MARKER) == WHOLE


def test_one_header_with_something_in_it_among_placeholders_makes_a_telephone_call() -> None:
    tested = dict.fromkeys(CALL, NOT_STATED)

    assert identity_of(tested | {"x-bridge-caller": ""}).is_call
    assert identity_of(tested | {"x-bridge-direction": "inbound"}).is_call


def test_a_placeholder_in_a_marker_is_a_withheld_value_and_no_id() -> None:
    """A caller's own text may stand in a marker, and must not make less than a call of it."""
    identity = identity_of({}, "[bridge conversation=- caller=- call=-]")

    assert identity == CallIdentity(is_call=True)


def test_a_conversation_id_alone_is_not_yet_a_telephone_call() -> None:
    assert identity_of({"x-bridge-conversation": "conv_1"}) == CallIdentity(
        conversation="conv_1", strength=Strength.CONVERSATION, thread="conv:conv_1"
    )


@pytest.mark.parametrize("conversation", ["", "{{system__conversation_id}}", "none"])
def test_a_conversation_id_that_was_not_filled_in_is_absent(conversation: str) -> None:
    assert identity_of({"x-bridge-conversation": conversation}) == CallIdentity()


@pytest.mark.parametrize("conversation", ["x" * 257, "a\x07b"])
def test_a_conversation_id_that_cannot_be_one_names_its_header(conversation: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        identity_of({"x-bridge-conversation": conversation})

    assert refusal.value.param == "x-bridge-conversation"


def test_in_a_marker_it_names_the_messages() -> None:
    with pytest.raises(BadRequest) as refusal:
        identity_of({}, f"[bridge conversation={'x' * 257}]")

    assert refusal.value.param == "messages"


def test_a_session_key_is_a_weaker_thread_than_a_conversation() -> None:
    key = {"x-openclaw-session-key": "desk"}

    by_key = identity_of(key)
    by_both = identity_of(key | {"x-bridge-conversation": "conv_1"})

    assert (by_key.strength, by_key.thread) == (Strength.KEY, "key:desk")
    assert (by_both.strength, by_both.thread) == (Strength.CONVERSATION, "conv:conv_1")


@pytest.mark.parametrize("call", ["{{system__call_sid}}", "unknown", "x" * 257, "a\nb"])
def test_a_call_id_that_cannot_be_one_is_absent(call: str) -> None:
    assert identity_of({"x-bridge-call": call}).call is None


@pytest.mark.parametrize("direction", ["outbound-api", "sideways", ""])
def test_only_two_directions_are_known(direction: str) -> None:
    assert identity_of({"x-bridge-direction": direction}).direction is None


def test_the_remote_is_whoever_is_not_us() -> None:
    outbound = identity_of(CALL | {"x-bridge-direction": "outbound"})

    assert (WHOLE.remote, WHOLE.line) == ("+15550001234", "+15550100")
    assert (outbound.remote, outbound.line) == ("+15550100", "+15550001234")


def test_the_first_of_several_markers_is_believed_and_all_are_removed() -> None:
    first = Message.of("system", "a [bridge caller=+15550001234] b [bridge caller=+15550009999]")
    second = Message.of("developer", "[bridge called=+15550009999]\nBe kind.")

    identity, messages = identify({}, [first, second, USER])

    assert (identity.caller, identity.called) == ("+15550001234", None)
    assert [message.text for message in messages] == ["a  b ", "Be kind.", "Hello"]


def test_a_caller_cannot_speak_a_marker() -> None:
    spoken = Message.of("user", MARKER)

    assert identify({}, [spoken]) == (CallIdentity(), (spoken,))


def test_a_field_stated_twice_in_a_marker_says_nothing() -> None:
    """Ours: the second may come out of a caller's own name."""
    identity = identity_of({}, "[bridge caller=x direction=outbound called= direction=inbound]")

    assert identity == CallIdentity(is_call=True)


def test_brackets_inside_quotes_do_not_end_a_marker() -> None:
    assert identity_of({}, '[bridge conversation="a]b" call=CA1]').call == "CA1"


def test_a_message_that_was_only_a_marker_is_gone() -> None:
    assert identify({}, [Message.of("system", MARKER), USER])[1] == (USER,)


def test_the_dialogue_never_becomes_empty() -> None:
    only = [Message.of("system", MARKER), Message.of("developer", MARKER)]

    assert identify({}, only)[1] == (Message.of("developer", ""),)


def test_no_messages_stay_none() -> None:
    assert identify({}, []) == (CallIdentity(), ())


@pytest.mark.parametrize("text", ["[bridges are high]", "[bridge caller=+15550001234", "[bridge"])
def test_what_is_no_marker_stays(text: str) -> None:
    system = Message.of("system", text)

    assert identify({}, [system, USER]) == (CallIdentity(), (system, USER))


def test_a_marker_behind_a_word_like_it_is_found() -> None:
    system = Message.of("system", "[bridges] [bridge call=CA1]")

    identity, messages = identify({}, [system])

    assert identity.call == "CA1"
    assert messages[0].text == "[bridges] "


def test_an_endless_marker_is_removed_unread() -> None:
    marker = f"[bridge caller=+15550001234 call={'x' * MARKER_CHARS}]"

    assert identify({}, [Message.of("system", marker), USER]) == (CallIdentity(), (USER,))


@given(
    st.dictionaries(
        st.sampled_from([*CALL, "x-openclaw-session-key"]), st.text(max_size=300), max_size=6
    ),
    st.lists(
        st.lists(
            st.sampled_from(
                ["[bridge", " ", "]", "caller", "=", '"', "'", "\n", "+15550001234", "call", "x"]
            )
        ).map("".join)
        | st.text(),
        max_size=3,
    ),
)
def test_no_header_and_no_prompt_does_more_than_be_refused(
    headers: dict[str, str], systems: list[str]
) -> None:
    messages = [*(Message.of("system", text) for text in systems), USER]
    try:
        identity, kept = identify(headers, messages)
    except BadRequest as refusal:
        assert refusal.param  # noqa: PT017 - either outcome is right
        return
    assert kept[-1] == USER
    assert (identity.thread is None) is (identity.strength is Strength.ALONE)
