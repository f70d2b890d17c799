"""An adapter by its name: a file of ours first, then somebody else's package.

Nothing is imported until it is chosen, nothing is registered anywhere, and ours win over
theirs, so that no package can pose as `openclaw` by being installed.
"""

import difflib
import importlib
import importlib.util
import pkgutil
import re
from importlib import metadata
from types import ModuleType

from bridge.errors import SettingsError

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def adapter(kind: str, name: str, *, setting: str = "", where: str = "") -> ModuleType:
    """The module that keeps the promises of a port.

    Args:
        kind: the folder, as `"upstreams"`; also the entry-point group `bridge.upstreams`.
        name: the adapter's name, as an operator writes it.
        setting: which setting the name came from, for the message when it is wrong.
        where: where that was set, as `"set in bridge.toml"`.

    Raises:
        SettingsError: there is no such adapter, or a package it needs is not installed.
    """
    if _is_ours(kind, name):
        return _import(f"bridge.{kind}.{name}", name, setting)
    for entry in metadata.entry_points(group=f"bridge.{kind}"):
        if entry.name == name:
            return _import(entry.module, name, setting)
    known = names(kind)
    likely = difflib.get_close_matches(name, known, n=1)
    place = f" ({where})" if where else ""
    raise SettingsError(
        f"{setting or kind} is {name!r}: there is no such adapter; "
        f"there are {_listed(known)}{place}",
        setting=setting,
        hint=f"Did you mean {likely[0]!r}?" if likely else "",
    )


def names(kind: str) -> tuple[str, ...]:
    """Every adapter of a kind, ours and installed ones, in alphabetical order. Imports none."""
    package = importlib.import_module(f"bridge.{kind}")
    ours = {found.name for found in pkgutil.iter_modules(package.__path__)}
    theirs = {entry.name for entry in metadata.entry_points(group=f"bridge.{kind}")}
    return tuple(sorted(name for name in ours | theirs if _NAME.fullmatch(name)))


def _is_ours(kind: str, name: str) -> bool:
    if not _NAME.fullmatch(name):
        return False
    return importlib.util.find_spec(f"bridge.{kind}.{name}") is not None


def _import(module: str, name: str, setting: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "bridge"):
            raise  # a fault of ours, not a package that was left out
        extra = _extra_with(missing)
        package = f"bridge[{extra}]" if extra else missing
        raise SettingsError(
            f"{name!r} needs the package {missing!r}, which is not installed",
            setting=setting,
            hint=f"pip install {package!r}",
        ) from None


def _extra_with(package: str) -> str:
    """The extra of ours that brings a package; empty when none does."""
    try:
        requirements = metadata.requires("bridge") or []
    except metadata.PackageNotFoundError:
        return ""
    for requirement in requirements:
        needed, _, condition = requirement.partition(";")
        found = re.search(r"extra == ['\"]([^'\"]+)", condition)
        wanted = re.match(r"[A-Za-z0-9._-]+", needed)
        if found and wanted and wanted[0].lower().replace("-", "_") == package.lower():
            return found[1]
    return ""


def _listed(known: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in known) or "none"
