"""Digits in an utterance, keyed or spoken: `1234#`, "one two three four", 「いちにさんよん」.

A recogniser writes a code as it likes: as figures of any script, grouped ("12 34", "1,234"), or
as words. The words of every language that bridge speaks are known; each language is tried by
itself, because "um" is a hesitation in one and a digit in another. Tens and larger number words
are not read.
"""

import re
import unicodedata
from collections.abc import Iterator

MIN_DIGITS = 4
"""Fewer digits in a row are taken for talk ("a table for two"), not for a code."""

UTTERANCE_CHARS = 2000
"""How much of an utterance is read. A spoken code has about 60 characters."""

_WORDS = {
    "en": "zero,oh,nought,naught one two three four five six seven eight nine,niner",
    "de": "null ein,eins zwei,zwo drei vier funf,fuenf sechs sieben acht neun",
    "es": "cero uno,una,un dos tres cuatro cinco seis siete ocho nueve",
    "fr": "zero un,une deux trois quatre cinq six sept huit neuf",
    "it": "zero uno,una,un due tre quattro cinque sei sette otto nove",
    "pt": "zero um,uma dois,duas tres quatro cinco seis,meia sete oito nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "ar": "صفر واحد,واحده اثنان,اثنين,اثنتان,اثنتين ثلاثه,ثلاث,تلاته اربعه,اربع خمسه,خمس "
    "سته,ست سبعه,سبع ثمانيه,ثماني,ثمان,تمانيه تسعه,تسع",
    "hi": "शून्य,जीरो,ज़ीरो एक दो तीन चार पांच,पाँच छह,छः,छे,छ सात आठ नौ",
    "pl": "zero jeden,jedna,jedno dwa,dwie trzy cztery piec szesc siedem osiem dziewiec",
    "ru": "ноль,нуль один,одна,одно два,две три четыре пять шесть семь восемь девять",
    "tr": "sıfır,sifir bir iki uc dort bes altı,alti yedi sekiz dokuz",
    "ja": "ぜろ,れい,まる いち に さん よん,し ご ろく なな,しち はち きゅう,く",
    "ko": "영,공 일 이 삼 사 오 육,륙 칠 팔 구",
    "zh": "零,〇 一,幺,壹 二,两,兩 三 四 五 六 七 八 九",
}
"""Words for 0 to 9, in order; further words for a digit stand behind commas. Latin words are
without accents, Arabic ones as `_plain` leaves them. `幺` is how a one is read out in Chinese."""

_TIMES = {
    **dict.fromkeys(("double", "doppel", "doppelt", "doble", "dubbel", "doppio", "duplo"), 2),
    **dict.fromkeys(("डबल", "triple", "triplo", "dreifach", "tripel"), 3),
    "डबल": 2,
}
"""Words that say the next digit more than once: "double five"."""

_DIGITS = {
    language: {
        word: str(digit) for digit, words in enumerate(table.split()) for word in words.split(",")
    }
    for language, table in _WORDS.items()
}
_DIGITS["ja"] |= _DIGITS["zh"]  # kanji are read out in Japanese too

FIGURES = "figures"
"""Stands for a language that has no words for digits."""

_UNSPACED = frozenset({"ja", "ko", "zh"})
_LONGEST = max(map(len, _DIGITS["ja"]))

DIGIT_WORDS = {word: digit for table in reversed(_DIGITS.values()) for word, digit in table.items()}
"""Every word for a digit in any language, as `plain_word` leaves it."""

REPEATING_WORDS = _TIMES
"""Words that say the next digit more than once, and how often."""

_ENDS = frozenset("#*")

_TOKEN = re.compile(
    r"(?P<figure>\d)|(?P<end>[#*])|(?P<word>[^\s\d#*.,;:!?…'\"()/\\。、，．・：؟،।_–—-]+)"
)
_ARABIC = str.maketrans("أإآٱةى", "اااا" + "هي", "ـ")
_DEVANAGARI = 0x0900


def digits_in(utterance: str) -> str:
    """The digits that an utterance means as a code, as `0` to `9`; empty when there are none.

    The longest row of digits, and of equal ones the last, because people repeat and correct
    themselves. Figures go before words: "um, 1234" is no `11234`, whatever "um" is in Portuguese.
    Anything but blanks, punctuation and grouping ends a row, so "my code is 1234,
    for two people" means `1234`. When no row has `MIN_DIGITS`, all digits together: "one two,
    ehm, three four".
    """
    plain = _plain(utterance[:UTTERANCE_CHARS])
    figures = _longest(list(_rows(plain, FIGURES)))
    if len(figures) >= MIN_DIGITS:
        return figures
    rows_by_language = [list(_rows(plain, language)) for language in _DIGITS]
    best = max(map(_longest, rows_by_language), key=len)
    if len(best) >= MIN_DIGITS:
        return best
    return max(("".join(rows) for rows in rows_by_language), key=len)


def _longest(rows: list[str]) -> str:
    return max(reversed(rows), key=len, default="")


def is_code(utterance: str) -> bool:
    """Whether an utterance is digits and nothing else, at least `MIN_DIGITS` of them.

    Said before anybody asked, only such a one is meant as a code: "a table for two on 12/12/2026"
    isn't.
    """
    if len(utterance) > UTTERANCE_CHARS:
        return False
    plain = _plain(utterance)
    readings = (list(_pieces(plain, language)) for language in _DIGITS)
    is_nothing_else = any(all(map(_belongs_to_code, pieces)) for pieces in readings)
    return is_nothing_else and len(digits_in(utterance)) >= MIN_DIGITS


def _belongs_to_code(piece: str) -> bool:
    return piece.isdecimal() or piece in _ENDS or piece in _TIMES


def plain_word(text: str) -> str:
    """A word as the tables have it."""
    return _plain(text)


def _plain(text: str) -> str:
    """One way of writing: lower case, no accents on Latin and Arabic letters, kana as hiragana."""
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_ARABIC)
    composed = []
    for letter in folded:
        if "ァ" <= letter <= "ヶ":
            composed.append(chr(ord(letter) - ord("ァ") + ord("ぁ")))
        elif ord(letter) < _DEVANAGARI:
            parts = unicodedata.normalize("NFKD", letter)
            composed.append("".join(part for part in parts if not unicodedata.combining(part)))
        else:
            composed.append(letter)
    return "".join(composed)


def _rows(plain: str, language: str) -> Iterator[str]:
    """Rows of digits, as one language reads them. Never an empty one."""
    row = ""
    times = 1
    for piece in _pieces(plain, language):
        if piece.isdecimal():
            row += piece * times
        elif row and piece not in _TIMES:
            yield row
            row = ""
        times = _TIMES.get(piece, 1)
    if row:
        yield row


def _pieces(plain: str, language: str) -> Iterator[str]:
    """Each digit as a figure; each other word, or end of a keyed code, as it is."""
    digits = _DIGITS.get(language, {})
    for token in _TOKEN.finditer(plain):
        if token["figure"]:
            yield str(unicodedata.digit(token[0]))
        elif language in _UNSPACED:
            yield from _unspaced(token[0], digits)
        else:
            yield digits.get(token[0], token[0])


def _unspaced(word: str, digits: dict[str, str]) -> Iterator[str]:
    """A word of a script without blanks, cut at its digit words, the longest first."""
    at = 0
    while at < len(word):
        for length in range(_LONGEST, 0, -1):
            if word[at : at + length] in digits:
                yield digits[word[at : at + length]]
                at += length
                break
        else:
            yield word[at]
            at += 1
