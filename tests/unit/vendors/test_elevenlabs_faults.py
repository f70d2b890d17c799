"""Every shape that an error comes in gives its reason, its cure, and nothing that is secret."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import (
    VendorBrokePromise,
    VendorError,
    VendorRejected,
    VendorTooSlow,
    VendorUnavailable,
    Why,
)
from bridge.masking import holds_number
from bridge.vendors.elevenlabs import faults
from bridge.vendors.elevenlabs.faults import REASON_CHARS, Reason, of, read


class Answered(Exception):
    """As the SDK raises it."""

    def __init__(self, status_code: int, body: object = None) -> None:
        super().__init__(f"status_code: {status_code}, body: {body}")
        self.status_code = status_code
        self.body = body


def _of(error: Exception, hide: tuple[str, ...] = ()) -> VendorError:
    fault = of(error, "create agent", hide)
    assert fault is not None
    return fault


TODAY = {
    "type": "authentication_error",
    "code": "invalid_api_key",
    "message": "Invalid API key",
    "status": "invalid_api_key",
    "request_id": "r",
    "param": None,
}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"detail": TODAY}, Reason("invalid_api_key", "Invalid API key")),
        ({"detail": {"status": "old", "message": "Older"}}, Reason("old", "Older")),
        ({"detail": "Not Found"}, Reason("", "Not Found")),
        (
            {
                "detail": [
                    {"loc": ["body", "tags", 0], "msg": "Bad", "type": "x"},
                    {"msg": "Worse"},
                    "?",
                ]
            },
            Reason("validation", "body.tags.0: Bad; Worse"),
        ),
        ('{"detail": "as text"}', Reason("", "as text")),
        ("plain words", Reason("", "plain words")),
        ("<html><body>502</body></html>", Reason()),
        ("", Reason()),
        (None, Reason()),
        ([], Reason("validation", "")),
        (5, Reason()),
        ({"detail": None}, Reason()),
        ({"detail": {"code": 5, "message": ["x"]}}, Reason()),
        ({"message": "without detail", "code": "c"}, Reason("c", "without detail")),
    ],
)
def test_the_reason_of_every_shape(body: object, reason: Reason) -> None:
    assert read(body) == reason


def _said(code: str) -> dict[str, Any]:
    return {"detail": {"code": code, "message": "No"}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "why", "cure"),
    [
        (401, _said("invalid_api_key"), VendorRejected, Why.KEY, faults.KEY_CURE),
        (401, _said("quota_exceeded"), VendorRejected, Why.QUOTA, "The workspace's quota is used"),
        (402, _said("payment_required"), VendorRejected, Why.QUOTA, "The workspace's quota is use"),
        (403, _said("missing_permissions"), VendorRejected, Why.PERMISSION, "Give the key what is"),
        (404, _said("agent_not_found"), VendorRejected, Why.REQUEST, "It may have been deleted"),
        (400, _said("odd"), VendorRejected, Why.REQUEST, "Look at the settings that it names"),
        (
            400,
            _said("custom_llm_not_allowed_in_with_agent_with_ivc_voice"),
            VendorRejected,
            Why.REQUEST,
            "Choose a premade or professional voice",
        ),
        (
            400,
            _said("custom_llm_not_allowed_in_zrm"),
            VendorRejected,
            Why.REQUEST,
            "Switch zero retention mode off",
        ),
        (429, _said("rate_limit_exceeded"), VendorUnavailable, Why.RATE, faults.LATER),
        (429, _said("concurrent_limit_exceeded"), VendorUnavailable, Why.RATE, "Too much is under"),
        (500, "<html>", VendorUnavailable, Why.SERVER, faults.LATER),
        (503, None, VendorUnavailable, Why.SERVER, faults.LATER),
        (200, "<html>", VendorBrokePromise, Why.UNKNOWN, "See that elevenlabs.base_url"),
        (301, "", VendorBrokePromise, Why.UNKNOWN, "See that elevenlabs.base_url"),
    ],
)
def test_each_status_has_its_class_reason_and_cure(
    status: int, body: object, kind: type[VendorError], why: Why, cure: str
) -> None:
    fault = _of(Answered(status, body))

    assert (type(fault), fault.why, fault.status) == (kind, why, status)
    assert fault.hint.startswith(cure)
    assert "'create agent'" in fault.message or "create agent" in fault.message
    assert str(status) in fault.message


def test_the_vendors_sentence_ends_once() -> None:
    fault = _of(Answered(400, {"detail": "No voice."}))

    assert fault.message == "ElevenLabs refuses to create agent: No voice (HTTP 400)."


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (httpx.ReadTimeout("key"), VendorTooSlow, "did not answer 'create agent' in time"),
        (httpx.ConnectTimeout("key"), VendorTooSlow, "did not answer 'create agent' in time"),
        (httpx.ConnectError("key"), VendorUnavailable, "(ConnectError)"),
        (httpx.RemoteProtocolError("key"), VendorUnavailable, "(RemoteProtocolError)"),
        (httpx.InvalidURL("key"), VendorUnavailable, "(InvalidURL)"),
    ],
)
def test_a_transport_that_fails(error: Exception, kind: type[VendorError], said: str) -> None:
    fault = _of(error)

    assert type(fault) is kind
    assert said in fault.message
    assert "key" not in fault.message
    assert fault.hint


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), Answered("x")])  # type: ignore[arg-type]
def test_what_is_no_error_of_theirs_stays_what_it_is(error: Exception) -> None:
    assert of(error, "create agent") is None


@given(st.text(max_size=400), st.sampled_from([400, 401, 403, 404, 422, 429, 500]))
def test_whatever_they_say_is_one_line_without_secrets_and_numbers(text: str, status: int) -> None:
    said = f"{text} sk_secret +15550100999 {text}"
    for body in (said, {"detail": said}, {"detail": {"message": said, "code": said}}):
        message = _of(Answered(status, body), hide=("sk_secret", "")).message

        assert "sk_secret" not in message
        assert not holds_number(message)
        assert message.isprintable()
        assert len(message) < REASON_CHARS + 100
