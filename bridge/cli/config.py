"""`bridge config`: what is set, and where it was set."""

from typing import TYPE_CHECKING

import click

from bridge.cli import output

if TYPE_CHECKING:
    from bridge.settings import Settings
    from bridge.settings.table import Setting


@click.group("config")
def command() -> None:
    """Show every setting and where it was set."""


@command.command("show")
@click.argument("name", required=False)
@click.option(
    "--reveal",
    is_flag=True,
    help="Show the server's own tokens, which are made now if they never were.",
)
@output.json_option
def show(name: str | None, *, reveal: bool, as_json: bool) -> None:
    """Show every setting, or the one called NAME, and where it was set.

    Secrets are masked. Only the server's own tokens can be revealed: the others are known
    to who set them.
    """
    from bridge.settings import ensure_tokens, load
    from bridge.settings.table import SETTINGS
    from bridge.settings.tokens import stored_tokens

    if name is not None and name not in SETTINGS:
        raise _no_such(name)
    settings = load()
    settings = ensure_tokens(settings, for_bind=False) if reveal else stored_tokens(settings)
    rows = [SETTINGS[name]] if name else list(SETTINGS.values())
    if as_json:
        found = [_as_json(row, settings, reveal=reveal) for row in rows]
        output.show_json(found[0] if name else found)
    elif name:
        click.echo(_shown(rows[0], settings, reveal=reveal))
    else:
        output.show_table(
            ("setting", "value", "origin"),
            [
                (row.name, _shown(row, settings, reveal=reveal), settings.origin(row.name))
                for row in rows
            ],
        )


def _no_such(name: str) -> click.BadParameter:
    from bridge.settings.table import SETTINGS, nearest

    likely = nearest(name, SETTINGS)
    advice = f"Did you mean {likely!r}?" if likely else "`bridge config show` lists them all."
    return click.BadParameter(f"{name!r} is not a setting. {advice}", param_hint="NAME")


def _shown(row: "Setting", settings: "Settings", *, reveal: bool) -> str:
    from pydantic import SecretStr

    from bridge.settings.table import render_value
    from bridge.settings.tokens import STORED

    value = settings.value(row.name)
    if reveal and row.name in STORED and isinstance(value, SecretStr):
        return value.get_secret_value()
    return render_value(value)


def _as_json(row: "Setting", settings: "Settings", *, reveal: bool) -> dict[str, object]:
    from bridge.settings.model import DEFAULT

    value = settings.value(row.name)
    is_plain = isinstance(value, str | int | float | bool | None) and not row.is_secret
    origin = settings.origin(row.name)
    return {
        "name": row.name,
        "value": value if is_plain else _structured(row, settings, reveal=reveal),
        "origin": origin,
        "is_set": origin != DEFAULT,
        "is_secret": row.is_secret,
    }


def _structured(row: "Setting", settings: "Settings", *, reveal: bool) -> object:
    """A secret as a mask or nothing, a list as a list, tables as the names of their owners."""
    value = settings.value(row.name)
    if value is None:
        return None
    if isinstance(value, tuple | dict):
        return list(value)
    return _shown(row, settings, reveal=reveal)
