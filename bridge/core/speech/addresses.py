"""Web and e-mail addresses as one says them."""

import re
from collections.abc import Mapping

_AT_AND_DOT: Mapping[str, tuple[str, str]] = {
    "en": ("at", "dot"),
    "de": ("at", "Punkt"),
    "es": ("arroba", "punto"),
    "fr": ("arobase", "point"),
}

_LATIN_TO_GEORGIAN = "\u00c0-\u024f\u0370-\u0dff"
SCHEME = re.compile(r"https?://", re.IGNORECASE)
AUTHORITY = re.compile(rf"[A-Za-z0-9.\-_~%:@{_LATIN_TO_GEORGIAN}]*")
"""Who is asked: a host, perhaps with a name and password before it and a port after it."""

TAIL = re.compile(r"[^\s<>\"|\\^`{}\[\]()*_~.,;:!?'’”»\u2e80-\U0010ffff]+")
"""The part of a web address that is never said, up to a character that may end it."""

TAIL_END = re.compile(r"[*_~.,;:!?'\\^{}\[\]]{1,8}")
"""What ends a sentence as often as it goes on an address."""

GOES_ON = re.compile(r"[^\s<>\"|\\^`{}\[\]()*_~.,;:!?'’”»\u2e80-\U0010ffff(]")

_SITE = re.compile(
    r"https?:\Z|(?<![^\W_])(?:[A-Za-z0-9-]+\.)+"
    r"(?:com|org|net|io|dev|ai|app|co|uk|de|fr|es|it|nl|eu|ch|at|be|se|no|dk|fi|pl|pt|ru|ua|tr"
    r"|jp|cn|in|kr|br|mx|us|ca|au|nz|info|edu|gov|me|tv|xyz|gg|to|sh)\Z"
)
_SITE_ENDS = frozenset(":abcdefghijklmnopqrstuvwxyz")
DOMAIN = re.compile(r"@((?:[^\W_]|-)+(?:\.(?:[^\W_]|-)+)+)")
DOMAIN_RUN = re.compile(r"@[\w.-]*")
LOCAL_END = re.compile(r"[\w+-]")

_WEB = re.compile(r"https?://\S*", re.IGNORECASE)
_MAIL = re.compile(r"(?<=[\w+-])@((?:[^\W_]|-)+(?:\.(?:[^\W_]|-)+)+)")


def say_host(authority: str) -> str:
    """The host of a web address, without a name, password, port or `www.`."""
    host = authority.rpartition("@")[2].partition(":")[0].strip(".")
    return host[4:] if host.lower().startswith("www.") else host


def say_domain(domain: str, language: str) -> str:
    """What follows the name in an e-mail address: ` at example dot com`."""
    tag = language.lower().replace("_", "-").partition("-")[0]
    at, dot = _AT_AND_DOT.get(tag, _AT_AND_DOT["en"])
    return f" {at} " + domain.replace(".", f" {dot} ")


def is_site(said: str) -> bool:
    """Whether a slash after it would open a path: it ends in the name of a site, or a scheme."""
    return said[-1:] in _SITE_ENDS and _SITE.search(said) is not None


def say_within(text: str, language: str) -> str:
    """A whole text with its addresses as one says them."""
    hosts = _WEB.sub(lambda web: _host_of(web[0]), text)
    return _MAIL.sub(lambda mail: say_domain(mail[1], language), hosts)


def _host_of(address: str) -> str:
    start = address.index("//") + 2
    authority = AUTHORITY.match(address, start)
    return say_host(authority[0] if authority else "")
