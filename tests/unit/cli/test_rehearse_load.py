"""What `bridge rehearse --calls` prints while it goes on, and in the end."""

import sys
from dataclasses import replace

import pytest

from bridge.cli.rehearse_load import _show, _Told
from bridge.rehearsal.load.figures import Figures

Captured = pytest.CaptureFixture[str]

SPREAD = {"p50": 0.005, "p90": 0.0101, "p99": 1.2, "max": 1.5}
FIGURES = Figures(
    calls=200,
    failed=1,
    at_once=50,
    took_s=40.0,
    first_words_s=SPREAD,
    stalls_s={},
    utterances=600,
    runs=601,
    most_runs=2,
    errors={"request answered 503": 3},
    client_late_s=0.01,
)


def test_the_figures_are_a_table(capsys: Captured) -> None:
    _show(FIGURES)

    shown = capsys.readouterr()
    assert [" ".join(line.split()) for line in shown.out.splitlines()] == [
        "what figure",
        "calls 200 in 40.0 s, 50 at once at most",
        "calls a second 5.00",
        "failed 1",
        "first words p50 5 ms, p90 10 ms, p99 1,200 ms, max 1,500 ms",
        "longest stall of a reply none",
        "utterances 600",
        "runs of the agent 601, 2 for one utterance at most",
        "error: request answered 503 3",
    ]
    assert shown.err == ""


def test_who_measures_on_a_busy_machine_is_told(capsys: Captured) -> None:
    _show(replace(FIGURES, client_late_s=0.36))

    assert "This machine itself was late by 360 ms at worst" in capsys.readouterr().err


def test_on_a_terminal_progress_is_one_line_that_goes_again(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told = _Told(200)

    told.tell(3, 50)
    told.tell(4, 50)  # too soon after
    told.clear()

    assert capsys.readouterr().err == "\r3 of 200 calls over, 50 under way\x1b[K\r\x1b[K"


def test_in_a_log_progress_is_lines(capsys: Captured) -> None:
    told = _Told(200)

    told.tell(3, 50)
    told.clear()

    assert capsys.readouterr().err == "3 of 200 calls over, 50 under way\n"
