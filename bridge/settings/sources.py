"""The layers of the settings, put together: each value with the place it was set.

In rising order: defaults, `bridge.toml` (in the working folder, or where `BRIDGE_CONFIG` says),
`.env` (in the working folder), the environment, flags. Below all of them stand what OpenClaw's
own configuration says and `OPENAI_API_KEY`, where nothing else names an address or a token.

An empty value in the environment or in `.env` counts as not set: compose files and unit files
pass on empty values for what nobody filled in.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, TomlConfigSettingsSource

from bridge.errors import SettingsError
from bridge.settings import openclaw_config, rules
from bridge.settings.faults import explain, unknown
from bridge.settings.model import FLAG, Settings
from bridge.settings.table import (
    BETWEEN_LEVELS,
    BORROWED,
    PREFIX,
    SETTINGS,
    VARIABLES,
    carrier,
    is_section,
)

CONFIG_VARIABLE = "BRIDGE_CONFIG"
"""Names the settings file, when it is not `bridge.toml` in the working folder."""

OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"
"""Token of an `openai` upstream that has no other."""

HOOKS_TOKEN = "upstream.providers.openclaw.hooks_token"  # noqa: S105 - a setting's name
HOOKS_PATH = "upstream.providers.openclaw.hooks_path"
"""Settings of the `openclaw` adapter that the gateway's own configuration says."""

FLAGS = {"upstream.name": "--upstream", "tunnel.name": "--tunnel", "log.level": "--log-level"}
"""Flags that are not called after the last part of their setting, as all others are."""

_CLUSTER_NAMES = re.compile(r"BRIDGE_(SERVICE_(HOST|PORT).*|PORT_\d+_(TCP|UDP|SCTP).*)")
"""What Kubernetes and Docker put in the environment for a service called `bridge`.

Source: kubernetes.io/docs/concepts/services-networking/service/#environment-variables (2026-11).
"""


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was set, unchecked, and where."""

    value: object
    origin: str


def load(
    flags: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Settings:
    """Read every layer and check the result.

    Args:
        flags: values by dotted name, as `{"server.port": 8080}`; `None` values are not set.
        environ: the environment; the process's own when not given.
        cwd: the folder of `bridge.toml` and `.env`; the working folder when not given.

    Returns:
        The settings, with `upstream` resolved and every origin known. Nothing was written.

    Raises:
        SettingsError: a value is wrong, a name is unknown, or a file can't be read.
    """
    environ = os.environ if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    dotenv = _read_dotenv(cwd / ".env")
    outside = {**dotenv, **{name: value for name, value in environ.items() if value}}
    given = {
        **_from_toml(cwd, outside.get(CONFIG_VARIABLE, "")),
        **_from_variables(dotenv, ".env"),
        **_from_variables(environ, "environment"),
        **_from_flags(flags or {}),
    }
    given |= _found_out(given, dotenv, outside)
    return _checked(given)


def _checked(given: Mapping[str, Given]) -> Settings:
    try:
        settings = Settings.model_validate(_nested(given))
    except ValidationError as error:
        raise explain(error, {name: found.origin for name, found in given.items()}) from None
    origins = {_row(name): found.origin for name, found in given.items()}
    if "upstream.name" not in origins and settings.upstream.url:
        origins["upstream.name"] = "from upstream.url"
    if not settings.upstream.model:
        origins.setdefault("upstream.model", "from upstream.name")
    return settings.with_origins(origins)


def _row(name: str) -> str:
    return carrier(name) or name


def _nested(given: Mapping[str, Given]) -> dict[str, object]:
    root: dict[str, object] = {}
    for name, found in given.items():
        *path, last = name.split(".")
        place = root
        for part in path:
            inner = place.setdefault(part, {})
            assert isinstance(inner, dict)
            place = inner
        place[last] = found.value
    return root


def _from_toml(cwd: Path, named: str) -> dict[str, Given]:
    path = cwd / (named or "bridge.toml")
    if not path.is_file():
        if named:
            raise SettingsError(
                f"the settings file {named!r} does not exist",
                setting=CONFIG_VARIABLE,
                hint=f"{CONFIG_VARIABLE} must name a TOML file, or not be set.",
            )
        return {}
    shown = named or "bridge.toml"
    try:
        tables = TomlConfigSettingsSource(Settings, toml_file=path).toml_data
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        _unreadable(shown, error)
    return {name: Given(value, f"{shown}: {name}") for name, value in _leaves(tables, shown)}


def _leaves(
    table: Mapping[str, object], shown: str, before: str = ""
) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        name = before + key
        if isinstance(value, Mapping) and is_section(name):
            yield from _leaves(value, shown, name + ".")
        elif name in SETTINGS or carrier(name):
            yield name, value
        else:
            raise unknown(name, SETTINGS, where=shown)


def _read_dotenv(path: Path) -> dict[str, str]:
    try:
        lines = DotEnvSettingsSource(Settings, env_file=path).env_vars if path.is_file() else {}
    except (UnicodeDecodeError, OSError) as error:
        _unreadable(".env", error)
    return {name.upper(): value for name, value in lines.items() if value}


def _unreadable(shown: str, error: Exception) -> NoReturn:
    why = error.strerror if isinstance(error, OSError) else None
    # A decoding error's text may hold a line of the file: TOML's says only where.
    why = why or (str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8")
    raise SettingsError(
        f"the settings file {shown!r} can't be read: {why}", setting=shown
    ) from None


def _from_variables(variables: Mapping[str, str], layer: str) -> dict[str, Given]:
    borrowed = {
        setting: Given(variables[name], f"{layer}: {name}")
        for name, setting in BORROWED.items()
        if variables.get(name)
    }
    ours = {
        _setting_named(name, layer): Given(value, f"{layer}: {name}")
        for name, value in variables.items()
        if value and name.startswith(PREFIX) and not _is_somebody_elses(name, value)
    }
    return {**borrowed, **ours}


def _is_somebody_elses(name: str, value: str) -> bool:
    if name == "BRIDGE_PORT":
        return value.startswith(("tcp://", "udp://"))
    return name == CONFIG_VARIABLE or _CLUSTER_NAMES.fullmatch(name) is not None


def _setting_named(variable: str, layer: str) -> str:
    if setting := VARIABLES.get(variable):
        return setting
    name = variable.removeprefix(PREFIX).replace(BETWEEN_LEVELS, ".").lower()
    if carrier(name):
        return name
    raise unknown(variable, VARIABLES, where=layer)


def _from_flags(flags: Mapping[str, object]) -> dict[str, Given]:
    for name in flags:
        if name not in SETTINGS:
            raise unknown(name, SETTINGS, where="flags")
    return {
        name: Given(value, FLAG + (FLAGS.get(name) or _flag(name)))
        for name, value in flags.items()
        if value is not None
    }


def _flag(name: str) -> str:
    return "--" + name.rpartition(".")[2].replace("_", "-")


def _found_out(
    given: Mapping[str, Given], dotenv: Mapping[str, str], outside: Mapping[str, str]
) -> dict[str, Given]:
    """What may be concluded about the upstream from files and names that are not ours."""
    name, url = (_text(given, f"upstream.{field}") for field in ("name", "url"))
    kind = name or (rules.upstream_by_address(url) if url else "")
    has_token = bool(_text(given, "upstream.token"))
    if kind == "openai" and not has_token and (key := outside.get(OPENAI_KEY_VARIABLE)):
        layer = ".env" if dotenv.get(OPENAI_KEY_VARIABLE) == key else "environment"
        return {"upstream.token": Given(key, f"{layer}: {OPENAI_KEY_VARIABLE}")}
    if kind not in ("", "openclaw") or (url and has_token):
        return {}
    gateway = openclaw_config.find(outside)
    found = {} if url else _gateway_address(gateway, is_asked_for=bool(kind))
    if gateway is None or (url and not _is_same(url, gateway.url)):
        return found
    if gateway.token and not has_token:
        found["upstream.token"] = Given(gateway.token, gateway.token_origin)
    return {**_hooks(gateway, given), **found}


def _hooks(gateway: openclaw_config.Gateway, given: Mapping[str, Given]) -> dict[str, Given]:
    """The gateway's hooks, where nobody set their token."""
    if not gateway.hooks_token or HOOKS_TOKEN in given:
        return {}
    found = {HOOKS_TOKEN: Given(gateway.hooks_token, gateway.token_origin)}
    if gateway.hooks_path and HOOKS_PATH not in given:
        found[HOOKS_PATH] = Given(gateway.hooks_path, gateway.token_origin)
    return found


def _gateway_address(
    gateway: openclaw_config.Gateway | None, *, is_asked_for: bool
) -> dict[str, Given]:
    if gateway is None:
        usual = Given(f"http://127.0.0.1:{rules.OPENCLAW_PORT}/v1", "default of OpenClaw")
        return {"upstream.url": usual} if is_asked_for else {}
    found = {"upstream.url": Given(gateway.url, gateway.url_origin)}
    if not is_asked_for:
        found["upstream.name"] = Given("openclaw", gateway.url_origin)
    return found


def _is_same(url: str, gateway_url: str) -> bool:
    """Whether `url` is the gateway on this machine: its token is for nobody else."""
    try:
        ours, theirs = urlsplit(url.strip()), urlsplit(gateway_url)
        is_same_port = ours.port == theirs.port
    except ValueError:
        return False
    return is_same_port and ours.hostname in ("127.0.0.1", "localhost", "::1")


def _text(given: Mapping[str, Given], name: str) -> str:
    value = given[name].value if name in given else ""
    return value if isinstance(value, str) else ""


def openclaw_skills() -> Path | None:
    """Where OpenClaw on this machine looks for skills; `None` without OpenClaw."""
    return openclaw_config.skills_folder(os.environ)
