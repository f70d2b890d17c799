"""Everything an operator may set, as one immutable `Settings`.

`Settings()` is every default and reads nothing from outside: the layers (files, environment,
flags) are put together by `bridge.settings.sources.load`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_state_path
from pydantic import BaseModel, Field, PrivateAttr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from bridge.settings.accounts import ElevenLabs, Log, Store, Tunnel, Twilio
from bridge.settings.calling import Schedule
from bridge.settings.records import Records
from bridge.settings.sections import Limits, Policy, Server, Session, Speech, Turn, Upstream

Model = TypeVar("Model", bound=BaseModel)

DEFAULT = "default"
"""The origin of a value that nobody set."""

FLAG = "flag "
"""What the origin of a value begins with that an option of the command set."""

RECORDS = "bridge.db"
"""File in the state folder that `store.url` means when it isn't set."""


def _state_dir() -> Path:
    try:
        return user_state_path("bridge", appauthor=False)
    except RuntimeError:  # no home folder: `state_dir` must be set
        return Path("~") / "bridge"


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("has a '~' that stands for no home folder") from None


def _replaced(holder: Model, path: Sequence[str], value: object) -> Model:
    field, *below = path
    new = _replaced(getattr(holder, field), below, value) if below else value
    return holder.model_copy(update={field: new})


class Settings(BaseSettings):
    """Everything an operator may set. Immutable; every value knows where it was set."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True)

    server: Server = Server()
    upstream: Upstream = Upstream()
    turn: Turn = Turn()
    speech: Speech = Speech()
    session: Session = Session()
    policy: Policy = Policy()
    schedule: Schedule = Schedule()
    limits: Limits = Limits()
    store: Store = Store()
    records: Records = Records()
    log: Log = Log()
    tunnel: Tunnel = Tunnel()
    elevenlabs: ElevenLabs = ElevenLabs()
    twilio: Twilio = Twilio()
    state_dir: Path = Field(
        default_factory=_state_dir,
        description="Folder for what bridge makes and keeps: tokens, secrets, records.",
    )

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what we are given and nothing else: `sources.load` does the layers, with origins."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _store_url(cls, given: object) -> object:
        """Without an address of its own, the store is a file in the state folder."""
        fields = dict(given) if isinstance(given, Mapping) else {}
        store, folder = fields.get("store", {}), fields.get("state_dir") or _state_dir()
        if not isinstance(store, Mapping) or store.get("url") or not isinstance(folder, str | Path):
            return given
        try:
            url = f"sqlite:///{_expanded(Path(folder)) / RECORDS}"
        except ValueError:
            return given  # `state_dir` says so itself
        return {**fields, "store": {**store, "url": url}}

    @field_validator("state_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return _expanded(value)

    def origin(self, name: str) -> str:
        """Where the setting `name` (as `"turn.grace_s"`) was set; `"default"` when nowhere."""
        return self._origins.get(name, DEFAULT)

    def value(self, name: str) -> object:
        """The value of the setting `name`, as `"turn.grace_s"`. Raises `AttributeError`."""
        found: object = self
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def changed(self, values: Mapping[str, Any], *, origin: str) -> "Settings":
        """A copy with some settings replaced, unchecked, all of them from `origin`."""
        copy = self
        for name, value in values.items():
            copy = _replaced(copy, name.split("."), value)
        return copy.with_origins({**self._origins, **dict.fromkeys(values, origin)})

    def with_origins(self, origins: Mapping[str, str]) -> "Settings":
        """A copy that says its values came from `origins`, by dotted name."""
        copy = self.model_copy()
        copy._origins = dict(origins)  # noqa: SLF001 - its own class
        return copy
