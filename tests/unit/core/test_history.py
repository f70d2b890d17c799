"""The dialogue as an agent may see it: what is ours is taken out, the rest is untouched."""

from typing import Any

from bridge.core.chat import Message, parse_request
from bridge.core.history import OUR_CALL, clean

FILLERS = frozenset({"One moment... ", "Let me see... "})


def history(*wires: dict[str, Any]) -> tuple[Message, ...]:
    return parse_request({"messages": list(wires)}).messages


def caller(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def agent(text: str | None, *call_ids: str, **more: object) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": "assistant", "content": text, **more}
    if call_ids:
        wire["tool_calls"] = [
            {"id": i, "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
            for i in call_ids
        ]
    return wire


def result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "done"}


def wires(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    return [dict(message.wire) for message in messages]


def test_a_history_without_anything_of_ours_is_the_same_objects() -> None:
    messages = history(
        {"role": "system", "content": "Be brief."},
        caller("Hi"),
        agent("Hello!", name="Ann"),
        caller("Weather?"),
        agent(None, "call_1"),
        result("call_1"),
        agent("Rain."),
    )

    cleaned = clean(messages, fillers=FILLERS)

    assert cleaned == messages
    assert all(kept is came for kept, came in zip(cleaned, messages, strict=True))


def test_fillers_go_out_and_the_agents_words_stay() -> None:
    messages = history(
        caller("Hi"),
        agent("One moment... Let me see... Hello!", name="Ann"),
        caller("Bye"),
        agent("One moment... "),
    )

    assert wires(clean(messages, fillers=FILLERS)) == [
        caller("Hi"),
        agent("Hello!", name="Ann"),
        caller("Bye"),
    ]


def test_messages_that_mean_silence_go_out() -> None:
    messages = history(caller("Hi"), agent("Hello!"), caller("..."), agent(""), caller("Bye"))

    assert wires(clean(messages, fillers=())) == [caller("Hi"), agent("Hello!"), caller("Bye")]


def test_our_tool_calls_and_their_results_go_out_and_the_agents_stay() -> None:
    ours = f"{OUR_CALL}1"
    messages = history(
        caller("Hi"),
        agent("One moment... Goodbye.", ours, "call_1"),
        result(ours),
        result("call_1"),
        agent(None, f"{OUR_CALL}2"),
        result(f"{OUR_CALL}2"),
        agent("One moment... ", "call_2"),
    )

    cleaned = clean(messages, fillers=FILLERS)

    assert wires(cleaned) == [
        caller("Hi"),
        agent("Goodbye.", "call_1"),
        result("call_1"),
        agent(None, "call_2"),
    ]
    assert [m.call_ids for m in cleaned] == [(), ("call_1",), ("call_1",), ("call_2",)]


def test_words_beside_a_call_of_ours_stay() -> None:
    messages = history(caller("Bye"), agent("Goodbye.", f"{OUR_CALL}1"))

    assert wires(clean(messages, fillers=())) == [caller("Bye"), agent("Goodbye.")]


def test_private_utterances_go_out_by_their_place_among_the_callers_words() -> None:
    messages = history(
        caller("Hi"), caller("..."), agent("Your code?"), caller("1 2 3 4"), caller("Weather?")
    )

    cleaned = clean(messages, fillers=(), is_private={0, 1}.__contains__)

    assert wires(cleaned) == [agent("Your code?"), caller("Weather?")]
