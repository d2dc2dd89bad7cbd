"""The picture of docs/measurements.md: each partition's gap at each change, and what more workers score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "rebalance"
from matplotlib import pyplot as plt  # noqa: E402

from benchmarks.rebalancing.changes import Gaps  # noqa: E402

COLOURS = ("#1763b0", "#c8590a", "#2f8f83", "#8a5aa8")
INK = "#1b232c"


def drawn(changes: Mapping[str, Gaps], rows: Sequence[Mapping[str, float]], out: Path) -> None:
    """Left: a dot a partition and repeat. Right: documents a second by workers, a line for each pass of the model."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), width_ratios=(3, 2))
    for place, gaps in enumerate(changes.values()):
        for values, colour, shift in ((gaps.moved, COLOURS[1], 0.12), (gaps.stayed, COLOURS[0], -0.12)):
            left.scatter(values, [place + shift] * len(values), s=9, color=colour, alpha=0.5, lw=0)
    left.scatter([], [], s=9, color=COLOURS[1], label="moved to another worker")
    left.scatter([], [], s=9, color=COLOURS[0], label="stayed")
    left.set_yticks(range(len(changes)), list(changes), fontsize=8)
    left.invert_yaxis()
    left.set_xlim(0)
    left.set_xlabel("longest time without an opinion of a partition, s", fontsize=8)
    left.legend(frameon=False, fontsize=7, loc="upper right")
    for colour, milliseconds in zip(COLOURS, sorted({row["ms_a_pass"] for row in rows}), strict=False):
        mine = [row for row in rows if row["ms_a_pass"] == milliseconds]
        workers = [row["workers"] for row in mine]
        right.plot(workers, [row["documents_a_second"] for row in mine], color=colour, marker="o", ms=3, lw=1.2,
                   label=f"{milliseconds:.0f} ms for 64")  # fmt: skip
        right.plot(workers, [row["wanted_a_second"] for row in mine], color=colour, lw=0.7, ls=":")
    right.set_xlabel("workers; dotted: as many single ones", fontsize=8)
    right.set_ylabel("documents/s", fontsize=8, color=INK)
    right.set_ylim(0)
    if rows:
        right.legend(frameon=False, fontsize=7)
    for axis in (left, right):
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})
    plt.close(figure)
