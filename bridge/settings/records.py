"""The section about what is kept of calls, and where the database is."""

from pathlib import Path

from pydantic import Field

from bridge.settings.section import Section

SQLITE = "sqlite:///"


class Records(Section):
    """What is kept of calls, and for how long."""

    keep_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="Days after which calls are deleted for good; 0 keeps them for ever.",
    )
    words: bool = Field(
        default=True,
        description=(
            "Whether what was said is kept. Without it, only that calls and turns took place, "
            "and how long their stages took."
        ),
    )
    redact: bool = Field(
        default=True,
        description=(
            "Whether card numbers and `policy.pin` are taken out of what was said before it is "
            "written."
        ),
    )
    keep_audio: bool = Field(
        default=False,
        description=(
            "Whether the sound of calls is kept, in the folder `recordings`, when the platform "
            "delivers it. It does so where `elevenlabs.record_voice` is on."
        ),
    )


def database_path(url: str) -> Path:
    """The file that `store.url` names."""
    return Path(url.removeprefix(SQLITE)).expanduser()
