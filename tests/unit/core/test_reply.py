"""A failure keeps its cause on the way from the agent to the door, whatever carries it."""

import pytest

from bridge.core.reply import Failure
from bridge.errors import (
    VendorBrokePromise,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)


@pytest.mark.parametrize(
    "kind",
    [VendorError, VendorRejected, VendorUnavailable, VendorTooSlow, VendorBrokePromise],
)
def test_a_failure_becomes_the_error_it_was_made_from(kind: type[VendorError]) -> None:
    error = kind(
        "The agent said no.",
        vendor="openclaw",
        operation="chat",
        why=Why.RATE,
        status=429,
        asked=False,
        retry_after_s=2.5,
        hint="Wait.",
    )

    failure = Failure.of(error)
    again = failure.error()

    assert type(again) is kind
    assert Failure.of(again) == failure
    assert failure == Failure(
        code=kind.code,
        why=Why.RATE,
        message="The agent said no.",
        vendor="openclaw",
        operation="chat",
        status=429,
        retry_after_s=2.5,
        hint="Wait.",
        asked=False,
    )


def test_a_failure_of_a_kind_that_is_not_known_is_still_an_error() -> None:
    failure = Failure("something_newer", Why.UNKNOWN, "It broke.", "acme", "chat")

    assert type(failure.error()) is VendorError
