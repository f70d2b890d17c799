"""The page of `bridge rehearse --html`, opened from its file in a real browser.

Needs Chromium or Chrome; without one these tests are skipped, and say so.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bridge.rehearsal.choosing import choose
from bridge.rehearsal.judging import judge
from bridge.rehearsal.page import render_page
from bridge.rehearsal.perform import perform
from bridge.rehearsal.result import Result

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

WITHIN_S = 60.0
"""A browser takes a second or two to start, more on a machine that is busy with other tests."""

NAMES = ("barge-in", "slow-agent")

WITNESS = """<script>
const seen = {errors: [], refused: []};
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("securitypolicyviolation", (event) => seen.refused.push(event.blockedURI));
addEventListener("load", () => {
  seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  seen.heights = [...document.querySelectorAll("details[open] .bar")].map((bar) => bar.clientHeight);
  document.body.dataset.seen = JSON.stringify(seen);
});
</script>"""
"""Put into a copy of the page: what it loads, what it was refused, and what went wrong in it."""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    return found


@pytest.fixture(scope="module")
def results() -> list[Result]:
    performances = [perform(scenario) for scenario in choose(NAMES)]
    return [Result(one.scenario, one, judge(one)) for one in performances]


@pytest.fixture(scope="module")
def page(results: list[Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "rehearsal.html"
    file.write_text(render_page(results).replace("<title>", WITNESS + "<title>"), encoding="utf-8")
    return file


def opened(browser: str, page: Path, fragment: str = "") -> str:
    """The page as it stands in the browser once it is there."""
    done = subprocess.run(
        [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--proxy-server=http://127.0.0.1:1",
            f"--user-data-dir={page.parent / 'profile'}",
            "--dump-dom",
            page.as_uri() + fragment,
        ],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    return done.stdout


def seen_in(dom: str) -> dict[str, Any]:
    found = re.search(r'data-seen="([^"]*)"', dom)
    assert found, dom[:500]
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    return seen


def test_the_page_stands_there_without_a_network(
    browser: str, page: Path, results: list[Result]
) -> None:
    dom = opened(browser, page)

    seen = seen_in(dom)
    assert (seen["loaded"], seen["refused"], seen["errors"]) == ([], [], [])
    words = html.unescape(
        re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", dom, flags=re.DOTALL)
    )
    assert [v.what for result in results for v in result.verdicts if v.what not in words] == []
    assert all(result.scenario.title in words for result in results)


def test_a_link_to_a_call_unfolds_it_and_its_lanes_are_to_be_seen(browser: str, page: Path) -> None:
    folded = opened(browser, page)
    [first, _second] = re.findall(r'<details id="([^"]+)"', folded)
    unfolded = opened(browser, page, f"#{first}")

    assert (folded.count("open="), unfolded.count("open=")) == (0, 1)
    heights = seen_in(unfolded)["heights"]
    assert heights
    assert min(heights) > 0
