"""What doctor makes of what the platform tells of a webhook; the rest is in `tests/e2e`."""

from pathlib import Path
from typing import Any

import pytest

from bridge.cli.checks_platform import _post_call
from bridge.ports.upstream import Finding
from bridge.provision.found import Found
from bridge.provision.memory import Memory
from bridge.provision.plan import Act, Step, Thing
from bridge.provision.wish import Wish

WISH = Wish("desk", "https://bridge.example.com", token="t", webhook_token="w")
WEBHOOK = {"webhook_url": WISH.post_call_url, "name": "desk-post-call"}
TO_DO = [Step(Act.UPDATE, Thing.WEBHOOK, "post_call", "desk-post-call", "why")]


def finding(folder: Path, steps: list[Step], **webhook: Any) -> Finding:
    known = Memory(folder, ids={"post_call": "wh_1"})
    known.keep_post_call_secret("wsec_1")
    return _post_call(WISH, Found(webhooks={"wh_1": {**WEBHOOK, **webhook}}), known, steps)


def test_a_webhook_that_failed_lately_is_worth_a_look(tmp_path: Path) -> None:
    found = finding(tmp_path, [], most_recent_failure_error_code=503)

    assert (found.verdict, found.message) == ("warn", "It failed lately (HTTP 503).")
    assert "server's log" in found.cure


def test_a_webhook_that_is_well_says_so(tmp_path: Path) -> None:
    found = finding(tmp_path, [], most_recent_failure_error_code=None)

    assert (found.verdict, found.message) == ("ok", "It is there, and switched on.")


@pytest.mark.parametrize(
    ("webhook", "says"),
    [
        ({"is_disabled": True}, "It is switched off."),
        ({"is_auto_disabled": True}, "It is switched off."),
        ({"webhook_url": "https://old.example.com/x"}, "It leads to https://old.example.com/x."),
        ({}, "It is not as it should be."),
    ],
)
def test_what_is_wrong_with_a_webhook_is_said(
    tmp_path: Path, webhook: dict[str, Any], says: str
) -> None:
    found = finding(tmp_path, TO_DO, **webhook)

    assert (found.verdict, found.message) == ("fail", says)
    assert "bridge provision" in found.cure
