"""Web and e-mail addresses as one says them."""

import re

from bridge.core.speech.options import SpeechOptions

_ALPHABETS = "\u00c0-\u024f\u0370-\u0dff"
SCHEME = re.compile(r"https?://", re.IGNORECASE)
"""What opens a web address, and is not said."""

SCHEME_BEGUN = r"[hH](?:[tT](?:[tT](?:[pP](?:[sS]?(?::/?)?)?)?)?)?\Z"
"""A pattern for what may yet open one, at the end of the text."""

BEGINNINGS = ("h", "ht", "htt", "http", "https")
"""The letters that one may open with."""

AUTHORITY = re.compile(rf"[A-Za-z0-9.\-_~%:@{_ALPHABETS}]*")
"""Who is asked: a host, perhaps with a name and password before it and a port after it."""

TAIL = re.compile(r"[^\s<>\"|\\^`{}\[\]()*_~.,;:!?'’”»\u2e80-\U0010ffff]+")
"""The part of a web address that is never said, up to a character that may end it."""

TAIL_END = re.compile(r"[*_~.,;:!?'\\^{}\[\]]{1,8}")
"""What ends a sentence as often as it goes on an address."""

_GOES_ON = re.compile(r"[^\s<>\"|\\^`{}\[\]()*_~.,;:!?'’”»\u2e80-\U0010ffff(]")

_SITE_NAME = (
    r"(?<![^\W_])(?:[A-Za-z0-9-]+\.)+"
    r"(?:com|org|net|io|dev|ai|app|co|uk|de|fr|es|it|nl|eu|ch|at|be|se|no|dk|fi|pl|pt|ru|ua|tr"
    r"|jp|cn|in|kr|br|mx|us|ca|au|nz|info|edu|gov|me|tv|xyz|gg|to|sh)"
)
_SITE = re.compile(rf"https?:\Z|{_SITE_NAME}\Z")
_PATH = re.compile(rf"({_SITE_NAME})/\S*")
_SITE_ENDS = frozenset(":abcdefghijklmnopqrstuvwxyz")
_LABEL = r"[^\W_]+(?:-{1,2}[^\W_]+)*"
DOMAIN = re.compile(rf"@({_LABEL}(?:\.{_LABEL})+)(?!\w)")
DOMAIN_RUN = re.compile(r"@[\w.-]*")
LOCAL_END = re.compile(r"[\w+-]")

_WEB = re.compile(r"https?://\S*", re.IGNORECASE)
_MAIL = re.compile(rf"(?<=[\w+-]){DOMAIN.pattern}")


def say_host(authority: str) -> str:
    """The host of a web address, without a name, password, port or `www.`."""
    host = authority.rpartition("@")[2].partition(":")[0].strip(".")
    return host[4:] if host.lower().startswith("www.") else host


def say_domain(domain: str, options: SpeechOptions) -> str:
    """What follows the name in an e-mail address: ` at example dot com`."""
    return f" {options.at_sign} " + domain.replace(".", f" {options.dot} ")


def is_site(said: str) -> bool:
    """Whether a slash after it would open a path: it ends in the name of a site, or a scheme."""
    return said[-1:] in _SITE_ENDS and _SITE.search(said) is not None


def goes_on(text: str, pos: int) -> bool:
    """Whether an address goes on at `pos`, after marks that might have ended it."""
    return _GOES_ON.match(text, pos) is not None or text[pos - 1 : pos + 1] == "_("


def say_within(text: str, options: SpeechOptions) -> str:
    """A whole text with its addresses as one says them."""
    hosts = _WEB.sub(lambda web: _host_of(web[0]), text)
    sites = _PATH.sub(r"\1", hosts)
    return _MAIL.sub(lambda mail: say_domain(mail[1], options), sites)


def _host_of(address: str) -> str:
    start = address.index("//") + 2
    authority = AUTHORITY.match(address, start)
    return say_host(authority[0] if authority else "")
