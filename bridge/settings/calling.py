"""The sections about calls that bridge places: what the guard lets out, and schedules.

As in `sections`, each field says what it is for and in which unit. A limit of 0 is none at all
here, not none set: what guards money fails closed.
"""

from collections.abc import Iterable

from pydantic import Field, field_validator

from bridge.core.calling_hours import parse_hours
from bridge.core.order import OutboundRules
from bridge.core.schedule import Again
from bridge.settings import calling_rules, rules
from bridge.settings.section import Section


class Outbound(Section):
    """Which calls bridge places: the guard before dialling. 0 is no call at all."""

    enabled: bool = Field(default=True, description="Whether bridge places calls at all.")
    agents: bool = Field(
        default=True,
        description=(
            "Whether agents place calls, with the token that you had made for them; without a "
            "token none does. Every other rule holds for them too."
        ),
    )
    regions: tuple[str, ...] = Field(
        default=(),
        description=(
            "Regions that may be called, by their ISO codes; `*` is any. When not set: the region "
            "of our own line alone. Commas between them in the environment."
        ),
        examples=[["US", "CA"]],
    )
    allow_to: tuple[str, ...] = Field(
        default=(),
        description=(
            "Numbers and prefixes that may be called whatever their region, and where it isn't "
            "known what they are. The other rules hold. Commas between them in the environment."
        ),
        examples=[["+15550100999", "+1876*"]],
    )
    do_not_call: tuple[str, ...] = Field(
        default=(),
        description=(
            "Numbers and prefixes that are never called. Commas between them in the environment."
        ),
        examples=[["+15550100999"]],
    )
    # Source: 47 CFR 64.1200(c)(1), calls to homes between 8 and 21 at the callee's; known, not
    # looked up.
    hours: str = Field(
        default="08:00-21:00",
        description=(
            "When a telephone may ring, in every zone its holder may live in; `00:00-24:00` is "
            "always. The default is what the law of the United States leaves open."
        ),
        examples=["08:00-21:00"],
    )
    # Source: quoted from elevenlabs.io/pricing/agents: the free plan has 4 (2026-09).
    live_calls: int = Field(
        default=4,
        ge=0,
        description=(
            "Calls at one moment, those that came in counted. Four is what the "
            "voice platform's smallest plan takes."
        ),
    )
    per_hour: int = Field(
        default=20, ge=0, description="Calls placed in any 60 minutes: one every three."
    )
    per_day: int = Field(default=60, ge=0, description="Calls placed in any 24 hours.")
    per_number_per_hour: int = Field(
        default=6,
        ge=0,
        description="Calls placed to one number in any 60 minutes: a first try and its retries.",
    )
    per_number_per_day: int = Field(
        default=12, ge=0, description="Calls placed to one number in any 24 hours."
    )
    loop_calls: int = Field(
        default=6,
        ge=1,
        description=(
            "So many calls with one number within `policy.outbound.loop_minutes`, whoever began "
            "them, count as two machines that call each other: no further one is placed."
        ),
    )
    loop_minutes: int = Field(
        default=10,
        ge=1,
        le=1440,
        description="Minutes in which `policy.outbound.loop_calls` count.",
    )
    money_a_day: float = Field(
        default=20.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "US dollars that the calls of any 24 hours may cost, by our own table of prices. The "
            "default is about a month of the voice platform's smaller plans: a day that goes "
            "wrong costs no more."
        ),
    )
    minutes_assumed: float = Field(
        default=5.0,
        gt=0,
        le=120,
        description=(
            "Minutes that a call is reckoned to last before it has: what must still fit into "
            "`policy.outbound.money_a_day`."
        ),
    )

    @field_validator("regions", mode="before")
    @classmethod
    def _regions(cls, value: object) -> object:
        return calling_rules.regions(value)

    @field_validator("allow_to", "do_not_call", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return rules.allow_list(value)

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        return calling_rules.hours(value)

    def as_rules(self, own_lines: Iterable[str]) -> OutboundRules:
        """The section as the guard wants it.

        Args:
            own_lines: our own numbers, as E.164.
        """
        return OutboundRules(
            **{**dict(self), "hours": parse_hours(self.hours)}, own_lines=frozenset(own_lines)
        )


class Schedule(Section):
    """Calls at times: how late is too late, and who is tried again."""

    late_s: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description=(
            "Seconds after its moment in which a scheduled call is still placed. Later, it is "
            "reported as missed: a call meant for seven is no good at nine."
        ),
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Further tries for each moment when the line was busy or nobody answered.",
    )
    retry_s: float = Field(
        default=600.0,
        ge=60,
        le=86_400,
        description="Seconds from the end of such a call to the next try.",
    )

    @property
    def again(self) -> Again:
        """The section as `bridge.core.schedule` wants it."""
        return Again(after_s=self.retry_s, times=self.retries)
