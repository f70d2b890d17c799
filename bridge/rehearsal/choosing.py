"""Which scenarios are meant: by a shipped name, a pattern of names, a file or a folder."""

import difflib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from bridge.rehearsal.reading import SCENARIOS, SUFFIX, read_scenario, shipped
from bridge.rehearsal.scenario import Scenario

PATTERN_SIGNS = frozenset("*?[")


def shipped_names() -> list[str]:
    """The names of the scenarios that come with bridge; nothing is read."""
    found = (file.name for file in SCENARIOS.iterdir() if file.name.endswith(SUFFIX))
    return sorted(name.removesuffix(SUFFIX) for name in found)


def shipped_text(name: str) -> str:
    """The file of a scenario that comes with bridge, as it stands there."""
    return (SCENARIOS / f"{name}{SUFFIX}").read_text(encoding="utf-8")


def choose(chosen: Sequence[str]) -> list[Scenario]:
    """The scenarios that are meant, each once, in the order they were named.

    Args:
        chosen: names, patterns, files and folders; none of them is all that come with bridge.

    Raises:
        LookupError: a name or pattern that means nothing; its text says what was perhaps meant.
        ScenarioError: a file is wrong.
    """
    if not chosen:
        return list(shipped())
    found: dict[Path | str, Scenario] = {}
    for text in chosen:
        for where, scenario in _meant(text):
            found.setdefault(where, scenario)
    return list(found.values())


def _meant(text: str) -> Iterator[tuple[Path | str, Scenario]]:
    """Each with where it is: a file, or the name of one that comes with bridge."""
    names = shipped_names()
    if text in names or (PATTERN_SIGNS & set(text) and not Path(text).exists()):
        matching = [each for each in shipped() if fnmatchcase(each.name, text)]
        if not matching:
            raise LookupError(f"no scenario's name fits {text!r}; --list shows them all")
        yield from ((each.name, each) for each in matching)
    elif Path(text).is_dir():
        inside = sorted(Path(text).glob(f"*{SUFFIX}"))
        if not inside:
            raise LookupError(f"the folder {text!r} has no {SUFFIX} file")
        yield from ((file.resolve(), read_scenario(file)) for file in inside)
    elif text.endswith(SUFFIX) or Path(text).exists():
        yield Path(text).resolve(), read_scenario(Path(text))
    else:
        likely = difflib.get_close_matches(text, names, n=1)
        advice = f"did you mean {likely[0]!r}?" if likely else "--list shows them all"
        raise LookupError(f"there is no scenario {text!r}; {advice}")
