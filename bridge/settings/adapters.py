"""An adapter's own settings, out of ours: what it can't work with is said as of any setting.

An adapter says by its model what it wants to know. Of the common settings it gets those it names;
its own, carried unread until now, come on top.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bridge.errors import SettingsError
from bridge.settings.faults import place
from bridge.settings.model import Settings
from bridge.settings.table import SETTINGS

Model = TypeVar("Model", bound=BaseModel)


def adapter_settings(
    model: type[Model],
    common: Mapping[str, object],
    own: Mapping[str, object],
    *,
    names: Mapping[str, str],
    own_name: str,
    settings: Settings,
) -> Model:
    """The adapter's settings.

    Args:
        model: what the adapter wants to know.
        common: what it may know, by its own field names; `None` values are not set.
        own: the adapter's own settings, as they were set.
        names: which setting of ours each field of `common` is.
        own_name: what the names of `own` begin with, as `"upstream.providers.acme"`.
        settings: where everything came from.

    Raises:
        SettingsError: it can't work with these. No value is repeated: it may be a secret.
    """
    known = {k: v for k, v in common.items() if k in model.model_fields and v is not None}
    try:
        return model.model_validate({**known, **own})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        first = str(fault["loc"][0]) if fault["loc"] else ""
        is_own = first in own or first not in names
        name = f"{own_name}.{first}" if is_own else names[first]
        raise _unfit(name, fault, "" if is_own else place(settings.origin(name))) from None


def _unfit(name: str, fault: Mapping[str, Any], where: str) -> SettingsError:
    rule = fault.get("ctx", {}).get("error")
    wanted = str(rule) if isinstance(rule, ValueError) else _plain(str(fault["msg"]))
    said = "must be set" if fault["type"] == "missing" else wanted
    row = SETTINGS.get(name)
    hint = row.description if row else "`bridge config show` says what is set, and where."
    if row and row.example:
        hint += f" For example: {row.example}."
    place_said = f" ({where})" if where and fault["type"] != "missing" else ""
    return SettingsError(f"{name} {said}{place_said}", setting=name, hint=hint)


def _plain(message: str) -> str:
    """The library's sentence as it reads after a setting's name."""
    for opening in ("Input should", "String should", "Value should"):
        if message.startswith(opening):
            return "must" + message.removeprefix(opening)
    return f"can't be used: {message}"
