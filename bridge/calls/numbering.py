"""What the world's numbering plans say of a telephone number.

The plans are Google's libphonenumber as `phonenumbers` has them; they are loaded by region, when a
number is first looked up, and never at a command's start. Looking up asks nobody: it is a table.

What the plans don't say is added here, with its source: which country codes are satellites', and
some ranges inside a country's own numbers that are dearer than they look.
"""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.core.number_facts import NumberFacts, NumberType
from bridge.core.phone import E164, parse_e164

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

NOWHERE = "001"
"""The region of country codes that are no country's. Source: UN M.49, the world."""

NORTH_AMERICA = 1
"""The country code whose area codes are places, for mobile numbers too."""

SHORT_DIGITS = 6
"""Longest text taken for a short number, which is compared with every country's emergency numbers.
A number that can be dialled from abroad has 7 digits or more."""

CODES: Mapping[int, NumberType] = MappingProxyType(
    {
        800: NumberType.TOLL_FREE,
        808: NumberType.SHARED_COST,
        870: NumberType.SATELLITE,
        878: NumberType.PERSONAL,
        881: NumberType.SATELLITE,
        882: NumberType.SATELLITE,
        883: NumberType.SATELLITE,
        888: NumberType.UAN,
        979: NumberType.PREMIUM,
    }
)
"""Country codes that are no country's. libphonenumber calls the satellites' mobile.

882 and 883 are shared by networks of satellites, ships and aeroplanes and by some that only resell:
all are priced like satellites, which is our own caution.
Source: our own knowledge of the ITU's list of E.164 country codes, not looked up; that 881 is
satellites' and 882 and 883 are shared networks', as others tell of that list (2026-11).
"""

RANGES = (
    (re.compile(r"\+1[2-9][0-9]{2}976[0-9]{4}"), NumberType.PREMIUM),
    (re.compile(r"\+1600[0-9]{7}"), NumberType.SATELLITE),
    (re.compile(r"\+6114[57][0-9]+"), NumberType.SATELLITE),
)
"""Ranges inside a country's numbers that are something else than libphonenumber says.

Exchange 976 is pay-per-call in every North American area code; 600 is Canada's for what has no
place, satellite telephones among it; 0145 and 0147 are Australia's satellite services.
Source: for 600, en.wikipedia.org/wiki/Area_code_600 (2026-11); for 976 and Australia our own
knowledge of their numbering plans, not looked up. Where that is wrong, a call is refused that need
not be.
"""


def facts(text: str, home: str | None = None) -> NumberFacts:
    """What is known of a number.

    Args:
        text: any text; what is no E.164 number gets facts of which nothing is known, but for
            whether it would be taken for an emergency number (`911`, `+1911`, `112`).
        home: the region of our own line, whose emergency numbers count too.

    Returns:
        The facts. Zones that this machine's time zone database doesn't have leave it empty.
    """
    try:
        number = parse_e164(text)
    except ValueError:
        return NumberFacts(is_emergency=_is_short_emergency(text))
    return _known(number, home)


def _known(number: E164, home: str | None) -> NumberFacts:
    import phonenumbers as plans  # noqa: PLC0415 - 20 MB of tables that most commands never need

    try:
        parsed = plans.parse(number, None)
    except plans.NumberParseException:
        return NumberFacts(is_emergency=_is_short_emergency(number))
    possible = plans.is_possible_number_with_reason(parsed)
    return NumberFacts(
        type=_type(number, parsed),
        region=_place(plans.region_code_for_number(parsed)),
        code_region=_place(plans.region_code_for_country_code(_code(parsed))),
        is_possible=possible == plans.ValidationResult.IS_POSSIBLE,
        is_valid=plans.is_valid_number(parsed),
        is_emergency=_is_emergency(parsed, home) or _is_short_emergency(number),
        zones=_zones(parsed),
    )


def _code(parsed: "PhoneNumber") -> int:
    return parsed.country_code or 0  # a parsed number has one


def _place(region: str | None) -> str | None:
    return None if region in (None, NOWHERE, "ZZ") else region


def _type(number: E164, parsed: "PhoneNumber") -> NumberType:
    import phonenumbers as plans  # noqa: PLC0415 - as above

    for pattern, kind in RANGES:
        if pattern.fullmatch(number):
            return kind
    code = _code(parsed)
    if code in CODES:
        return CODES[code]
    if plans.region_code_for_country_code(code) in (NOWHERE, "ZZ"):
        return NumberType.SATELLITE  # a code that is no country's, newer than this file
    return _types().get(plans.number_type(parsed), NumberType.UNKNOWN)


@cache
def _types() -> Mapping[int, NumberType]:
    from phonenumbers import PhoneNumberType as Kind  # noqa: PLC0415 - as above

    return {
        Kind.FIXED_LINE: NumberType.FIXED,
        Kind.MOBILE: NumberType.MOBILE,
        Kind.FIXED_LINE_OR_MOBILE: NumberType.FIXED_OR_MOBILE,
        Kind.TOLL_FREE: NumberType.TOLL_FREE,
        Kind.PREMIUM_RATE: NumberType.PREMIUM,
        Kind.SHARED_COST: NumberType.SHARED_COST,
        Kind.VOIP: NumberType.VOIP,
        Kind.PERSONAL_NUMBER: NumberType.PERSONAL,
        Kind.PAGER: NumberType.PAGER,
        Kind.UAN: NumberType.UAN,
        Kind.VOICEMAIL: NumberType.VOICEMAIL,
    }


def _is_short_emergency(text: str) -> bool:
    """Whether a short text is an emergency number anywhere, with a country code or without."""
    digits = re.sub(r"[^0-9]", "", text)
    if not 0 < len(digits) <= SHORT_DIGITS:
        return False
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, shortnumberinfo  # noqa: PLC0415 - as above

    rests = [digits[n:] for n in (1, 2, 3) if int(digits[:n]) in COUNTRY_CODE_TO_REGION_CODE]
    return any(
        shortnumberinfo.is_emergency_number(candidate, region)
        for candidate in (digits, *filter(None, rests))
        for region in shortnumberinfo.SUPPORTED_SHORT_REGIONS
    )


def _is_emergency(parsed: "PhoneNumber", home: str | None) -> bool:
    """Whether what is left without the country code is an emergency number there, or at home.

    A number in no range that anybody was given counts when it only begins like one: some networks
    listen to the first digits alone. In a known range it doesn't, or Paris could not be called:
    its numbers begin with 15, as does France's ambulance.
    """
    import phonenumbers as plans  # noqa: PLC0415 - as above
    from phonenumbers import shortnumberinfo  # noqa: PLC0415 - as above

    rest = plans.national_significant_number(parsed)
    regions = {*plans.region_codes_for_country_code(_code(parsed)), home or NOWHERE} - {NOWHERE}
    is_given_out = plans.is_valid_number(parsed)
    return any(
        shortnumberinfo.is_emergency_number(rest, region)
        or (not is_given_out and shortnumberinfo.connects_to_emergency_number(rest, region))
        for region in regions
    )


def _zones(parsed: "PhoneNumber") -> tuple[ZoneInfo, ...]:
    """Every clock the holder may live by; empty when one of them is no zone of this machine."""
    import phonenumbers as plans  # noqa: PLC0415 - as above
    from phonenumbers import timezone  # noqa: PLC0415 - as above

    # By area code where it says the place, though the telephone is mobile: Jamaica's would get all
    # 44 zones of +1, in which no hour is decent at once.
    is_by_area = _code(parsed) == NORTH_AMERICA and plans.is_valid_number(parsed)
    by_area, by_kind = timezone.time_zones_for_geographical_number, timezone.time_zones_for_number
    names = by_area(parsed) if is_by_area else by_kind(parsed)
    try:
        return tuple(ZoneInfo(name) for name in names)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # `Etc/Unknown` among them
        return ()
