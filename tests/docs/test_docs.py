"""The manual agrees with the program.

Drawn pages are current; what the program reads or answers at has an entry; what the manual tells
you to type exists; every link leads somewhere; and one thing has one name.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bridge import plugins
from bridge.cli.main import root
from bridge.settings import Settings, load
from bridge.settings.table import SETTINGS
from bridge.web.app import CHAT_PATHS
from bridge.web.doors import DOORS
from scripts import check, manual

ROOT = Path(__file__).parents[2]
ROOMS = (".", "changes", "deploy/*", "docs", "docs/*")
PROSE = sorted(page for room in ROOMS for page in ROOT.glob(f"{room}/*.md"))
BY_NAME = pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))

UNAMBIGUOUS = (
    "admin",
    "backend",
    "bot",
    "buffer words",
    "chatbot",
    "initial message",
    "number string",
    "sanitised",
    "sanitized",
    "session id",
    "silence detection",
)
"""Words of the glossary's last column that mean nothing else either."""


def reference(name: str) -> str:
    """A page of docs/reference."""
    return (manual.DOCS / "reference" / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", manual.PAGES)
def test_a_drawn_page_is_current(name: str) -> None:
    """If not: `scripts/fix`."""
    assert (manual.DOCS / name).read_text("utf-8") == manual.PAGES[name]()


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_an_entry(name: str) -> None:
    assert f"`{name}`" in reference("settings")


@pytest.mark.parametrize("path", sorted({*DOORS, *CHAT_PATHS} - {"/v1"}))
def test_every_address_has_an_entry(path: str) -> None:
    page = reference("http")

    assert re.search(rf"[` ]{re.escape(path)}`", page)


def test_every_header_that_is_read_or_sent_to_a_client_has_an_entry() -> None:
    page = reference("http")
    source = "\n".join(file.read_text("utf-8") for file in ROOT.glob("bridge/**/*.py"))

    assert (
        set(re.findall(r"x-bridge-[a-z][a-z-]*", source)) - set(re.findall(r"x-[a-z-]+", page))
        == set()
    )


@pytest.mark.parametrize("name", plugins.names("upstreams"))
def test_every_upstream_has_a_page(name: str) -> None:
    assert (manual.DOCS / "providers" / f"{name}.md").is_file()


def test_every_page_that_the_program_refers_to_is_there() -> None:
    source = "\n".join(file.read_text("utf-8") for file in ROOT.glob("bridge/**/*.py"))
    named = set(re.findall(r"\bdocs/[a-z/-]+\.md", source))

    assert {name for name in named if not (ROOT / name).is_file()} == set()


def test_every_part_of_the_check_has_its_name_in_the_guide() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

    assert ", ".join(check.PARTS) in guide


def test_every_script_has_a_line_in_the_guide() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    scripts = {file.name for file in (ROOT / "scripts").iterdir() if file.is_file()}

    named = set(re.findall(r"`scripts/([a-z]+)", guide))
    assert {name for name in scripts if "." not in name} == named


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The fenced blocks of a page in these languages, without the indent of a list."""
    for indent, language, text in re.findall(
        r"(?ms)^( *)```([a-z]+)\n(.*?)^ *```", page.read_text("utf-8")
    ):
        if language in languages:
            yield re.sub(rf"(?m)^{indent}", "", text)


def bridge_commands(page: Path) -> list[list[str]]:
    """What a page says to type for `bridge`, in blocks and in passing."""
    typed = [line for block in blocks(page, "sh") for line in block.splitlines()]
    if page.parent.name != "reference":
        typed += re.findall(r"`((?:\.?/?scripts/|bridge )[^`…]*)`", page.read_text("utf-8"))
    found = []
    for line in typed:
        words = shlex.split(line, comments=True)
        for place, word in enumerate(words):
            if word.endswith("scripts/serve"):
                found.append(["serve", *words[place + 1 :]])
            elif words[place + 1 : place + 2] == ["bridge"]:
                continue  # a container called bridge, in which `bridge` is run
            elif word == "bridge" or word.endswith("/bin/bridge"):
                found.append(words[place + 1 :])
    return [words for words in found if words]


@BY_NAME
def test_every_command_in_the_manual_is_one_that_the_program_takes(page: Path) -> None:
    for words in bridge_commands(page):
        command: click.Command = root
        context = click.Context(root, info_name="bridge")
        rest = list(words)
        while isinstance(command, click.Group) and rest:
            found = command.get_command(context, rest.pop(0))
            assert found is not None, f"bridge {shlex.join(words)}"
            command = found
        if isinstance(command, click.Group):
            continue
        command.make_context("bridge", rest, parent=context)


@BY_NAME
def test_every_script_in_the_manual_is_there(page: Path) -> None:
    named = re.findall(r"(?<![\w/])(?:\./)?(scripts/[a-z]+(?:\.py)?)", page.read_text("utf-8"))

    assert [name for name in named if not (ROOT / name).is_file()] == []


@BY_NAME
def test_every_setting_in_the_manual_exists(page: Path) -> None:
    settings = Settings()
    text = page.read_text("utf-8")
    variables = re.findall(r"\bBRIDGE_([A-Z]+__[A-Z_]+)\b", text)
    names = [name.lower().replace("__", ".") for name in variables]
    sections = "|".join(name for name in type(settings).model_fields if name != "state_dir")
    names += re.findall(rf"`((?:{sections})\.[a-z_]+)\b", text)

    for name in names:
        settings.value(name)


@BY_NAME
def test_every_example_of_settings_is_accepted(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "ini"):
        values = [line for line in block.splitlines() if not line.endswith("…")]
        ours = [line for line in values if line.startswith(("BRIDGE_", "NGROK_"))]
        (tmp_path / ".env").write_text("\n".join(ours))
        load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)


@BY_NAME
def test_every_link_in_the_manual_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    local = [link for link in links if not link.startswith(("http://", "https://", "mailto:"))]

    assert [link for link in local if not (page.parent / link).exists()] == []


@BY_NAME
def test_one_thing_has_one_name(page: Path) -> None:
    if page.name == "glossary.md":
        pytest.skip("it says which words are not used")
    text = page.read_text("utf-8").lower()

    assert [word for word in UNAMBIGUOUS if re.search(rf"\b{word}s?\b", text)] == []


def test_the_glossary_names_the_words_that_are_not_used() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    unlisted = {"chatbot", "sanitised"}  # other spellings of listed ones

    assert [word for word in UNAMBIGUOUS if word not in glossary] == sorted(unlisted)
