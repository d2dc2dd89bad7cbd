"""The picture of docs/measurements.md: what Redis holds, by kind, through two simulated years."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "growth"
from matplotlib import pyplot as plt  # noqa: E402

COLOURS = ("#1763b0", "#c8590a", "#2f8f83", "#8a5aa8", "#a0892b", "#5d7f9e", "#b04a62", "#8c98a5")
INK = "#1b232c"


def drawn(points: Sequence[tuple[int, dict[str, int]]], full: int, out: Path) -> None:
    """`points`: day, and bytes by kind; `full`: the day from which the slope is taken."""
    last = sorted(points[-1][1].items(), key=lambda each: -each[1])
    kinds = [kind for kind, _ in last[: len(COLOURS) - 1]]
    days = [day for day, _ in points]
    layers = [[sizes.get(kind, 0) / 1e6 for _, sizes in points] for kind in kinds]
    layers.append([sum(size for kind, size in sizes.items() if kind not in kinds) / 1e6 for _, sizes in points])
    figure, axis = plt.subplots(figsize=(8, 3.6))
    axis.stackplot(days, layers, labels=[*kinds, "all else"], colors=COLOURS)
    axis.axvline(full, color=INK, lw=0.8, ls=":")
    axis.set_xlabel("simulated day; retention is full from the dotted line on", fontsize=9)
    axis.set_ylabel("MB in Redis", fontsize=9)
    axis.legend(frameon=False, fontsize=8, ncols=4, loc="upper left", bbox_to_anchor=(0, 1.22))
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})
    plt.close(figure)
