"""A simulated day with a spike: the fleet that the chart's KEDA rule makes, against fleets of a fixed size.

    python -m benchmarks.scaling [--speed 50] [--documents 4000000] [--spike 6] [--start 60] [--picture FILE.png]

Nothing is scored: documents arrive by a curve, workers take them at a speed that is assumed, start late, and stand
still for seconds when one joins or leaves. Rule and values are those of deploy/helm/bellwether. Ends with one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import sys
from bisect import bisect_left
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.fleet.day import SECONDS, Played, World, play
from benchmarks.fleet.scaler import Rule, Scaler

COLOURS: Final = {  # of the fleets that are drawn, by how their names end
    "(its cost)": "#c8590a",
    "(as punctual)": "#2f8f83",
    "by what waits alone": "#8c98a5",
    "away at the spike": "#8a5aa8",
    "KEDA": "#1763b0",
}


def scaled(world: World, rule: Rule) -> Played:
    scaler = Scaler(rule)
    return play(world, scaler.look, rule.polling, scaler.replicas)


def fixed(world: World, workers: int) -> Played:
    return play(world, lambda *_: workers, SECONDS - 1, workers)


def compared(world: World, rule: Rule) -> dict[str, Played]:
    """The scaled fleet; fixed ones of its cost, of the size that is never further behind, and of all that it may have;
    the scaled one with no more partitions than workers, and without a Prometheus from before the spike to its end."""
    mine = scaled(world, rule)
    same_cost = max(1, round(mine.worker_hours() / 24))
    worst = max(mine.behind)
    sizes = range(1, rule.maximum)
    enough = 1 + bisect_left(sizes, x=True, key=lambda workers: max(fixed(world, workers).behind) <= worst)
    blind = replace(world, blind=(world.spike_at - 600, world.spike_at + 3600))
    return {
        "KEDA": mine,
        f"{same_cost} workers (its cost)": fixed(world, same_cost),
        f"{enough} workers (as punctual)": fixed(world, enough),
        f"{rule.maximum} workers (all)": fixed(world, rule.maximum),
        "KEDA by what waits alone": scaled(world, replace(rule, documents_per_second=0)),
        "KEDA with a partition a worker": scaled(replace(world, partitions=rule.maximum), rule),
        "KEDA, Prometheus away at the spike": scaled(blind, rule),
    }


def draw(world: World, fleets: dict[str, Played], out: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    step = 60
    hours = [second / 3600 for second in range(0, SECONDS, step)]
    figure, axes = plt.subplots(3, 1, figsize=(8.4, 6.4), sharex=True)
    axes[0].plot(hours, world.arrivals()[::step], color="#1b232c", lw=1.2)
    axes[0].set_title("documents a second", fontsize=9, loc="left")
    for end, colour in COLOURS.items():
        name, played = next(found for found in fleets.items() if found[0].endswith(end))
        axes[1].plot(hours, played.replicas[::step], color=colour, lw=1.3, label=name)
        axes[2].plot(
            hours, [max(played.behind[at : at + step]) for at in range(0, SECONDS, step)], color=colour, lw=1.2
        )
    axes[1].set_title("workers", fontsize=9, loc="left")
    axes[0].legend(handles=axes[1].get_lines(), frameon=False, fontsize=7, loc="upper left")
    axes[2].set_title("seconds behind (symmetric log)", fontsize=9, loc="left")
    axes[2].set_yscale("symlog", linthresh=10)
    axes[2].set_ylim(0)
    axes[2].set_xlabel("hour of the day", fontsize=8)
    for axis in axes:
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[2].set_xticks(range(0, 25, 3))
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = World()
    options.add_argument("--speed", type=float, default=usual.speed, help="documents/s of one worker")
    options.add_argument("--documents", type=int, default=usual.documents, help="of the day, without the spike")
    options.add_argument("--spike", type=float, default=usual.spike, help="times what usually arrives then")
    options.add_argument("--start", type=int, default=usual.start, help="seconds until a new worker scores")
    options.add_argument("--picture", type=Path)
    given = options.parse_args()
    world = World(documents=given.documents, spike=given.spike, speed=given.speed, start=given.start)
    rule = Rule.of_chart()
    fleets = compared(world, rule)
    rows = {name: played.row() for name, played in fleets.items()}
    columns = next(iter(rows.values()))
    lines = [f"| fleet | {' | '.join(columns)} |", f"|{'---|' * (len(columns) + 1)}"]
    lines += [f"| {name} | {' | '.join(f'{value:,}' for value in row.values())} |" for name, row in rows.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    if given.picture:
        draw(world, fleets, given.picture)
    sys.stdout.write(json.dumps({"arrived": round(fleets["KEDA"].arrived), "fleets": rows}) + "\n")


if __name__ == "__main__":
    main()
