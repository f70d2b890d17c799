"""What every section of the settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A group of settings. Immutable; an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
