"""The tree of errors: what the page shows is what there is, and each says what a door needs."""

import re

import pytest

from bridge import errors
from bridge.errors import (
    BadRequest,
    BridgeError,
    NotAllowed,
    OverLimit,
    SettingsError,
    VendorError,
    VendorTooSlow,
    Why,
)


def drawn() -> list[tuple[int, str]]:
    """Depth and name of each line of the tree in the docstring."""
    assert errors.__doc__ is not None
    lines = re.findall(r"^    ([│├└─ ]*)([A-Z]\w+)  ", errors.__doc__, re.MULTILINE)
    return [(len(indent) // 3, name) for indent, name in lines]


def real(kind: type[BridgeError] = BridgeError, depth: int = 0) -> list[tuple[int, str]]:
    """The classes of the file as they are, in the order they are written."""
    here = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    below = [row for child in here for row in real(child, depth + 1)]
    return [(depth, kind.__name__), *below]


def test_the_tree_in_the_docstring_is_the_real_tree() -> None:
    assert drawn() == real()
    assert len(drawn()) > 10


def test_no_two_errors_share_a_code() -> None:
    kinds = [vars(errors)[name] for _, name in real()]

    assert len({kind.code for kind in kinds} - {"refused"}) == len(
        [kind for kind in kinds if kind.code != "refused"]
    )


def test_every_error_has_a_message_and_may_have_a_hint() -> None:
    error = SettingsError("That can't work.", setting="turn.fillers", hint="Try 3.")

    assert (str(error), error.message, error.hint) == ("That can't work.",) * 2 + ("Try 3.",)
    assert (error.setting, error.code, error.retryable) == ("turn.fillers", "settings", False)
    assert BridgeError("x").hint == ""


def test_a_bad_request_names_its_field_and_its_status() -> None:
    assert (BadRequest("x").param, BadRequest("x").status) == (None, 400)
    assert BadRequest("x", param="messages[2].role", status=422).param == "messages[2].role"


def test_a_refusal_names_its_rule_and_a_limit_says_when_to_come_back() -> None:
    assert NotAllowed("x", rule="disabled").rule == "disabled"
    assert (OverLimit("x").retry_after_s, OverLimit("x").retryable) == (1.0, True)


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        (errors.VendorRejected, False),
        (errors.VendorBrokePromise, False),
        (errors.VendorUnavailable, True),
        (errors.VendorTooSlow, True),
    ],
)
def test_an_error_knows_whether_a_retry_can_help(kind: type[VendorError], retryable: bool) -> None:
    assert kind("x", vendor="acme", operation="chat").retryable is retryable


def test_what_failed_outside_says_who_what_and_why() -> None:
    error = VendorTooSlow(
        "Late.", vendor="acme", operation="chat", why=Why.LATE, status=504, asked=False
    )

    assert (error.vendor, error.operation, error.why, error.status, error.asked) == (
        "acme",
        "chat",
        Why.LATE,
        504,
        False,
    )
    assert (error.retry_after_s, error.code) == (None, "upstream_timeout")
