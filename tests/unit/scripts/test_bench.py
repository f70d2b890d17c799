"""What the bench makes of its measurements, without measuring."""

import json

import pytest

from scripts import bench, bench_load, bench_upstream


def test_the_table_has_a_line_for_each_figure_and_bridge_as_a_multiple_of_the_proxy() -> None:
    rows = {
        "first words, us": {"direct": 100.0, "proxy": 200.0, "bridge": 2300.0},
        "memory, MB": {"proxy": 5.0, "bridge": 47.5},
        "added, us": {"proxy": -1.0, "bridge": 5.0},
    }

    assert bench.render_table(rows, ["direct", "proxy", "bridge"]).splitlines() == [
        "                 direct  proxy   bridge  bridge / proxy",
        "first words, us   100.0  200.0  2,300.0           11.50",
        "memory, MB            -    5.0     47.5            9.50",
        "added, us             -   -1.0      5.0               -",
    ]


def test_a_figure_is_the_median_of_its_rounds_for_each_target() -> None:
    one, other = bench_load.Target("one", 1, 1), bench_load.Target("other", 2, 2)
    figures = bench.Figures()
    for figure in (5.0, 1.0, 100.0):
        figures.note("words, us", one, figure)
    figures.note("words, us", other, 7.0)

    assert figures.medians() == {"words, us": {"one": 5.0, "other": 7.0}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("say 5", (b"say", 5)),
        ([{"type": "text", "text": "open 1000017"}], (b"open", 1_000_017)),
        ("Some note of what was heard.\n\npace 250.", (b"pace", 250)),
    ],
)
def test_the_upstream_does_what_the_last_utterance_says(
    content: object, expected: tuple[bytes, int]
) -> None:
    body = {
        "messages": [{"role": "user", "content": "say 9"}, {"role": "user", "content": content}]
    }

    assert bench_upstream.order(json.dumps(body).encode()) == expected


def test_what_the_upstream_stamps_the_load_reads() -> None:
    chunk = bench_upstream.word()

    assert len(bench_load.STAMP.findall(chunk)) == 1
