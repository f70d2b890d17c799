"""What time it is somewhere: some sixty cities, and every zone the machine knows by name.

Cities go by their English names, and by their German and Spanish ones where those differ.
"""

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_CITIES_OF = {
    "Africa/Cairo": "Cairo, Kairo, El Cairo",
    "Africa/Casablanca": "Casablanca",
    "Africa/Johannesburg": "Johannesburg, Cape Town",
    "Africa/Lagos": "Lagos",
    "Africa/Nairobi": "Nairobi",
    "America/Argentina/Buenos_Aires": "Buenos Aires",
    "America/Bogota": "Bogotá, Bogota",
    "America/Chicago": "Chicago, Houston, Dallas",
    "America/Denver": "Denver",
    "America/Halifax": "Halifax",
    "America/Lima": "Lima",
    "America/Los_Angeles": "Los Angeles, San Francisco, Seattle",
    "America/Mexico_City": "Mexico City, Mexiko-Stadt, Ciudad de México",
    "America/New_York": "New York, Boston, Washington, Miami, Nueva York",
    "America/Phoenix": "Phoenix",
    "America/Santiago": "Santiago",
    "America/Sao_Paulo": "São Paulo, Sao Paulo, Rio de Janeiro",
    "America/Toronto": "Toronto, Montreal",
    "America/Vancouver": "Vancouver",
    "Asia/Bangkok": "Bangkok",
    "Asia/Dubai": "Dubai",
    "Asia/Ho_Chi_Minh": "Hanoi",
    "Asia/Hong_Kong": "Hong Kong",
    "Asia/Jakarta": "Jakarta",
    "Asia/Jerusalem": "Jerusalem, Tel Aviv",
    "Asia/Karachi": "Karachi",
    "Asia/Kolkata": "Delhi, Mumbai, Bangalore, Kolkata",
    "Asia/Manila": "Manila",
    "Asia/Riyadh": "Riyadh",
    "Asia/Seoul": "Seoul, Seúl",
    "Asia/Shanghai": "Shanghai, Beijing, Peking, Pekín",
    "Asia/Singapore": "Singapore, Singapur",
    "Asia/Taipei": "Taipei",
    "Asia/Tehran": "Tehran",
    "Asia/Tokyo": "Tokyo, Osaka, Tokio",
    "Australia/Perth": "Perth",
    "Australia/Sydney": "Sydney, Melbourne",
    "Europe/Amsterdam": "Amsterdam",
    "Europe/Athens": "Athens, Athen, Atenas",
    "Europe/Berlin": "Berlin, Munich, München, Hamburg, Berlín",
    "Europe/Brussels": "Brussels, Brüssel, Bruselas",
    "Europe/Dublin": "Dublin",
    "Europe/Helsinki": "Helsinki",
    "Europe/Istanbul": "Istanbul, Estambul",
    "Europe/Kyiv": "Kyiv, Kiew, Kiev",
    "Europe/Lisbon": "Lisbon, Lissabon, Lisboa",
    "Europe/London": "London, Londres",
    "Europe/Madrid": "Madrid, Barcelona",
    "Europe/Moscow": "Moscow, Moskau, Moscú",
    "Europe/Paris": "Paris, París",
    "Europe/Prague": "Prague, Prag, Praga",
    "Europe/Rome": "Rome, Milan, Rom, Mailand, Roma, Milán",
    "Europe/Stockholm": "Stockholm, Estocolmo",
    "Europe/Vienna": "Vienna, Wien, Viena",
    "Europe/Warsaw": "Warsaw, Warschau, Varsovia",
    "Europe/Zurich": "Zurich, Zürich",
    "Pacific/Auckland": "Auckland",
    "Pacific/Honolulu": "Honolulu",
    "UTC": "UTC, GMT, Greenwich",
}
CITIES = {city: zone for zone, cities in _CITIES_OF.items() for city in cities.split(", ")}
"""City, as it is said, to the zone it lies in."""

_BY_NAME = {city.lower(): city for city in CITIES}
_CITY = re.compile(rf"\b({'|'.join(sorted(map(re.escape, _BY_NAME), key=len, reverse=True))})\b")
_ZONE = re.compile(r"\b[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_-]+){1,2}\b")


def find_place(utterance: str) -> tuple[str, str] | None:
    """The first place named: as it is to be said, and its zone. `None` when none is known."""
    zone = _ZONE.search(utterance)
    if zone:
        return zone[0].rpartition("/")[2].replace("_", " "), zone[0]
    city = _CITY.search(utterance.lower())
    return (_BY_NAME[city[0]], CITIES[_BY_NAME[city[0]]]) if city else None


def local_time(wall_s: float, zone: str) -> datetime | None:
    """The time of day there. `None` when this machine has no such zone.

    Args:
        wall_s: seconds since 1970-01-01 UTC.
        zone: a name as `"Europe/Berlin"`, or `"UTC"`, which every machine has.
    """
    try:
        there: tzinfo = UTC if zone == "UTC" else ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return datetime.fromtimestamp(wall_s, there)
