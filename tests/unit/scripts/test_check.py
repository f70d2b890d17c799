"""The gate itself: parts run in their order, are named as they start, and stop at a failure."""

import subprocess
from collections.abc import Callable

import pytest

from scripts import check


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three parts instead of the real ones, of which `second` fails; and which of them ran."""
    seen: list[str] = []

    def part(name: str) -> Callable[[], None]:
        def run() -> None:
            seen.append(name)
            if name == "second":
                raise subprocess.CalledProcessError(7, "tool")

        return run

    monkeypatch.setattr(check, "PARTS", {n: part(n) for n in ("first", "second", "third")})
    return seen


def test_parts_run_in_their_order_until_one_fails(ran: list[str]) -> None:
    assert (check.main([]), ran) == (7, ["first", "second"])


def test_only_the_parts_asked_for_are_run(ran: list[str]) -> None:
    assert (check.main(["third", "first"]), ran) == (0, ["third", "first"])


def test_each_part_is_named_as_it_starts(
    ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    check.main(["first", "third"])

    assert capsys.readouterr().out == "== first\n== third\n"


def test_an_unknown_part_runs_nothing_and_lists_what_there_is(
    ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = check.main(["first", "fourth"])

    assert (code, ran) == (2, [])
    assert capsys.readouterr().err == "no such part: fourth; there are: first, second, third\n"


def test_a_part_within_another_runs_by_itself_only_when_asked_for(
    ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "WITHIN", {"second"})

    assert (check.main([]), ran) == (0, ["first", "third"])
    assert check.main(["second"]) == 7
