"""OpenClaw's own configuration on this machine: where its gateway listens, and its tokens.

The file is written for people (JSON5: comments, trailing commas, bare keys, single quotes);
`parse` reads that much and no more. Nothing here changes the file.

Source: the gateway's `openclaw.json`, `OPENCLAW_CONFIG_PATH`, `OPENCLAW_STATE_DIR` and
`OPENCLAW_GATEWAY_PORT`, as a gateway of 2026-11 reads them.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import SettingsError
from bridge.settings.rules import OPENCLAW_PORT

PORT_VARIABLE = "OPENCLAW_GATEWAY_PORT"
"""The gateway obeys this before its file, so a guess at its address must too."""

_TOKENS = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<mark>[{}\[\]:,])
    |(?P<word>[^\s{}\[\]:,"'/]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|\r\n|.)|\"", re.DOTALL)
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway on this machine.

    Attributes:
        url: base address of its API.
        token: its bearer token; empty when the file holds none that can be read.
        url_origin: what said where it listens.
        token_origin: what said its tokens.
        hooks_token: the token of its hooks; empty when they are off, or as `token`.
        hooks_path: where its hooks are; empty when the file doesn't say.
    """

    url: str
    token: str = field(repr=False)
    url_origin: str
    token_origin: str
    hooks_token: str = field(default="", repr=False)
    hooks_path: str = ""


def skills_folder(environ: Mapping[str, str]) -> Path | None:
    """Where OpenClaw on this machine looks for skills of all its agents; `None` without OpenClaw.

    Source: docs.openclaw.ai/tools/skills, `<state-dir>/skills` (2026-11).
    """
    config, _ = _place(environ)
    state = environ.get("OPENCLAW_STATE_DIR")
    folder = _expanded(state) if state else _expanded(environ.get("HOME") or "~") / ".openclaw"
    return folder / "skills" if config.is_file() or folder.is_dir() else None


def find(environ: Mapping[str, str]) -> Gateway | None:
    """The gateway that this machine's `openclaw.json` describes; `None` when there is no file.

    Raises:
        SettingsError: the file is there and can't be read.
    """
    path, shown = _place(environ)
    if not path.is_file():
        return None
    try:
        config = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"OpenClaw's configuration {shown} can't be read: {_reason(error)}",
            setting="upstream.url",
            hint="Put it right, or set upstream.url and upstream.token, or upstream.name = 'demo'.",
        ) from None
    port, port_origin = _port(config, environ, shown)
    has_hooks = _at(config, "hooks", "enabled") is True
    hooks_path = _at(config, "hooks", "path")
    return Gateway(
        url=f"http://127.0.0.1:{port}/v1",
        token=_secret(_at(config, "gateway", "auth", "token"), environ),
        url_origin=port_origin,
        token_origin=shown,
        hooks_token=_secret(_at(config, "hooks", "token"), environ) if has_hooks else "",
        hooks_path=hooks_path if isinstance(hooks_path, str) else "",
    )


def parse(text: str) -> object:
    """The value that JSON, or JSON as people write it, stands for. Raises `ValueError`."""
    return json.loads("".join(_as_json(text)))


def _place(environ: Mapping[str, str]) -> tuple[Path, str]:
    if named := environ.get("OPENCLAW_CONFIG_PATH"):
        return _expanded(named), named
    if state := environ.get("OPENCLAW_STATE_DIR"):
        return _expanded(state) / "openclaw.json", f"{state}/openclaw.json"
    home = _expanded(environ.get("HOME") or "~")
    return home / ".openclaw" / "openclaw.json", "~/.openclaw/openclaw.json"


def _expanded(path: str) -> Path:
    """With `~` as somebody's home; as it stands for who has none, as some services."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises where there is no home


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} near line {error.lineno}"
    return str(error) if type(error) is ValueError else type(error).__name__


def _port(config: object, environ: Mapping[str, str], shown: str) -> tuple[int, str]:
    named = environ.get(PORT_VARIABLE, "")
    if named.isascii() and named.isdigit():
        return int(named), f"environment: {PORT_VARIABLE}"
    port = _at(config, "gateway", "port")
    return (port if type(port) is int else OPENCLAW_PORT), shown


def _secret(token: object, environ: Mapping[str, str]) -> str:
    """A token as text, with what it names of the environment; empty when it can't be told."""
    if not isinstance(token, str):
        return ""
    names = _REFERENCE.findall(token)
    if any(not environ.get(name) for name in names):
        return ""
    return _REFERENCE.sub(lambda found: environ[found[1]], token).strip()


def _at(value: object, *path: str) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _as_json(text: str) -> list[str]:
    """The same value as strict JSON, piece by piece; line ends stay, so that errors keep lines."""
    strict: list[str] = []
    after = ""  # the next piece that means something: known, because we go from the end
    for kind, piece in reversed(list(_pieces(text))):
        if kind == "space":
            strict.append("\n" * piece.count("\n") or " ")
            continue
        if kind == "string":
            strict.append(_string(piece))
        elif kind == "word" and after == ":":
            strict.append(json.dumps(piece))
        elif not (piece == "," and after in ("}", "]")):
            strict.append(piece)
        after = piece
    return strict[::-1]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None:
            raise ValueError(f"not JSON near line {text.count(chr(10), 0, at) + 1}")
        yield str(found.lastgroup), found[0]
        at = found.end()


def _string(quoted: str) -> str:
    return f'"{_ESCAPE.sub(_escape, quoted[1:-1])}"'


def _escape(found: re.Match[str]) -> str:
    """A piece of a string that JSON writes in another way, or the same one."""
    what = found[1]
    if what is None:  # a double quote inside single ones
        return r"\""
    if what in ("\n", "\r\n"):
        return ""
    if what[0] == "x" and len(what) > 1:
        return f"\\u00{what[1:]}"
    return found[0] if what in '"\\/bfnrtu' else what
