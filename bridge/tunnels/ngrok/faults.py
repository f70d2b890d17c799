"""What goes wrong with ngrok, by its codes, in our words: its own may hold the token.

Source: pyngrok 9.1 (`exception.py`), ngrok.com/docs/errors (2026-11).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from pyngrok import exception

from bridge.errors import BridgeError, VendorRejected, VendorUnavailable, Why

VENDOR = "ngrok"

BAD_TOKEN = frozenset({"ERR_NGROK_105", "ERR_NGROK_106", "ERR_NGROK_107"})
"""The authtoken is not one, is not known any more, or was reset."""

NO_TOKEN = frozenset({"ERR_NGROK_4018"})
"""The agent was given none."""

CURE = (
    "Copy your account's from https://dashboard.ngrok.com/get-started/your-authtoken "
    "into NGROK_AUTHTOKEN."
)
"""What to do about a missing or wrong authtoken."""

HINTS: Mapping[str, str] = MappingProxyType(
    {
        "ERR_NGROK_108": "The account's agents run elsewhere: stop one, or use another account.",
        "ERR_NGROK_121": "The ngrok program is too old: run `ngrok update`.",
        "ERR_NGROK_334": (
            "The address is in use by another agent: stop that one, or choose another."
        ),
    }
)
"""What to do about the errors that people meet."""

_CODE = re.compile(r"ERR_NGROK_\d+")


def fault(error: exception.PyngrokError) -> BridgeError:
    """What pyngrok raised, in our words."""
    code = _code(error)
    if code in BAD_TOKEN | NO_TOKEN:
        said = "refuses the authtoken" if code in BAD_TOKEN else "was given no authtoken"
        return VendorRejected(
            f"ngrok {said} ({code}).", vendor=VENDOR, operation="tunnel", why=Why.KEY, hint=CURE
        )
    if isinstance(error, exception.PyngrokNgrokInstallError):
        return VendorUnavailable(
            "The ngrok program is not installed and can't be downloaded.",
            vendor=VENDOR,
            operation="download",
            why=Why.UNREACHABLE,
            hint="Install it from https://ngrok.com/download, or set PYNGROK_NGROK_PATH to it.",
        )
    hint = HINTS.get(code, f"See https://ngrok.com/docs/errors/{code.lower()}" if code else "")
    message = f"ngrok opened no tunnel ({code})." if code else "ngrok opened no tunnel."
    return VendorUnavailable(
        message,
        vendor=VENDOR,
        operation="tunnel",
        hint=hint or "Try `ngrok diagnose`, and look at https://status.ngrok.com",
    )


def _code(error: exception.PyngrokError) -> str:
    """The code that ngrok gives an error, `ERR_NGROK_…`; empty when it has none."""
    if not isinstance(error, exception.PyngrokNgrokError):
        return ""
    body = error.body if isinstance(error, exception.PyngrokNgrokHTTPError) else ""
    texts = (error.ngrok_error_code or "", str(body))
    return next(filter(None, map(code_in, texts)), "")


def code_in(text: str) -> str:
    """The first code in a text; empty when it has none."""
    found = _CODE.search(text)
    return found[0] if found else ""
