"""What makes a value right, where its type alone can't say.

Each rule takes a value and returns it as it should be kept, or raises `ValueError` with what
is wrong, to be read after the setting's name: `"must be …"`. No message repeats the value: it
may be a secret or a telephone number. What the core decides about, the core checks.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from bridge.core.phone import parse_e164, parse_pattern
from bridge.core.pin import Pin
from bridge.core.public_url import is_public
from bridge.core.session import check_key, check_template

OPENCLAW_PORT = 18789
"""Port of OpenClaw's gateway when nothing else is configured. Source: `gateway.port`, 2026-11."""

OPENCLAW_MODEL = "openclaw"
"""Model that OpenClaw knows its agents by. The demo agent takes any."""

NO_ADDRESS = "must be an address such as 'https://bridge.example.com'"
"""What is said of a text that is no address."""


def token(value: SecretStr | None) -> SecretStr | None:
    """A token fit for an `Authorization` header: printable ASCII without spaces."""
    if value is None:
        return None
    text = value.get_secret_value().strip()
    if not text or not all("!" <= char <= "~" for char in text):
        raise ValueError("must be printable ASCII without spaces, and not empty")
    return SecretStr(text)


def web_address(value: str) -> str:
    """An http or https address with nothing after its path, and no slash at its end."""
    text = value.strip()
    try:
        parts = urlsplit(text)
        names_a_host = bool(parts.hostname) and parts.port != 0  # `port` raises when it is none
    except ValueError:
        raise ValueError(NO_ADDRESS) from None
    if not names_a_host or parts.scheme not in ("http", "https") or any(map(str.isspace, text)):
        raise ValueError(NO_ADDRESS)
    if parts.query or parts.fragment:
        raise ValueError("must have no '?' or '#' part")
    if parts.username or parts.password:
        raise ValueError("must not hold a name or a password: set the token on its own")
    return text.rstrip("/")


def vendor_address(value: str) -> str:
    """Where a vendor's API is: https, because our key travels there, or on this machine."""
    text = web_address(value)
    parts = urlsplit(text)
    if parts.scheme != "https" and is_public(parts.hostname or ""):
        raise ValueError("must begin with 'https://': the account's key is sent there")
    return text


def api_base(value: str) -> str:
    """The base address of a chat-completions API.

    A bare host gets `/v1`, and a trailing `/chat/completions` is cut off. Any other path is
    kept: some compatible servers have theirs at `/api` or `/v1beta/openai`.
    """
    text = web_address(value).removesuffix("/chat/completions")
    return text if urlsplit(text).path.strip("/") else text + "/v1"


def resolve_upstream(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the upstream's kind and model, where they follow from what is set."""
    fields = dict(given)
    if fields.get("name") is None:
        fields["name"] = upstream_by_address(fields.get("url"))
    if not fields.get("model"):
        fields["model"] = OPENCLAW_MODEL if fields["name"] in ("openclaw", "demo") else ""
    return fields


def upstream_by_address(url: object) -> str:
    """The kind of agent that an address speaks of: nothing set is the demo agent."""
    if not isinstance(url, str) or not url.strip():
        return "demo"
    try:
        port = urlsplit(url.strip()).port
    except ValueError:
        port = None
    return "openclaw" if port == OPENCLAW_PORT else "openai"


def store_address(value: str) -> str:
    """Where records are kept: `sqlite:///` and a path."""
    text = value.strip()
    if text and not text.startswith("sqlite:///"):
        raise ValueError("must begin with 'sqlite:///': this version knows no other database")
    return text


def ledger_address(value: str | None) -> str | None:
    """The address of a ledger that several processes share: there is none to be had yet."""
    if value is not None and value.strip():
        raise ValueError("can't be used: this version keeps its ledger in memory, for one process")
    return None


def session_key(value: str) -> str:
    """A session key that an upstream takes."""
    try:
        check_key(value)
    except ValueError as error:
        raise ValueError(f"can't be used: {error}") from None
    return value


def session_template(value: str, *, is_needed: bool) -> str:
    """A template for session keys that names only what a call has."""
    if not value and is_needed:
        raise ValueError("must be set when session.scope is 'template'")
    try:
        check_template(value or "unused")
    except ValueError as error:
        raise ValueError(f"can't be used: {error}") from None
    return value


def allow_list(value: object) -> tuple[str, ...]:
    """Numbers and prefixes in their plain form.

    Args:
        value: a list, or text: a JSON list, or entries with commas or semicolons between them.
    """
    entries = _entries(value) if isinstance(value, str) else value
    if not isinstance(entries, list | tuple) or not all(isinstance(e, str) for e in entries):
        raise ValueError("must be a list of texts, such as ['+15550100999', '+1415*']")
    kept = []
    for place, entry in enumerate((entry for entry in entries if entry.strip()), start=1):
        try:
            kept.append(str(parse_pattern(entry)))
        except ValueError as error:
            raise ValueError(f"can't be used: entry {place} is {error}") from None
    return tuple(kept)


def numbers(value: object) -> tuple[str, ...]:
    """Telephone numbers in their plain form; given as `allow_list` takes them, without prefixes."""
    found = allow_list(value)
    if any(entry.endswith("*") for entry in found):
        raise ValueError("must hold whole numbers, such as '+15550100999', and no prefixes")
    return found


def number(value: str) -> str:
    """A telephone number in its plain form."""
    try:
        return str(parse_e164(value))
    except ValueError as error:
        raise ValueError(f"can't be used: it is {error}") from None


def languages(value: object) -> tuple[str, ...]:
    """Languages by prefix, as `+49=de`.

    Args:
        value: a list, or text: a JSON list, or entries with commas or semicolons between them.
    """
    entries = _entries(value) if isinstance(value, str) else value
    if not isinstance(entries, list | tuple) or not all(isinstance(e, str) for e in entries):
        raise ValueError("must be a list of texts, such as ['+49=de', '+34=es']")
    kept = ["".join(entry.split()).lower() for entry in entries if entry.strip()]
    for place, entry in enumerate(kept, start=1):
        if _LANGUAGE.fullmatch(entry) is None:
            raise ValueError(f"can't be used: entry {place} is not like '+49=de'")
    return tuple(kept)


_LANGUAGE = re.compile(r"\+[1-9][0-9]{0,14}=[a-z]{2,3}(-[a-z0-9]{2,8})?")


def _entries(text: str) -> object:
    if not text.lstrip().startswith("["):
        return re.split("[,;\n]", text)
    try:
        return json.loads(text)
    except ValueError:
        return None


def pin(value: SecretStr | None) -> SecretStr | None:
    """A code that can be said or keyed."""
    if value is not None:
        try:
            Pin.of(value.get_secret_value())
        except ValueError as error:
            raise ValueError(f"can't be used: {error}") from None
    return value
