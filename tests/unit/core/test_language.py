"""Which language a caller speaks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.chat import Message
from bridge.core.language import _COMMON as COMMON
from bridge.core.language import _OWN_WORDS as OWN_WORDS
from bridge.core.language import LANGUAGES, detect, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, what's the weather tomorrow?", "en"),
        ("Hello, what’s that?", "en"),
        ("Hallo, wie ist das Wetter morgen?", "de"),
        ("Ich heiße Anna", "de"),
        ("Hola, ¿qué tiempo hace mañana?", "es"),
        ("Bonjour, quel temps fait-il demain ?", "fr"),
        ("Est-ce que vous pouvez m'aider", "fr"),
        ("Buongiorno, che tempo fa domani?", "it"),
        ("Olá, como está o tempo amanhã?", "pt"),
        ("Hallo, wat is het weer morgen?", "nl"),
        ("Dzień dobry, jaka jest jutro pogoda?", "pl"),
        ("Merhaba, bir masa ayırtmak istiyorum", "tr"),
        ("明日の天気は？", "ja"),
        ("はい", "ja"),
        ("ﾊﾛｰ", "ja"),
        ("I want パン", "en"),
        ("明天天气怎么样", "zh"),
        ("내일 날씨 어때요", "ko"),
        ("كيف الطقس غدا", "ar"),
        ("कल मौसम कैसा है", "hi"),
        ("Какая завтра погода", "ru"),
    ],
)
def test_whole_sentences_tell_their_language(text: str, language: str) -> None:
    assert detect(text, "xx") == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1234",
        "...",
        "ok",
        "Ja",
        "好",
        "Book a table for two",
        "José in San José",
        "no no",
        "سلام چطوری",
        "Привіт, як справи",
        "Γειά σου",
        "Anna 花子花子",
    ],
)
def test_what_does_not_tell_gives_the_default(text: str) -> None:
    assert detect(text, "xx") == "xx"


def test_kanji_alone_are_japanese_where_japanese_is_expected() -> None:
    assert (detect("予約変更", "ja"), detect("予約変更", "de")) == ("ja", "zh")


@given(st.text(max_size=60))
def test_any_text_gives_a_known_language_or_the_default(text: str) -> None:
    assert detect(text, "xx") in LANGUAGES | {"xx"}


def switching(*languages: object) -> Message:
    calls = [
        {
            "id": "1",
            "type": "function",
            "function": {"name": "language_detection", "arguments": language},
        }
        for language in languages
    ]
    return Message("assistant", "", ("1",), {"role": "assistant", "tool_calls": calls})


SPANISH = switching(json.dumps({"reason": "asked", "language": "es-MX"}))
GERMAN_WORDS = Message.of("user", "Wie ist das Wetter morgen?")


@pytest.mark.parametrize(
    ("header", "expected"),
    [("fr", "fr"), ("fr-CA", "fr"), (" PT_br ", "pt"), ("{{x}}", "de"), ("", "de"), ("tlh", "de")],
)
def test_the_header_beats_a_guess_when_it_names_a_known_language(
    header: str, expected: str
) -> None:
    assert language_of([GERMAN_WORDS], {"x-bridge-language": header}, "en") == expected


def test_a_switch_in_the_call_is_newer_than_the_header() -> None:
    assert language_of([SPANISH, GERMAN_WORDS], {"x-bridge-language": "fr"}, "en") == "es"


def test_the_last_switch_of_the_platform_beats_a_guess() -> None:
    french = switching('{"language":"it"}', '{"language":"fr"}')

    assert language_of([SPANISH, french, GERMAN_WORDS], {}, "en") == "fr"


@pytest.mark.parametrize(
    "arguments",
    ["", "{", "[]", '"es"', '{"language": 7}', '{"language": "tlh"}', "{}", None, 5],
)
def test_a_switch_that_names_no_known_language_is_passed_over(arguments: object) -> None:
    assert language_of([SPANISH, switching(arguments)], {}, "en") == "es"


def test_other_tools_and_other_roles_switch_nothing() -> None:
    other = Message(
        "assistant",
        "",
        ("1",),
        {"tool_calls": [{"id": "1", "function": {"name": "end_call", "arguments": "{}"}}]},
    )
    said = Message("user", "", (), dict(SPANISH.wire))

    assert language_of([other, said, GERMAN_WORDS], {}, "en") == "de"


def test_arguments_may_come_as_an_object() -> None:
    assert language_of([switching({"language": "tr"})], {}, "en") == "tr"


def test_the_newest_utterance_decides_before_older_ones() -> None:
    english = Message.of("user", "What is the weather today?")

    assert language_of([english, GERMAN_WORDS], {}, "xx") == "de"


def test_a_newest_utterance_that_does_not_tell_is_read_with_those_before() -> None:
    assert language_of([GERMAN_WORDS, Message.of("user", "Ja")], {}, "xx") == "de"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Guten Tag", "de"),
        ("Was steht am Freitag an?", "de"),
        ("Hola", "es"),
        ("¿Hay mesa?", "es"),
        ("Bonjour", "fr"),
        ("Grazie mille", "it"),
        ("Obrigado", "pt"),
        ("Goedemorgen", "nl"),
        ("Dziękuję", "pl"),
        ("Merhaba", "tr"),
        ("Tell me a story", "en"),
        ("Ja", "xx"),
        ("Hola, merci", "xx"),
    ],
)
def test_where_nothing_else_tells_one_word_of_ones_own_does(text: str, language: str) -> None:
    assert language_of([Message.of("user", text)], {}, "xx") == language


def test_one_foreign_word_switches_nothing_once_the_language_is_known() -> None:
    english = Message.of("user", "What is the weather today?")

    assert language_of([english, Message.of("user", "Gracias!")], {}, "xx") == "en"


def test_a_word_of_ones_own_is_no_other_languages_word() -> None:
    for language, own in OWN_WORDS.items():
        for other in OWN_WORDS.keys() - {language}:
            assert not own & (OWN_WORDS[other] | COMMON[other]), (language, other)


def test_a_caller_who_has_not_shown_their_language_is_answered_in_the_agents() -> None:
    greeted = Message.of("assistant", "Guten Tag, was kann ich für Sie tun?")

    assert language_of([greeted, Message.of("user", "Ja")], {}, "en") == "de"
    assert language_of([greeted, Message.of("user", "What is that?")], {}, "xx") == "en"


def test_older_talk_does_not_count_for_ever() -> None:
    short = [Message.of("user", "ok")] * 3

    assert language_of([GERMAN_WORDS, *short], {}, "xx") == "xx"


def test_nothing_said_is_the_default() -> None:
    assert language_of([Message.of("system", "Wie ist das Wetter morgen?")], {}, "en") == "en"
