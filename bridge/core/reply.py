"""What a reply is made of, from the run that makes it to the listeners it goes to.

A reply is a list of items that only grows: words, control acts, and one `End`. Every listener
gets the same items from the beginning, so five identical requests get five equal replies.
Items are plain text and numbers, so that a shared ledger can carry them between processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.errors import (
    VendorBrokePromise,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)


class Origin(StrEnum):
    """Whose words they are."""

    AGENT = "agent"
    """The agent's own: the reply."""
    FILLER = "filler"
    """Ours, while the agent thinks."""
    BRIDGE = "bridge"
    """Ours, instead of the agent's: an honest sentence, a greeting, a prompt."""


@dataclass(frozen=True, slots=True)
class Words:
    """Speakable text. Never empty."""

    text: str
    origin: Origin = Origin.AGENT


@dataclass(frozen=True, slots=True)
class Call:
    """One whole call of a tool that the platform offered. `ours`: made by us, not by the agent."""

    id: str
    name: str
    arguments: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reply failed: the true cause, for the record and for requests that want a status.

    `asked` is false only when the agent surely never saw the request.
    """

    code: str
    why: Why
    message: str
    vendor: str
    operation: str
    status: int | None = None
    retry_after_s: float | None = None
    hint: str = ""
    asked: bool = True

    @classmethod
    def of(cls, error: VendorError) -> "Failure":
        """The failure behind an error."""
        return cls(
            error.code,
            error.why,
            error.message,
            error.vendor,
            error.operation,
            error.status,
            error.retry_after_s,
            error.hint,
            error.asked,
        )

    def error(self) -> VendorError:
        """The error again, for the door's table."""
        return _ERRORS.get(self.code, VendorError)(
            self.message,
            vendor=self.vendor,
            operation=self.operation,
            why=self.why,
            status=self.status,
            asked=self.asked,
            retry_after_s=self.retry_after_s,
            hint=self.hint,
        )


_ERRORS: Mapping[str, type[VendorError]] = {
    kind.code: kind
    for kind in (VendorRejected, VendorUnavailable, VendorTooSlow, VendorBrokePromise)
}


@dataclass(frozen=True, slots=True)
class End:
    """The reply is over. `failure` when it went wrong, whatever was said about it."""

    reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failure: Failure | None = None


Item = Words | Call | End
