"""Whose door is which, and which key opens it."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from bridge.errors import Unauthenticated
from bridge.web.doors import DOORS, Group, Tokens, group_of, is_private_bind, route_of

PLATFORM, OPERATOR, WEBHOOK = "p" * 43, "o" * 43, "w" * 43


def scope(path: str = "/v1/models", client: str = "127.0.0.1", **headers: str) -> Scope:
    """A request as the server hands it on."""
    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return {"type": "http", "path": path, "method": "GET", "headers": pairs, "client": (client, 5)}


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("/v1/chat/completions", Group.PLATFORM),
        ("/v1/v1/chat/completions", Group.PLATFORM),
        ("/v1/chat/completions/chat/completions", Group.PLATFORM),
        ("/chat/completions", Group.PLATFORM),
        ("/v1/models/openclaw/main", Group.PLATFORM),
        ("/v1", Group.PLATFORM),
        ("/healthz", Group.PUBLIC),
        ("/readyz", Group.PUBLIC),
        ("/metrics", Group.FIGURES),
        ("/sessions", Group.OPERATOR),
        ("/sessions/phone", Group.OPERATOR),
        ("/latency", Group.OPERATOR),
        ("/webhooks/elevenlabs/inbound", Group.WEBHOOK),
        ("/webhooks/elevenlabs/post-call", Group.SIGNED),
        ("/webhooks/elevenlabs", None),
        ("/webhooks", None),
        ("/", None),
        ("", None),
        ("/v1x", None),
        ("//v1/models", None),
        ("/V1/models", None),
        ("/healthzzz", None),
    ],
)
def test_every_address_has_its_group_or_does_not_exist(path: str, group: Group | None) -> None:
    assert group_of(scope(path)) is group


def test_addresses_are_read_below_the_root_path() -> None:
    assert group_of({**scope("/phone/v1/models"), "root_path": "/phone"}) is Group.PLATFORM


@settings(max_examples=100)
@given(st.text(alphabet="/v1modelschat.completions", max_size=30))
def test_a_stranger_makes_no_new_routes_in_the_metrics(path: str) -> None:
    assert route_of(scope(path)) in {*DOORS, "/v1/models", "/v1/chat/completions", "other"}


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/v1/chat/completions", "/v1/chat/completions"),
        ("/x/chat/completions", "other"),
        ("/v1/models/x", "/v1/models"),
        ("/v1/modelsx", "/v1"),
        ("/metrics", "/metrics"),
        ("/webhooks/elevenlabs/inbound", "/webhooks/elevenlabs/inbound"),
        ("/nope", "other"),
    ],
)
def test_a_route_is_counted_under_one_name(path: str, route: str) -> None:
    assert route_of(scope(path)) == route


def opens(group: Group, *, private_bind: bool = False, **request: Any) -> bool:
    """Whether a request may use a group's doors."""
    tokens = Tokens(PLATFORM, OPERATOR, private_bind=private_bind, webhook=WEBHOOK)
    try:
        tokens.check(scope(**request), group)
    except Unauthenticated:
        return False
    return True


@pytest.mark.parametrize(
    ("authorization", "group", "may"),
    [
        (f"Bearer {PLATFORM}", Group.PLATFORM, True),
        (f"bEARER  {PLATFORM} ", Group.PLATFORM, True),
        (f"Bearer {OPERATOR}", Group.OPERATOR, True),
        (f"Bearer {OPERATOR}", Group.FIGURES, True),
        (f"Bearer {OPERATOR}", Group.PLATFORM, False),
        (f"Bearer {PLATFORM}", Group.OPERATOR, False),
        (f"Bearer {PLATFORM}", Group.FIGURES, False),
        (f"Bearer {PLATFORM}x", Group.PLATFORM, False),
        (f"Bearer {PLATFORM[:-1]}", Group.PLATFORM, False),
        (f"Basic {PLATFORM}", Group.PLATFORM, False),
        (PLATFORM, Group.PLATFORM, False),
        ("Bearer", Group.PLATFORM, False),
        ("Bearer ", Group.PLATFORM, False),
        ("", Group.PLATFORM, False),
        ("Bearer \u00ff\u20ac", Group.PLATFORM, False),
        ("", Group.PUBLIC, True),
    ],
)
def test_a_token_opens_its_own_groups_doors_only(
    authorization: str, group: Group, may: bool
) -> None:
    assert opens(group, authorization=authorization) is may


def test_a_missing_token_and_a_wrong_one_are_told_apart() -> None:
    tokens = Tokens(PLATFORM, OPERATOR)
    with pytest.raises(Unauthenticated, match="No token"):
        tokens.check(scope(), Group.PLATFORM)
    with pytest.raises(Unauthenticated, match="not the platform token"):
        tokens.check(scope(authorization="Bearer x"), Group.PLATFORM)


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"x_bridge_webhook_secret": WEBHOOK}, True),
        ({"x_bridge_webhook_secret": f" {WEBHOOK} "}, True),
        ({"x_bridge_webhook_secret": WEBHOOK[:-1]}, False),
        ({"x_bridge_webhook_secret": f"{WEBHOOK}x"}, False),
        ({"x_bridge_webhook_secret": PLATFORM}, False),
        ({"x_bridge_webhook_secret": f"Bearer {WEBHOOK}"}, False),
        ({"x_bridge_webhook_secret": ""}, False),
        ({"x_bridge_webhook_secret": "\u20ac"}, False),
        ({"authorization": f"Bearer {WEBHOOK}"}, False),
        ({"authorization": f"Bearer {PLATFORM}"}, False),
        ({}, False),
    ],
)
def test_the_webhooks_secret_opens_its_door_and_no_other(
    headers: dict[str, Any], *, may: bool
) -> None:
    assert opens(Group.WEBHOOK, **headers) is may
    assert not opens(Group.OPERATOR, **headers)
    if "authorization" not in headers:
        assert not opens(Group.PLATFORM, **headers)


def test_two_secrets_are_none() -> None:
    twice = scope(x_bridge_webhook_secret=WEBHOOK)
    twice["headers"] *= 2
    with pytest.raises(Unauthenticated):
        Tokens(PLATFORM, OPERATOR, webhook=WEBHOOK).check(twice, Group.WEBHOOK)


@pytest.mark.parametrize("secret", ["", "x", WEBHOOK])
def test_without_a_secret_of_ours_the_webhooks_door_opens_to_nobody(secret: str) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(PLATFORM, OPERATOR).check(scope(x_bridge_webhook_secret=secret), Group.WEBHOOK)


def test_a_delivery_must_have_a_signature_to_be_read_at_all() -> None:
    assert opens(Group.SIGNED, elevenlabs_signature="t=1,v0=x")
    assert not opens(Group.SIGNED)
    assert not opens(Group.SIGNED, authorization=f"Bearer {PLATFORM}")


def test_two_authorizations_are_none() -> None:
    twice = scope(authorization=f"Bearer {PLATFORM}")
    twice["headers"] *= 2
    assert not Tokens(PLATFORM, OPERATOR).know(twice)


def test_either_token_is_known() -> None:
    tokens = Tokens(PLATFORM, OPERATOR)
    known = [tokens.know(scope(authorization=f"Bearer {t}")) for t in (PLATFORM, OPERATOR, "x")]
    assert (known, tokens.know(scope())) == ([True, True, False], False)


def test_tokens_are_kept_as_digests() -> None:
    kept = repr(vars(Tokens(PLATFORM, OPERATOR, webhook=WEBHOOK)))
    assert not any(token in kept for token in (PLATFORM, OPERATOR, WEBHOOK))


@pytest.mark.parametrize("pair", [("", OPERATOR), (PLATFORM, "")])
def test_an_empty_token_is_none(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        Tokens(*pair)


@pytest.mark.parametrize(
    ("request_", "may"),
    [
        ({}, True),
        ({"client": "10.0.0.7"}, True),
        ({"client": "8.8.8.8"}, False),
        ({"x_forwarded_for": "8.8.8.8"}, False),
        ({"forwarded": "for=8.8.8.8"}, False),
    ],
)
def test_figures_are_open_on_a_private_bind_unless_a_proxy_or_tunnel_stands_between(
    request_: dict[str, str], may: bool
) -> None:
    assert opens(Group.FIGURES, private_bind=True, path="/metrics", **request_) is may


def test_figures_need_a_token_on_a_public_bind_and_other_doors_on_any() -> None:
    assert not opens(Group.FIGURES)
    assert not opens(Group.OPERATOR, private_bind=True)
    assert not opens(Group.PLATFORM, private_bind=True)


def test_a_client_on_a_unix_socket_came_directly() -> None:
    Tokens(PLATFORM, OPERATOR, private_bind=True).check({**scope(), "client": None}, Group.FIGURES)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST", "::1", "[::1]", "10.1.2.3"]
)
def test_private_addresses_are_private(host: str) -> None:
    assert is_private_bind(host)


EVERYWHERE = "0.0.0.0"  # noqa: S104 - asked about, never listened on


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "8.8.8.8", "bridge.example.org", "", "2600::1"])
def test_other_addresses_are_public(host: str) -> None:
    assert not is_private_bind(host)


@settings(max_examples=50)
@given(st.ip_addresses())
def test_brackets_change_no_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert is_private_bind(f"[{address}]") is is_private_bind(str(address))


AGENT = "a" * 43


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("POST", "/calls", True),
        ("GET", "/calls", True),
        ("GET", "/calls/call_1", True),
        ("GET", "/calls/searching", True),
        ("GET", "/calls/call_1/transcript", True),
        ("DELETE", "/calls/call_1", True),
        ("GET", "/calls/search", False),
        ("POST", "/calls/call_1", False),
        ("PUT", "/calls", False),
        ("GET", "/calls/call_1/transcript/x", False),
        ("GET", "/calls/call_1/recording", False),
        ("DELETE", "/calls", False),
        ("DELETE", "/calls/call_1/transcript", False),
        ("GET", "/stop", False),
        ("POST", "/stop", False),
        ("GET", "/sessions", False),
        ("GET", "/events", False),
        ("GET", "/openapi.json", False),
    ],
)
def test_an_agent_s_token_opens_what_is_listed(method: str, path: str, *, may: bool) -> None:
    tokens = Tokens(PLATFORM, OPERATOR, agent=lambda: AGENT)
    asked = {**scope(path, authorization=f"Bearer {AGENT}"), "method": method}
    if may:
        assert tokens.check(asked, Group.OPERATOR) is Group.AGENT
    else:
        with pytest.raises(Unauthenticated, match="not the operator token"):
            tokens.check(asked, Group.OPERATOR)
    for group in (Group.PLATFORM, Group.FIGURES, Group.WEBHOOK, Group.SIGNED):
        with pytest.raises(Unauthenticated):
            tokens.check(asked, group)


@pytest.mark.parametrize("token", ["", "x", AGENT])
def test_while_there_is_no_agent_s_token_no_agent_comes_in(token: str) -> None:
    asked = {**scope("/calls", authorization=f"Bearer {token}"), "method": "GET"}
    with pytest.raises(Unauthenticated):
        Tokens(PLATFORM, OPERATOR).check(asked, Group.OPERATOR)


def test_the_operator_is_the_operator_at_an_agent_s_door_too() -> None:
    asked = {**scope("/calls", authorization=f"Bearer {OPERATOR}"), "method": "GET"}
    assert Tokens(PLATFORM, OPERATOR, agent=lambda: AGENT).check(asked, Group.OPERATOR) is (
        Group.OPERATOR
    )


def test_an_agent_s_token_tells_no_reasons() -> None:
    tokens = Tokens(PLATFORM, OPERATOR, agent=lambda: AGENT)
    assert not tokens.know(scope(authorization=f"Bearer {AGENT}"))
