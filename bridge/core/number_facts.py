"""What is known of a telephone number: its kind, its region, its clocks.

Somebody else looks it up (`bridge.calls.numbering`, in a table of the world's numbering plans);
here is only what is known afterwards. What isn't known is `None`, `UNKNOWN` or empty, and whoever
decides about it treats that as a reason to refuse.
"""

from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum


class NumberType(StrEnum):
    """What kind of number it is: a closed set of ours."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    """Can't be told apart, as in North America."""

    VOIP = "voip"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    SATELLITE = "satellite"
    """A satellite network, or one of those that belong to no country and are priced as such."""

    PAGER = "pager"
    PERSONAL = "personal"
    """Follows a person about. Often as dear as premium numbers, as `+44 70`."""

    UAN = "uan"
    """A company's number for the whole country, at a price of its own."""

    VOICEMAIL = "voicemail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What is known of one number. The default is a number of which nothing is known.

    Attributes:
        type: what kind of number it is.
        region: where it belongs, as `JM` (ISO 3166-1 alpha-2); `None` when not known or nowhere.
        code_region: the chief region of its country code, as `US` for every `+1`; `None` when the
            code is no country's.
        is_possible: whether it has a length that can be dialled from abroad.
        is_valid: whether it lies in a range known to be given out. Some that are real do not.
        is_emergency: whether it is an emergency number, or would be taken for one.
        zones: every clock its holder may live by; empty when none is known.
    """

    type: NumberType = NumberType.UNKNOWN
    region: str | None = None
    code_region: str | None = None
    is_possible: bool = False
    is_valid: bool = False
    is_emergency: bool = False
    zones: tuple[tzinfo, ...] = ()
