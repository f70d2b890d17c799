"""What bridge itself says on a call: one TOML file per language, named by its language tag.

`load_phrases` reads them all into a `bridge.core.phrases.PhraseBook`. To add a language, copy
`en.toml`, translate every line, and mind the two rules at its top; the tests do the rest.
Nothing here is a decision: which phrase is said when is for `core` and `calls`.
"""

import tomllib
from importlib.resources import files
from typing import Any

from bridge.core.phrases import PhraseBook, Phrases

_SUFFIX = ".toml"


def load_phrases() -> PhraseBook:
    """Every language that lies beside this file. Reads some fifteen small files: call it once.

    Raises:
        TypeError: a file misses a phrase, or holds one that nobody says. Ours alone, so a bug.
        ValueError: a phrase is not what `Phrases` promises, or there is no English.
    """
    found = sorted(files(__name__).iterdir(), key=lambda file: file.name)
    read = [
        _parse(file.name.removesuffix(_SUFFIX), tomllib.loads(file.read_text(encoding="utf-8")))
        for file in found
        if file.name.endswith(_SUFFIX)
    ]
    return PhraseBook({phrases.language: phrases for phrases in read})


def _parse(language: str, table: dict[str, Any]) -> Phrases:
    values: dict[str, Any] = {"language": language}
    values.update((k, tuple(v) if isinstance(v, list) else v) for k, v in table.items())
    return Phrases(**values)
