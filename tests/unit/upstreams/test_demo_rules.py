"""What the demo agent says, sentence by sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.chat import Message
from bridge.core.control import Act
from bridge.core.manner import MAY_RING_BACK, instructions
from bridge.settings.sections import Turn
from bridge.upstreams.demo.rules import INTRO, MAX_UTTERANCE, reply
from bridge.upstreams.demo.skills import ABILITIES, MARKDOWN, MAX_BEHIND_S, MAX_THINK_S
from bridge.upstreams.demo.steps import Say, Steps, Think, Use

NOON_S = 1_795_262_700.0
"""Saturday 2026-11-21, 12:05 UTC."""

INTRODUCED = Message.of("assistant", f"{INTRO}\n\nHello.")
ALL_MARKS = instructions(
    marks=frozenset(act.value for act in Act),
    caller=None,
    direction="inbound",
    language="",
    tells_caller=False,
    replaced=False,
)
ONLY_ENGLISH = " My rules know only English, and a little German and Spanish."


def ask(*said: str, told: str = ALL_MARKS) -> Steps:
    """The reply to the last of a caller's utterances, behind an introduction."""
    messages = [INTRODUCED, *(Message.of("user", text) for text in said)]
    return reply(messages, instructions=told, wall_s=NOON_S)


def words(steps: Steps) -> str:
    return "".join(step.text for step in steps if isinstance(step, Say))


def test_its_first_sentence_says_what_it_is() -> None:
    steps = reply([Message.of("user", "Hello")], wall_s=NOON_S)

    assert words(steps) == (
        "This is bridge's built-in demo agent; no language model is connected yet.\n\n"
        "Hello. Ask me for the time in Tokyo, or ask what I can do."
    )


def test_a_greeting_of_the_platform_is_no_introduction() -> None:
    messages = [Message.of("assistant", "Hello, how can I help?"), Message.of("user", "Hi")]

    assert words(reply(messages, wall_s=NOON_S)).startswith(INTRO)


def test_it_does_not_introduce_itself_twice_even_when_it_was_cut_short() -> None:
    messages = [Message.of("assistant", "This is bridge's built"), Message.of("user", "Hi")]

    assert words(reply(messages, wall_s=NOON_S)).startswith("Hello.")


def test_without_any_utterance_it_says_hello() -> None:
    assert words(reply([Message.of("system", "x")], wall_s=NOON_S)).startswith(f"{INTRO}\n\nHello.")


@pytest.mark.parametrize(
    ("said", "replied"),
    [
        ("What time is it in Tokyo?", "It is 9:05 PM in Tokyo."),
        ("What's the time in new york", "It is 7:05 AM in New York."),
        ("And in Rio de Janeiro, what time is it?", "It is 9:05 AM in Rio de Janeiro."),
        ("what time is it in Asia/Kathmandu", "It is 5:50 PM in Kathmandu."),
        ("What time is it?", "It is 12:05 PM in UTC."),
        ("What time is it in Auckland?", "It is 1:05 AM in Auckland."),
        (
            "what time is it in Wuppertal",
            "I don't know that place. I know some sixty big cities, such as Berlin.",
        ),
        ("What time is it in Mars/Crater?", "This machine doesn't know that time zone."),
        ("What's the date in Mars/Crater?", "This machine doesn't know that time zone."),
        ("What's the date today?", "It is Saturday, November 21, 2026 in UTC."),
        ("What day is it in Auckland?", "It is Sunday, November 22, 2026 in Auckland."),
        ("What is 12 times 7?", "That is 84."),
        ("Please spell the word bridge.", "bridge is spelled B, R, I, D, G, E."),
        ("Spell Müller please", "Müller is spelled M, Ü, L, L, E, R."),
        ("spell", "Which word shall I spell?"),
        (f"spell {'a' * 41}", "That is too long to spell. Give me one word."),
        ("Take a note: buy milk.", "I noted: buy milk. I keep it for this call."),
        ("Please remember that the key is blue",
         "I noted: the key is blue. I keep it for this call."),
        ("take a note", "What shall I note? Say: take a note, and then the note."),
        ("Read my notes", "There is no note from this call."),
        ("Do I have any notes?", "There is no note from this call."),
        ("Remember my note?", "There is no note from this call."),
        ("Forget my notes", "There was no note."),
        ("Repeat after me: red lorry", "red lorry"),
        ("say [[hang up]] now", "now"),
        ("say [[hang up]]", "Say something for me to repeat."),
        ("count to one", "One. "),
        ("count from one to banana", "I can count up to twenty. To which number?"),
        ("count to zero", "I can count up to twenty. To which number?"),
        ("think for some seconds", "For how many seconds shall I think?"),
        ("Can you call me back in two minutes?",
         "I can't call you back from this line. Please call me again instead."),
        ("Goodbye!", "Thanks for trying bridge. Goodbye.\n[[hang up]]"),
        ("That's all, bye bye", "Thanks for trying bridge. Goodbye.\n[[hang up]]"),
        ("Transfer me to +1 555 0100.", "I'm putting you through.\n[[transfer +15550100]]"),
        ("put me through to plus one five five five oh one zero zero please",
         "I'm putting you through.\n[[transfer +15550100]]"),
        ("transfer me to Bob", "To which number? Say it with plus and the country code."),
        ("press one two pound", "Pressing.\n[[press 12#]]"),
        ("Please press the 1 and then star", "Pressing.\n[[press 1*]]"),
        ("press harder", "Which keys shall I press?"),
        ("can you speak Spanish",
         "Changing the language to Spanish. Di hola.\n[[language es]]"),
        ("switch to French",
         f"Changing the language to French.{ONLY_ENGLISH}\n[[language fr]]"),
        ("hold on", "\n[[wait]]"),
        ("Thank you", "You're welcome."),
        ("Who are you?", f"I'm the demo agent, made of a few rules. I can {ABILITIES}."),
        ("Book me a table", f"I have no rule for that. I can {ABILITIES}."),
        ("Flight 12 please", f"I have no rule for that. I can {ABILITIES}."),
        ("Speak to a person", f"I have no rule for that. I can {ABILITIES}."),
        ("I think so", f"I have no rule for that. I can {ABILITIES}."),
        ("Show me markdown", MARKDOWN),
        ("Wie spät ist es in Tokyo?", "In Tokyo ist es 21 Uhr 5."),
        ("Wie spät ist es in Tokio?", "In Tokio ist es 21 Uhr 5."),
        ("Wie spät ist es in Atlantis?",
         "Den Ort kenne ich nicht. Ich kenne einige große Städte, zum Beispiel Berlin."),
        ("Wie spät ist es?", "In UTC ist es 12 Uhr 5."),
        ("¿Qué hora es en Pekín?", "Son las 20:05 en Pekín."),
        ("Guten Tag", "Hallo! Auf Deutsch kann ich grüßen, die Uhrzeit sagen und auflegen."),
        ("Wie spät ist es in Mars/Crater", "Diese Zone kenne ich nicht."),
        ("Tschüss", "Auf Wiederhören.\n[[hang up]]"),
        ("¡Hola!", "¡Hola! En español sé saludar, decir la hora y colgar."),
        ("¿Qué hora es en Madrid?", "Son las 13:05 en Madrid."),
        ("¿Qué hora es en Auckland?", "Es la 1:05 en Auckland."),
        ("¿Qué hora es en Tokyo?", "Son las 21:05 en Tokyo."),
        ("qué hora es en Mars/Crater", "No conozco esa zona."),
        ("Adiós", "Hasta luego.\n[[hang up]]"),
    ],
)  # fmt: skip
def test_to_these_words_it_replies(said: str, replied: str) -> None:
    assert words(ask(said)) == replied


@pytest.mark.parametrize(
    ("said", "replied"),
    [
        ("Goodbye", "Goodbye. I can't hang up from here, so please hang up yourself."),
        ("Tschüss", "Auf Wiederhören."),
        ("transfer me to +15550100", "This line doesn't let me transfer calls."),
        ("press 1", "This line doesn't let me press keys."),
        ("speak German", "This line doesn't let me change the language."),
        ("wait", "Take your time."),
    ],
)
def test_what_the_line_does_not_offer_it_says_plainly(said: str, replied: str) -> None:
    assert words(ask(said, told="")) == replied


@pytest.mark.parametrize(
    ("said", "intro"),
    [
        ("Hallo", "Hier ist der eingebaute Demo-Agent von bridge;"),
        ("Hola", "Soy el agente de demostración de bridge;"),
    ],
)
def test_it_introduces_itself_in_the_language_it_replies_in(said: str, intro: str) -> None:
    first = words(reply([Message.of("user", said)], wall_s=NOON_S))
    again = [Message.of("assistant", first), Message.of("user", "Hello")]

    assert first.startswith(intro)
    assert words(reply(again, wall_s=NOON_S)).startswith("Hello.")


def test_a_mark_stands_on_a_line_of_its_own_even_in_the_first_reply() -> None:
    steps = reply([Message.of("user", "wait")], instructions=ALL_MARKS, wall_s=NOON_S)

    assert words(steps).split("\n\n")[0] == INTRO
    assert words(steps).splitlines()[-1] == "[[wait]]"


def test_notes_are_read_back_from_the_dialogue_until_they_are_forgotten() -> None:
    one = "Take a note: buy milk."
    two = "Please note that Ana comes at nine"

    assert words(ask(one, "Read me my note")) == "Your note: buy milk."
    assert words(ask(one, two, "What are my notes?")) == (
        "You have two notes. Note one: buy milk. Note two: Ana comes at nine."
    )
    assert words(ask(one, "Remember my note?", "read my notes")) == "Your note: buy milk."
    assert words(ask(one, "Forget my notes")) == "I have forgotten your notes."
    assert words(ask(one, "Forget my notes", two, "read my notes")) == (
        "Your note: Ana comes at nine."
    )


def test_it_repeats_its_last_reply_without_introduction_or_mark() -> None:
    messages = [
        Message.of("assistant", f"{INTRO}\n\nIt is noon.\n[[wait]]"),
        Message.of("user", "Say that again"),
    ]

    assert words(reply(messages, wall_s=NOON_S)) == "It is noon."


def test_before_it_has_said_anything_there_is_nothing_to_repeat() -> None:
    steps = reply([Message.of("user", "repeat that")], wall_s=NOON_S)

    assert words(steps) == f"{INTRO}\n\nI haven't said anything yet."


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        ("Think for seven seconds", (Think(7), Say("I thought for seven seconds."))),
        ("please think slowly", (Think(7), Say("I thought for seven seconds."))),
        ("think for 1 second", (Think(1), Say("I thought for one second."))),
        (
            "I want you to think for ninety nine seconds",
            (Think(MAX_THINK_S), Say("I thought for sixty seconds. That is my limit.")),
        ),
    ],
)
def test_it_thinks_as_long_as_it_is_asked_to_up_to_a_limit(said: str, steps: Steps) -> None:
    assert ask(said) == steps


def test_where_callers_are_rung_back_it_thinks_for_longer_than_a_turn_lasts() -> None:
    told = f"{ALL_MARKS}\n{MAY_RING_BACK}"

    assert ask("Call me back when you know", told=told) == (
        Say("I'll think about that. "),
        Think(MAX_BEHIND_S),
        Say("I thought for ninety-nine seconds, as long as I can."),
    )
    assert ask("think for ninety-five seconds", told=told)[0] == Think(95)
    assert Turn().deadline_s < 95


def test_it_counts_with_pauses_and_only_so_far() -> None:
    assert ask("Count slowly to three") == (
        Say("One. "),
        Think(0.6),
        Say("Two. "),
        Think(0.6),
        Say("Three. "),
    )
    assert words(ask("count to 500")).endswith("Twenty. That is as far as I count.")


def test_its_slow_tool_is_named_and_admits_that_it_is_pretended() -> None:
    assert ask("Check my calendar") == (
        Use("calendar"),
        Think(4.0),
        Say("I only pretended to look into a calendar: there is none behind this demo."),
    )


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.text())))
def test_whatever_is_said_it_replies_the_same_each_time_and_says_something(
    dialogue: list[tuple[str, str]],
) -> None:
    messages = [Message.of(role, text) for role, text in dialogue]
    steps = reply(messages, wall_s=NOON_S)

    assert words(steps).strip()
    assert steps == reply(messages, wall_s=NOON_S)


@pytest.mark.parametrize("piece", ["please ", "note ", "to ", "hi,", "1 plus ", "count to ", "a"])
def test_a_long_utterance_costs_little(piece: str) -> None:
    """No pattern runs away: whatever is said, only so many characters are looked at."""
    said = piece * 100_000

    assert ask(said) == ask(said[:MAX_UTTERANCE])
