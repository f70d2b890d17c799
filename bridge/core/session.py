"""Session keys: which conversation of the agent a call joins.

| scope | key | for |
| --- | --- | --- |
| `per_call` | `phone:call:<conversation>` | each call fresh |
| `per_phone` | `phone:<digest>`; withheld numbers as `per_call` | one memory a person |
| `fixed` | the key that was set | one shared agent for every call and chat |
| `template` | the template, filled in; as `per_call` where a value is missing | the rest |

A key is shown to the model's provider and stored by the agent, so a telephone number never stands
in one: a keyed digest does. What comes from outside can't reach another session by looking like
one either: it never holds a `:` and is never a word with a meaning of its own.
"""

import re
from enum import StrEnum
from typing import NewType

from bridge.core.identity import CallIdentity
from bridge.core.signature import DIGEST_CHARS, keyed_digest
from bridge.core.stated import ID_CHARS, parse_session_header
from bridge.masking import holds_number

SessionKey = NewType("SessionKey", str)

PLACEHOLDERS = ("line", "caller", "called", "conversation", "direction")
"""What a template may hold in braces.

`{caller}` is the person's number and `{line}` ours, whichever way the call went, so that calling
somebody back joins the session of their own call. `{called}` is the number that was dialled.
"""

_RESERVED = ("subagent:", "cron:", "acp:")
_MEANINGFUL = frozenset({"global", "unknown", "main", "agent", "subagent", "cron", "acp"})
"""Words that mean something to OpenClaw, alone or before a `:`."""

_TOKEN_CHARS = 128
_PLAIN = re.compile(rf"[A-Za-z0-9._~@=+/-]{{1,{_TOKEN_CHARS}}}")
_BRACED = re.compile(r"\{([^{}]*)\}")
_FULL = re.compile(r"agent:[^:]+:(?=.)")
"""How a full key of OpenClaw begins; it fails each turn of a key that says less after `agent:`."""


class Scope(StrEnum):
    """Who shares a session."""

    PER_CALL = "per_call"
    PER_PHONE = "per_phone"
    FIXED = "fixed"
    TEMPLATE = "template"


def session_key(
    *,
    scope: str,
    template: str,
    fixed_key: str,
    identity: CallIdentity,
    header_key: str | None,
    secret: bytes,
) -> SessionKey | None:
    """The session a request joins, bare (see `with_agent`), or `None` when it stands alone.

    Args:
        scope: a `Scope`.
        template: for `Scope.TEMPLATE`; passed `check_template` when the settings were read.
        fixed_key: for `Scope.FIXED`; passed `check_key` then.
        identity: who is calling.
        header_key: the header `x-openclaw-session-key` as it came; obeyed before everything.
        secret: the install's secret, for digests.

    Raises:
        BadRequest: the header key is not 1 to 256 printable ASCII characters.
        ValueError: there is no such scope.
    """
    if (asked := parse_session_header(header_key)) is not None:
        return SessionKey(asked)
    match Scope(scope):
        case Scope.FIXED:
            return SessionKey(fixed_key)
        case Scope.PER_PHONE if identity.remote is not None:
            return SessionKey(f"phone:{caller_digest(identity.remote, secret)}")
        case Scope.TEMPLATE:
            return _fill(template, identity, secret) or _per_call(identity, secret)
        case _:
            return _per_call(identity, secret)


def _per_call(identity: CallIdentity, secret: bytes) -> SessionKey | None:
    call = identity.conversation or identity.call
    return None if call is None else SessionKey(f"phone:call:{_token(call, identity, secret)}")


def _token(stated: str, identity: CallIdentity, secret: bytes) -> str:
    """An id from outside as it may stand in a key: itself when it is harmless, else its digest."""
    numbers = [number[1:] for number in (identity.caller, identity.called) if number]
    is_harmless = (
        _PLAIN.fullmatch(stated) is not None
        and stated.lower() not in _MEANINGFUL
        and not holds_number(stated)
        and not any(digits in re.sub(r"[^0-9]", "", stated) for digits in numbers)
    )
    return stated if is_harmless else keyed_digest(secret, "conversation", stated)


def _fill(template: str, identity: CallIdentity, secret: bytes) -> SessionKey | None:
    """The template filled in, or `None` when a value is missing: strangers must not share a key."""
    if identity.conversation is None and not identity.is_call:
        return None
    values = {
        "line": identity.line and caller_digest(identity.line, secret),
        "caller": identity.remote and caller_digest(identity.remote, secret),
        "called": identity.called and caller_digest(identity.called, secret),
        "conversation": identity.conversation and _token(identity.conversation, identity, secret),
        "direction": identity.direction or "inbound",  # what bridge places always says so
    }
    wanted = _BRACED.findall(template)
    if any(values.get(name) is None for name in wanted):
        return None
    return SessionKey(_BRACED.sub(lambda braced: str(values[braced[1]]), template))


def caller_digest(number: str, secret: bytes) -> str:
    """What stands for a telephone number in a key: 16 characters `a-z2-7`, the same for ever.

    80 bits of HMAC-SHA256 under the install's secret, spread evenly. So nobody without the secret
    can try all numbers against it, and a million callers share a digest with a chance of about
    4e-13. Lower case, because OpenClaw lower-cases keys.
    """
    return keyed_digest(secret, "number", number)


def with_agent(key: SessionKey, agent: str) -> SessionKey:
    """The key as OpenClaw wants it: `agent:<agent>:` before a bare one; a full one as it is."""
    return key if _FULL.match(key.lower()) else SessionKey(f"agent:{agent}:{key}")


def check_key(key: str) -> None:
    """Check a key that an operator set.

    Raises:
        ValueError: what is wrong, in words for a settings error.
    """
    if not 1 <= len(key) <= ID_CHARS:
        raise ValueError(f"a session key has 1 to {ID_CHARS} characters")
    if not (key.isprintable() and key.isascii()):
        raise ValueError("a session key holds printable ASCII characters only")
    if holds_number(key):
        raise ValueError("a session key is shown to the model's provider: no telephone number")
    rest = _FULL.sub("", key.lower())
    for form in _RESERVED:
        if rest.startswith(form):
            raise ValueError(f"OpenClaw keeps {form!r} for itself and refuses it")
    if rest in ("global", "unknown"):
        raise ValueError(f"OpenClaw gives {rest!r} a meaning of its own")


def check_template(template: str) -> None:
    """Check `session.template`.

    Raises:
        ValueError: an unknown placeholder, a stray brace, or not a key once filled in.
    """
    for name in _BRACED.findall(template):
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
            raise ValueError(f"there is no {{{name}}}; a template may hold {known}")
    filled = template.replace("{conversation}", "x" * _TOKEN_CHARS)
    filled = _BRACED.sub("x" * DIGEST_CHARS, filled)
    if "{" in filled or "}" in filled:
        raise ValueError("a brace without its partner")
    check_key(filled)
