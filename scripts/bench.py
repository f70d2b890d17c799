"""What bridge itself costs, against a plain reverse proxy in the same run.

Starts a small upstream, the proxy (nginx if it is installed, else a relay in Python) and bridge,
all on loopback, asks each the same by turns, for several rounds, and prints the medians. LiteLLM
stands beside them where its command is installed. Only the ratios mean much: the same machine is
faster or slower by the minute. bridge has everything on: the voice profile, a conversation and a
caller of their own for each request, so identity, ledger, records and shaping. The column `direct`
is the upstream asked without anything between: what the load itself can do.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bridge.core.latency import percentile
from scripts import bench_crowd as crowd
from scripts import bench_load as load
from scripts import bench_upstream as upstream
from scripts.bench_targets import everything, give_way, memory_kb, processor_us

Rows = Mapping[str, Mapping[str, float]]
"""Figures by what they are, then by target; one that makes no sense for a target is missing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: how often everything is, of which the medians count.
        requests: for the first words, in each round.
        streams: at once while the delay of chunks is measured.
        chunks: of each paced stream.
        held: streams at once in the second measuring of the delay.
        waiting: open while memory is looked at.
        hangs: callers that go away behind the first word.
        short_s: seconds of as many short streams as go through.
        crowd: callers at one instant, and callers who hang up in the silence.
        searches: whether it is tried how many streams one core carries.
    """

    rounds: int = 3
    requests: int = 200
    streams: int = 100
    chunks: int = 150
    held: int = 500
    waiting: int = 200
    hangs: int = 50
    short_s: float = 3.0
    crowd: int = 1000
    searches: bool = True


QUICK = Plan(1, 100, 50, 50, 100, 100, 20, 1.0, 200, searches=False)


class Figures:
    """What was measured, round after round."""

    def __init__(self) -> None:
        self._all: dict[str, dict[str, list[float]]] = {}

    def note(self, what: str, target: load.Target, figure: float) -> None:
        """One figure of one round."""
        self._all.setdefault(what, {}).setdefault(target.name, []).append(figure)

    def medians(self) -> Rows:
        """The median of the rounds, for each."""
        return {
            what: {name: statistics.median(each) for name, each in figures.items()}
            for what, figures in self._all.items()
        }


def render_table(rows: Rows, targets: Sequence[str]) -> str:
    """The figures as a table, with bridge's as a multiple of the proxy's at the right."""
    lines = [["", *targets, "bridge / proxy"]]
    for what, figures in rows.items():
        proxy, ours = figures.get("proxy", 0.0), figures.get("bridge")
        ratio = ours / proxy if ours is not None and proxy > 0 else None
        numbers = [figures.get(name) for name in targets]
        cells = ["-" if n is None else f"{n:,.1f}" for n in numbers]
        lines.append([what, *cells, "-" if ratio is None else f"{ratio:,.2f}"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        " ".join([what.ljust(widths[0]), *map(str.rjust, cells, (w + 1 for w in widths[1:]))])
        for what, *cells in lines
    )


async def measure(targets: Sequence[load.Target], plan: Plan) -> Rows:
    """Everything about the targets, of which the first is the upstream itself."""
    figures = Figures()
    direct, *others = targets
    await load.first_words(targets, 50)
    for target in others:  # before anything has made them large
        rest = memory_kb(target.pid)
        async with load.open_streams(target, plan.waiting):
            full = memory_kb(target.pid)
        figures.note("memory at rest, MB", target, rest / 1024)
        figures.note("memory a waiting stream, KB", target, (full - rest) / plan.waiting)
    for number in range(plan.rounds):
        await _measure_words(figures, targets, plan)
        for target in targets:
            await _measure_chunks(figures, target, plan.streams, plan.chunks)
        for target in targets:
            await _measure_short(figures, target, plan.short_s)
        for place, target in enumerate(targets):
            first = 10**6 * (1 + place + len(targets) * number)
            ups = await load.hang_ups(target, direct.port, plan.hangs, first)
            figures.note("hang-up to upstream closed p50, ms", target, percentile(ups, 50))
            figures.note("hang-up to upstream closed p99, ms", target, percentile(ups, 99))
    for target in targets:
        if target.name != "litellm":  # a crowd brings it down
            await _measure_chunks(figures, target, plan.held, plan.chunks)
            await _measure_crowd(figures, target, direct.port, plan)
    return figures.medians()


async def _measure_words(figures: Figures, targets: Sequence[load.Target], plan: Plan) -> None:
    times = await load.first_words(targets, plan.requests)
    base = statistics.median(times[targets[0].name])
    for target in targets:
        median = statistics.median(times[target.name])
        figures.note("first words p50, us", target, median)
        if target is not targets[0]:
            figures.note("added to first words p50, us", target, median - base)


async def _measure_chunks(figures: Figures, target: load.Target, streams: int, chunks: int) -> None:
    before = processor_us(target.pid)
    delays = await load.chunk_delays(target, streams, chunks)
    spent = processor_us(target.pid) - before
    figures.note(f"chunk delay at {streams} streams p50, us", target, percentile(delays, 50))
    figures.note(f"chunk delay at {streams} streams p99, us", target, percentile(delays, 99))
    figures.note(f"processor a chunk at {streams} streams, us", target, spent / len(delays))


async def _measure_short(figures: Figures, target: load.Target, during_s: float) -> None:
    before = processor_us(target.pid)
    began = time.monotonic()
    count = await crowd.short_streams(target, during_s)
    took_s = time.monotonic() - began
    spent = processor_us(target.pid) - before
    figures.note("short streams a second", target, count / took_s)
    figures.note("processor a short stream, us", target, spent / count)


async def _measure_crowd(
    figures: Figures, target: load.Target, upstream_port: int, plan: Plan
) -> None:
    answers = await crowd.at_one_instant(target, plan.crowd)
    said = f"of {plan.crowd} at one instant,"
    figures.note(f"{said} answered", target, answers.count(200))
    figures.note(f"{said} told 429", target, answers.count(429))
    figures.note(f"{said} lost", target, len(answers) - answers.count(200) - answers.count(429))
    left = await crowd.left_open(target, upstream_port, plan.crowd)
    figures.note(f"of {plan.crowd} hung up on in silence, left open", target, left)
    if plan.searches:
        figures.note("streams with p99 below 20 ms", target, await crowd.capacity(target))


def seconds(command: list[str], count: int) -> list[float]:
    """How long a command takes as a whole process."""
    times = []
    for _ in range(count):
        began = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.monotonic() - began)
    return times


def run(plan: Plan) -> dict[str, object]:
    """Starts everything, measures, stops everything."""
    give_way()
    with tempfile.TemporaryDirectory() as folder, everything(folder) as started:
        rows = asyncio.run(measure(started.targets, plan))
    helps = seconds([sys.executable, "-m", "bridge", "--help"], 10)
    return {
        "proxy": started.proxy,
        "plan": asdict(plan),
        "targets": [target.name for target in started.targets],
        "cold_start_s": statistics.median(started.starts_s),
        "help_s": {"p50": statistics.median(helps), "slowest": max(helps)},
        "figures": rows,
    }


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, in a minute")
    parser.add_argument("--rounds", type=int, help="of which the medians are printed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        part, *ports = options.part
        serve = upstream.serve_upstream if part == "upstream" else upstream.serve_relay
        asyncio.run(serve(*map(int, ports)))
        return
    plan = QUICK if options.quick else Plan()
    found = run(replace(plan, rounds=options.rounds or plan.rounds))
    if options.json:
        print(json.dumps(found, indent=2))
        return
    figures, targets, helps = found["figures"], found["targets"], found["help_s"]
    assert isinstance(figures, dict)
    assert isinstance(targets, list)
    assert isinstance(helps, dict)
    print(render_table(figures, targets))
    print(f"The proxy is {found['proxy']}.")
    print(f"bridge answers {found['cold_start_s']:.2f} s after its start.")
    print(f"bridge --help takes {helps['p50']:.3f} s, {helps['slowest']:.3f} s at the slowest.")


if __name__ == "__main__":
    main()
