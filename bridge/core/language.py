"""Which language a caller speaks: by explicit sign, else by script and very common words.

The guess decides which filler or apology is heard, so it is careful: a wrong switch in the middle
of a call is worse than the default. A script that belongs to one language decides by itself; among
languages in Latin letters two signs must agree and one language must have more than any other.
Where that tells nothing of the last utterances, one word that only one language has is enough
("Guten Tag"); and where the caller has not shown it at all, the agent's own words do.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from bridge.core.chat import Message

LANGUAGE_HEADER = "x-bridge-language"

LANGUAGES = frozenset(
    {"en", "de", "es", "fr", "it", "pt", "nl", "pl", "ja", "zh", "ko", "ar", "hi", "ru", "tr"}
)
"""BCP-47 primary tags of the languages that can be told."""

READ_CHARS = 1000
"""How much of a text is looked at. What a minute of talking holds."""

LOOK_BACK = 3
"""How many of the last utterances are taken together when the newest doesn't tell."""

MIN_LETTERS = 2
"""Fewer letters don't tell a script: "はい" does."""

MIN_SIGNS = 2
"""Common words or tell-tale letters that must agree."""

_WORDS = {
    "en": "the and is are was i'm i you it's what's my your to of for with have can could would do "
    "what when where how please thanks hello yes not this that want need tomorrow today at",
    "de": "der die das und ist sind ich du sie wir nicht ein eine einen mein meine bitte danke "
    "hallo ja nein wie was wann wo mit für auf morgen heute haben habe kann können möchte zu um",
    "es": "el la los las y es son yo usted tú no un una mi por para con qué cómo cuándo dónde "
    "gracias hola sí quiero puede puedo tengo mañana hoy está estoy buenos buenas días favor que",
    "fr": "le la les et est sont je vous tu ne pas un une mon ma des du pour avec que quoi comment "
    "quand où merci bonjour oui non veux voudrais peux pouvez demain c'est j'ai plaît s'il ce",
    "it": "il lo la gli e è sono io lei tu non un una mio mia per con che cosa come quando dove "
    "grazie ciao buongiorno sì vorrei posso può ho domani oggi della del di favore questo c'è",
    "pt": "o a os as e é são eu você não um uma meu minha para por com que como quando onde "
    "obrigado obrigada olá sim quero posso pode tenho amanhã hoje está estou bom dia favor do da",
    "nl": "de het een en is zijn ik jij u je niet mijn voor met wat hoe wanneer waar dank bedankt "
    "hallo ja nee alstublieft wil kan kunt heb heeft morgen vandaag van dat dit om naar graag",
    "pl": "i jest są ja ty pan pani nie mój moja proszę dziękuję cześć tak jak co kiedy gdzie dla "
    "na do się w z chcę mogę może mam jutro dzisiaj dzień dobry to czy że o po jestem",
    "tr": "ve bir bu şu ben sen siz değil evet hayır merhaba teşekkürler lütfen ne nasıl nerede "
    "için ile var yok istiyorum mı mi mu mü yarın bugün benim çok da de saat misiniz",
}
_COMMON = {language: frozenset(words.split()) for language, words in _WORDS.items()}

_LETTERS = {
    "de": "ß",
    "es": "ñ¿¡",
    "pt": "ãõ",
    "pl": "łęąśźżćń",
    "tr": "ğış",
}
"""Letters that, among these languages, only one has."""

_OWN = {
    "en": "hello thanks yes please tell goodbye",
    "de": "guten vielen wiedersehen tschüss nein bitte danke ich nicht möchte kannst können "
    "könnten geht mir dir uns heute uhr spät wer warum welche erzähl steht termin termine "
    "verbinden brauche montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "es": "hola gracias adiós buenos buenas cuéntame necesito ayuda ayúdame quiero puedo tengo "
    "mañana hoy usted cuál cuándo dónde cómo martes miércoles jueves viernes",
    "fr": "bonjour bonsoir merci oui quelle voudrais réserver réserve demain aujourd'hui pourquoi "
    "revoir avez êtes ça raconte histoire lundi mardi mercredi jeudi vendredi samedi dimanche",
    "it": "ciao buongiorno buonasera grazie arrivederci vorrei puoi stai raccontami aiutare "
    "prenotare oggi sono lunedì martedì mercoledì giovedì venerdì sabato",
    "pt": "olá obrigado obrigada você não amanhã hoje quero tenho história ajudar "
    "terça quarta quinta sexta",
    "nl": "goedemorgen goedemiddag goedenavond bedankt alstublieft vertel verhaal graag gaat "
    "kunt kun jij maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "pl": "cześć dziękuję dzień dobry proszę która godzina opowiedz czy możesz pomóc chcę jestem "
    "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "tr": "merhaba günaydın teşekkür ederim nasılsın saat kaç bana lütfen evet hayır anlat yardım "
    "istiyorum pazartesi salı çarşamba perşembe cuma",
}
"""Words that only one of these languages has, and that are at home in no other."""

_OWN_WORDS = {language: frozenset(words.split()) for language, words in _OWN.items()}

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_OF_SCRIPT = {"HANGUL": "ko", "DEVANAGARI": "hi", "KANA": "ja"}
_NOT_ARABIC = frozenset("پچژگکیٹڈڑںےھ")
_NOT_RUSSIAN = frozenset("іїєґўјљњћђџѓќѕ")


def detect(text: str, default: str) -> str:
    """The language a text is in, of `LANGUAGES`; `default` when it is too short to tell.

    Kanji alone are Japanese where the default is, else Chinese. Arabic and Cyrillic letters of
    other languages (Persian, Urdu, Ukrainian, Serbian) give the default.
    """
    return _detect(text, default) or default


def language_of(messages: Sequence[Message], headers: Mapping[str, str], default: str) -> str:
    """The caller's language, as a primary tag of `LANGUAGES` or `default`.

    First found: the platform's last `language_detection` call in the history; the header
    `x-bridge-language`, which says what was known when it rang; what the newest utterance is in;
    what the last `LOOK_BACK` are in together, then by a single word; what the agent's last replies
    are in. Signs that name no known language are passed over.

    Args:
        messages: the dialogue, oldest first.
        headers: by lower-case name.
        default: the operator's language.
    """
    said = next(_switches(messages), None) or _primary(headers.get(LANGUAGE_HEADER))
    if said is not None:
        return said
    heard, latest = _last(messages, "user", 1), _last(messages, "user", LOOK_BACK)
    return (
        _detect(heard, default)
        or _detect(latest, default)
        or _by_one_word(latest)
        or _detect(_last(messages, "assistant", LOOK_BACK), default)
        or default
    )


def _last(messages: Sequence[Message], role: str, count: int) -> str:
    """The last so many texts of that role, the newest first."""
    texts = [message.text for message in messages if message.role == role]
    return "\n".join(reversed(texts[-count:]))


def _detect(text: str, default: str) -> str | None:
    read = _tidy(text)
    scripts: Counter[str] = Counter()
    for letter, count in Counter(read).items():
        if letter.isalpha():
            scripts[_script(letter)] += count
    if "KANA" in scripts:
        scripts["KANA"] += scripts.pop("CJK", 0)
    if scripts.total() < MIN_LETTERS:
        return None
    script, count = scripts.most_common(1)[0]
    return _of_script(script, read, default) if 2 * count > scripts.total() else None


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:READ_CHARS]).lower()


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """The first word of the letter's name in Unicode, both kana under one."""
    name = unicodedata.name(letter, "").split(" ", 1)[0]
    return "KANA" if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else name


def _of_script(script: str, read: str, default: str) -> str | None:
    letters = frozenset(read)
    match script:
        case "LATIN":
            return _by_words(read)
        case "CJK":
            return "ja" if default == "ja" else "zh"
        case "ARABIC":
            return None if letters & _NOT_ARABIC else "ar"
        case "CYRILLIC":
            return None if letters & _NOT_RUSSIAN else "ru"
        case _:
            return _OF_SCRIPT.get(script)


def _words(read: str) -> set[str]:
    return {word.replace("’", "'") for word in _WORD.findall(read)}


def _by_one_word(text: str) -> str | None:
    """The only language that the text has a word or a letter of its own of."""
    read = _tidy(text)
    words = _words(read)
    found = [
        language
        for language in _COMMON
        if words & _OWN_WORDS[language] or set(read) & set(_LETTERS.get(language, ""))
    ]
    return found[0] if len(found) == 1 else None


def _by_words(read: str) -> str | None:
    words, letters = _words(read), frozenset(read)
    signs = Counter(
        {
            language: len(words & common) + (not letters.isdisjoint(_LETTERS.get(language, "")))
            for language, common in _COMMON.items()
        }
    )
    (first, most), (_, next_most) = signs.most_common(2)
    return first if most >= MIN_SIGNS and most > next_most else None


def _switches(messages: Sequence[Message]) -> Iterator[str]:
    """Languages the platform switched to, the newest first."""
    for message in reversed(messages):
        calls = message.wire.get("tool_calls") if message.role == "assistant" else None
        for call in reversed(calls or ()):
            function = call["function"]  # its shape was checked when the request was read
            if function["name"] == "language_detection":
                language = _primary(_argument(function.get("arguments"), "language"))
                if language is not None:
                    yield language


def _argument(arguments: object, name: str) -> object:
    try:
        read = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return None
    return read.get(name) if isinstance(read, dict) else None


def _primary(tag: object) -> str | None:
    """`de` of `de-AT`, when it is known."""
    if not isinstance(tag, str):
        return None
    primary = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
    return primary if primary in LANGUAGES else None
