"""`bridge doctor` in front of the real gateway in each bad state: what is wrong, what to write."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.kit.real_gateway import RealGateway, fetch, free_port
from tests.gateway.serving import CHECK_FAILED, Bridge

pytestmark = pytest.mark.gateway

ENABLE = "gateway: { http: { endpoints: { chatCompletions: { enabled: true } } } }"
IN_SIGHT = 'tools: { toolSearch: { mode: "directory" } }'

HOPS = {"upstream address": "ok", "upstream token": "ok", "upstream endpoint": "ok"}

Found = tuple[int, dict[str, str], dict[str, str]]
"""Exit code; verdicts and cures by the name of the check."""


def examine(gateway: RealGateway, folder: Path, *flags: str, **settings: str) -> Found:
    """What doctor finds out about the upstream."""
    done = Bridge(gateway, folder, settings).run("doctor", "--json", *flags)
    assert settings.get("UPSTREAM__TOKEN", gateway.token) not in done.stdout + done.stderr
    rows = [row for row in json.loads(done.stdout) if row["check"].startswith("upstream")]
    verdicts = {row["check"]: row["verdict"] for row in rows}
    return done.returncode, verdicts, {row["check"]: row["cure"] for row in rows}


@pytest.fixture
def known_again(gateway: RealGateway) -> Iterator[None]:
    """After a wrong token the gateway delays its next refusals, until a right one comes."""
    yield
    fetch(f"{gateway.url}/models", headers={"Authorization": f"Bearer {gateway.token}"})


def test_a_good_set_up_is_fine_and_nothing_is_asked(gateway: RealGateway, tmp_path: Path) -> None:
    code, verdicts, _ = examine(gateway, tmp_path)

    assert (code, verdicts) == (0, {**HOPS, "upstream agent": "ok", "upstream hooks": "ok"})
    assert gateway.provider.seen() == []


def test_a_gateway_that_does_not_run(gateway: RealGateway, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/v1"
    code, verdicts, cures = examine(gateway, tmp_path, UPSTREAM__URL=nowhere)

    assert (code, verdicts) == (CHECK_FAILED, {"upstream address": "fail"})
    assert "Start the gateway" in cures["upstream address"]


@pytest.mark.usefixtures("known_again")
def test_a_wrong_token(gateway: RealGateway, tmp_path: Path) -> None:
    code, verdicts, cures = examine(gateway, tmp_path, UPSTREAM__TOKEN="not-the-token")

    assert code == CHECK_FAILED
    assert verdicts == {"upstream address": "ok", "upstream token": "fail"}
    assert "gateway.auth.token of openclaw.json" in cures["upstream token"]


@pytest.mark.parametrize("chosen", ["", "nobody"])
def test_several_agents_and_no_choice_among_them(
    two_agents: RealGateway, tmp_path: Path, chosen: str
) -> None:
    code, verdicts, cures = examine(two_agents, tmp_path, "--turn", UPSTREAM__AGENT=chosen)

    assert (code, verdicts) == (CHECK_FAILED, {**HOPS, "upstream agent": "fail"})
    assert cures["upstream agent"] == "Set upstream.agent to one of 'desk', 'errands'."
    assert two_agents.provider.seen() == []


def test_an_endpoint_that_is_not_enabled(two_agents: RealGateway, tmp_path: Path) -> None:
    """The gateway answers 404 there before it looks at a token: nothing is said about ours."""
    endpoints = [
        f"gateway.http.endpoints.{name}.enabled" for name in ("chatCompletions", "responses")
    ]
    two_agents.reconfigure(dict.fromkeys(endpoints, False))
    try:
        found = examine(two_agents, tmp_path, "--turn", UPSTREAM__AGENT="desk")
    finally:
        two_agents.reconfigure(dict.fromkeys(endpoints, True))

    code, verdicts, cures = found
    assert code == CHECK_FAILED
    assert verdicts == {"upstream address": "ok", "upstream endpoint": "fail"}
    assert ENABLE in cures["upstream endpoint"]


def test_tools_that_are_hidden_from_the_agent(gateway: RealGateway, tmp_path: Path) -> None:
    gateway.provider.reply_otherwise("tool=bridge_check")
    code, verdicts, cures = examine(gateway, tmp_path, "--turn")

    more = {
        "upstream agent": "ok",
        "upstream hooks": "ok",
        "upstream tools": "warn",
        "upstream turn": "ok",
    }
    assert (code, verdicts) == (0, {**HOPS, **more})
    assert IN_SIGHT in cures["upstream tools"]


def test_tools_in_sight_that_no_setting_lets_the_agent_use(
    two_agents: RealGateway, tmp_path: Path
) -> None:
    two_agents.provider.reply_otherwise("tool=bridge_check")
    code, verdicts, cures = examine(two_agents, tmp_path, "--turn", UPSTREAM__AGENT="desk")

    more = {
        "upstream agent": "ok",
        "upstream hooks": "ok",
        "upstream tools": "ok",
        "upstream turn": "ok",
    }
    assert (code, verdicts) == (0, {**HOPS, **more})
    assert "upstream.calls_tools" in cures["upstream tools"]
