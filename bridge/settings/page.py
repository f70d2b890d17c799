"""`docs/reference/settings.md`, drawn from the model; `scripts/manual.py` writes it."""

from collections.abc import Iterator
from itertools import groupby

from bridge.settings.model import Settings
from bridge.settings.table import BORROWED, SETTINGS, Setting

INTRODUCTION = """\
# Settings

Every setting, its kind, its default and what it is for.
This page is drawn from the program, by `scripts/fix`.

Values come from, in rising order:

1. the defaults below;
2. `bridge.toml` in the working folder, or the file that `BRIDGE_CONFIG` names;
3. `.env` in the working folder;
4. the environment: `BRIDGE_` and the name, with `__` for each dot, as `BRIDGE_TURN__GRACE_S`;
5. flags of the command.

An empty value in `.env` or the environment counts as not set.
An unknown name is an error that says which name was probably meant.
`bridge config show` prints every value and where it was set; secrets are masked.

When nothing says where OpenClaw is, bridge reads the port and the token from `openclaw.json`: \
the file that `OPENCLAW_CONFIG_PATH` names, or the one in `OPENCLAW_STATE_DIR` or `~/.openclaw`.
`server.token` and `server.operator_token` are made on first start, stored in the state folder \
for its owner alone, and printed by `bridge config show --reveal`.
A server that listens on a public address refuses to start until both are set or were made, \
and takes none shorter than 8 characters.

These names in the environment are read too:

| name | sets |
| --- | --- |
"""

HEADER = "| setting | must be | default | what it is for |\n| --- | --- | --- | --- |\n"


def render_settings_markdown() -> str:
    """The whole page, ending in a line end."""
    borrowed = [*BORROWED.items(), ("OPENAI_API_KEY", "upstream.token")]
    rows = "".join(f"| `{name}` | `{setting}` |\n" for name, setting in sorted(borrowed))
    note = "\n`OPENAI_API_KEY` is used for an `openai` upstream that has no other token.\n"
    return INTRODUCTION + rows + note + "".join(_sections())


def _sections() -> Iterator[str]:
    for section, rows in groupby(SETTINGS.values(), lambda row: row.name.rpartition(".")[0]):
        if section:
            model = type(Settings().value(section))
            about = (model.__doc__ or "").strip().partition("\n")[0]
            yield f"\n\n## {section}\n\n{about}\n\n{HEADER}"
        else:
            yield f"\n\n## At the top level\n\n{HEADER}"
        yield from map(_row, rows)


def _row(row: Setting) -> str:
    description = row.description
    if row.example:
        description += f" Example: `{row.example}`."
    if row.is_secret:
        description += " Secret."
    return f"| `{row.name}` | {row.kind} | {_default(row)} | {description} |\n"


def _default(row: Setting) -> str:
    is_said_in_words = row.default in ("none", "made", "found out") or " " in row.default
    is_a_choice = repr(row.default) in row.kind
    return row.default if is_said_in_words and not is_a_choice else f"`{row.default}`"
