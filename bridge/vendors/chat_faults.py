"""What can go wrong with a chat-completions server, in our tree of errors and our words.

Every message here is ours: a server's own text may name keys and providers and is never read for
more than a code from a closed set. Causes are cut off (`from None` at the raise), because an HTTP
exception holds the request, and the request holds the token and the words.
"""

import math
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import MappingProxyType

import httpx

from bridge.clock import wall_s
from bridge.errors import (
    VendorBrokePromise,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)

NEVER_RUN = frozenset({401, 403, 404, 405, 413})
"""Statuses that a server gives before it asks a model, whoever it is."""

MAX_RETRY_AFTER_S = 3600.0
"""A longer Retry-After says nothing to a telephone call."""

_STATUSES: Mapping[int, tuple[type[VendorError], Why, str]] = MappingProxyType(
    {
        400: (VendorRejected, Why.REQUEST, "found our request wrong"),
        401: (VendorRejected, Why.KEY, "does not take our token"),
        402: (VendorRejected, Why.QUOTA, "says that the account is out of credit"),
        403: (VendorRejected, Why.PERMISSION, "says that our token may not do this"),
        404: (VendorRejected, Why.REQUEST, "has nothing at that address, or no such model"),
        405: (VendorRejected, Why.REQUEST, "takes no such request at that address"),
        408: (VendorUnavailable, Why.SERVER, "gave up waiting"),
        413: (VendorRejected, Why.REQUEST, "finds our request too large"),
        422: (VendorRejected, Why.REQUEST, "found our request wrong"),
        429: (VendorUnavailable, Why.RATE, "is asked too often, or is busy"),
        502: (VendorUnavailable, Why.SERVER, "had no answer from its model"),
        503: (VendorUnavailable, Why.SERVER, "takes no requests at the moment"),
        504: (VendorTooSlow, Why.LATE, "had no answer from its model in time"),
    }
)

_CODES: Mapping[str, Why] = MappingProxyType(
    {
        "insufficient_quota": Why.QUOTA,
        "billing_hard_limit_reached": Why.QUOTA,
        "invalid_api_key": Why.KEY,
        "rate_limit_exceeded": Why.RATE,
        "rate_limit_error": Why.RATE,
    }
)
"""Codes and types of error objects that say more than the status. Everything else is unread."""

_FINAL = frozenset({Why.QUOTA, Why.KEY})


@dataclass(frozen=True, slots=True)
class Source:
    """Who failed, at what; makes the error.

    Attributes:
        vendor: the adapter's name.
        operation: `"chat"`, `"models"` …
        never_run: statuses that surely come before the agent has seen the request.
    """

    vendor: str
    operation: str
    never_run: frozenset[int] = NEVER_RUN

    def refused(
        self, status: int, *, code: str = "", retry_after: str = "", hint: str = ""
    ) -> VendorError:
        """An HTTP status other than 200. `code` is the error object's, if it has one."""
        kind, why, said = _of_status(status)
        why = _CODES.get(code, why)
        if why in _FINAL:
            kind = VendorRejected
        return kind(
            f"{self.vendor!r} {said} (HTTP {status}).",
            vendor=self.vendor,
            operation=self.operation,
            why=why,
            status=status,
            asked=status not in self.never_run,
            retry_after_s=_seconds(retry_after),
            hint=hint,
        )

    def failed_midway(self, error: object) -> VendorError:
        """An error object inside a stream that began with 200."""
        why = _CODES.get(code_of(error), Why.SERVER)
        kind = VendorRejected if why in _FINAL else VendorUnavailable
        return kind(
            f"{self.vendor!r} began a reply and then reported a failure of its own.",
            vendor=self.vendor,
            operation=self.operation,
            why=why,
            status=200,
        )

    def broke_promise(self, what: str) -> VendorBrokePromise:
        """It `what`: something that no chat-completions server may do."""
        return VendorBrokePromise(
            f"{self.vendor!r} {what}.",
            vendor=self.vendor,
            operation=self.operation,
            hint="Check that upstream.url is the base of a chat-completions server.",
        )

    def transport(self, error: httpx.HTTPError, timeout_s: float) -> VendorError:
        """What httpx raised on the way. Never chain it: it holds the request."""
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return VendorUnavailable(
                f"{self.vendor!r} can't be reached: {_obstacle(error)}.",
                vendor=self.vendor,
                operation=self.operation,
                why=Why.UNREACHABLE,
                asked=False,
                hint="Check that it is running and that upstream.url is its address.",
            )
        if isinstance(error, httpx.ReadTimeout):
            setting = " (upstream.timeout_s)" if self.operation == "chat" else ""
            return VendorTooSlow(
                f"{self.vendor!r} said nothing for {timeout_s:g} s{setting}.",
                vendor=self.vendor,
                operation=self.operation,
                why=Why.LATE,
            )
        if isinstance(error, httpx.LocalProtocolError):
            return VendorRejected(
                "Our request can't be written as HTTP: a header holds what none may hold.",
                vendor=self.vendor,
                operation=self.operation,
                why=Why.REQUEST,
                asked=False,
                hint="Check upstream.token and the session key for control characters.",
            )
        return VendorUnavailable(
            f"{self.vendor!r} dropped the connection.",
            vendor=self.vendor,
            operation=self.operation,
            why=Why.SERVER,
        )


def code_of(error: object) -> str:
    """The code, or else the type, of an error object; `""` when it has neither as a string."""
    if not isinstance(error, dict):
        return ""
    return next((e for e in (error.get("code"), error.get("type")) if isinstance(e, str)), "")


def _of_status(status: int) -> tuple[type[VendorError], Why, str]:
    known = _STATUSES.get(status)
    if known is not None:
        return known
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return VendorUnavailable, Why.SERVER, "failed"
    if status >= httpx.codes.BAD_REQUEST:
        return VendorRejected, Why.REQUEST, "refused our request"
    return VendorBrokePromise, Why.UNKNOWN, "answered with something that is no reply"


def _seconds(retry_after: str) -> float | None:
    """A Retry-After header: seconds, or a date. `None` when it is neither."""
    try:
        wait_s = float(retry_after)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(retry_after).timestamp() - wall_s()
        except ValueError:
            return None
    return None if math.isnan(wait_s) else min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def _obstacle(error: BaseException) -> str:
    """Why a connection can't be made, read off the chain of causes."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case httpx.TimeoutException() | TimeoutError():
                return "no answer to the call for a connection"
            case ConnectionRefusedError():
                return "nothing listens there"
            case socket.gaierror():
                return "its name is not known"
            case ssl.SSLError():
                return "no TLS with it (a certificate, or https where it speaks http)"
            case _:
                cause = cause.__cause__ or cause.__context__
    return "no connection"
