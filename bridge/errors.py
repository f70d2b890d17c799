"""Every error raised on purpose, as one tree.

    BridgeError                 code, message, hint (what to do next), retryable
    ├─ SettingsError            what the operator set can't work; names the setting
    │  └─ ScenarioError         a scenario's file can't be acted out; names file, line and key
    ├─ BadRequest               what we were sent doesn't parse; names the field
    ├─ Refused                  understood, and no
    │  ├─ Unauthenticated       no token, wrong token
    │  ├─ NotAllowed            policy: this caller, this code
    │  └─ OverLimit             too many, too large, too fast
    ├─ Draining                 we are stopping and take nothing new
    └─ VendorError              something outside failed: vendor, operation, status, why
       ├─ VendorRejected        our request or key was wrong: a retry can't help
       ├─ VendorUnavailable     refused, 5xx, dropped: a retry may
       ├─ VendorTooSlow         alive, but too late for a telephone; says which budget
       └─ VendorBrokePromise    answered something its documentation doesn't allow

Messages are for people: names in `!r`, never a secret, a telephone number or a spoken word.
Each door has one table from this tree to its own language (`web/faults.py`, `cli/main.py`).
"""

from enum import StrEnum


class Why(StrEnum):
    """Why something outside failed: a closed set that means the same for every vendor."""

    KEY = "key"
    PERMISSION = "permission"
    REQUEST = "request"
    RATE = "rate"
    QUOTA = "quota"
    UNREACHABLE = "unreachable"
    SERVER = "server"
    LATE = "late"
    UNKNOWN = "unknown"


class BridgeError(Exception):
    """The root: a stable `code`, a `message` for people, a `hint` on what to do next."""

    code = "error"
    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(BridgeError):
    """What the operator set can't work."""

    code = "settings"

    def __init__(self, message: str, *, setting: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.setting = setting


class ScenarioError(SettingsError):
    """A scenario's file can't be acted out.

    Args:
        message: what is wrong, a line for each fault, each with file, line and key.
        file: as it was named.
        line: of the first fault, from 1.
        key: of the first fault, as `lines[2].says`; empty when it is the file as a whole.
    """

    code = "scenario"

    def __init__(
        self, message: str, *, file: str, line: int = 1, key: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, setting=key, hint=hint)
        self.file = file
        self.line = line
        self.key = key


class BadRequest(BridgeError):
    """What we were sent doesn't parse. `param` is the field, as a path such as `messages[2].role`.

    `status` is the HTTP status that fits: 400 unless the trouble is with the body as a whole.
    """

    code = "invalid_request"

    def __init__(self, message: str, *, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.status = status


class Refused(BridgeError):
    """Understood, and no."""

    code = "refused"


class Unauthenticated(Refused):
    """No token, or a wrong one."""

    code = "invalid_api_key"


class NotAllowed(Refused):
    """Policy says no. `rule` names the rule, never the caller."""

    code = "not_allowed"

    def __init__(self, message: str, *, rule: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.rule = rule


class OverLimit(Refused):
    """Too many, too large or too fast. `retry_after_s` is when asking again makes sense."""

    code = "rate_limit_exceeded"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: float = 1.0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Draining(BridgeError):
    """We are stopping: what is under way finishes, nothing new is taken."""

    code = "stopping"
    retryable = True


class VendorError(BridgeError):
    """Something outside failed.

    Args:
        message: what happened, in our words. Never the vendor's own text, which may name keys.
        vendor: who, e.g. `"openclaw"`.
        operation: what was asked of it, e.g. `"chat"`.
        why: the closed set above.
        status: its HTTP status, when there was one.
        asked: whether the agent may have seen the request. False only when it surely has not.
        retry_after_s: in how many seconds asking again makes sense, if it said so.
    """

    code = "upstream_error"

    def __init__(
        self,
        message: str,
        *,
        vendor: str,
        operation: str,
        why: Why = Why.UNKNOWN,
        status: int | None = None,
        asked: bool = True,
        retry_after_s: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.vendor = vendor
        self.operation = operation
        self.why = why
        self.status = status
        self.asked = asked
        self.retry_after_s = retry_after_s


class VendorRejected(VendorError):
    """Our request or key was wrong: a retry can't help."""

    code = "upstream_rejected"


class VendorUnavailable(VendorError):
    """Refused, 5xx, dropped: a retry may help."""

    code = "upstream_unavailable"
    retryable = True


class VendorTooSlow(VendorError):
    """Alive, but too late for a telephone. The message says which budget ran out."""

    code = "upstream_timeout"
    retryable = True


class VendorBrokePromise(VendorError):
    """Answered something its documentation doesn't allow."""

    code = "upstream_broken"
