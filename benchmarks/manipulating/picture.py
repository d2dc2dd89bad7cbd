"""The picture of docs/manipulation.md: what each scenario moves, in honest accounts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "manipulation"
from matplotlib import pyplot as plt  # noqa: E402

ONE, MANY, INK = "#1763b0", "#c8590a", "#1b232c"


def drawn(rows: Sequence[tuple[str, int, float]], out: Path) -> None:
    """`rows`: scenario, its voices, and how far it moved `pulse` in honest accounts."""
    figure, axis = plt.subplots(figsize=(8, 7.2))
    names = [f"{name} ({voices} voices)" if voices > 1 else name for name, voices, _ in rows]
    axis.barh(
        names, [ratio for *_, ratio in rows], color=[MANY if voices > 1 else ONE for _, voices, _ in rows], height=0.7
    )
    axis.axvline(1.0, color=INK, lw=0.8, ls=":")
    axis.invert_yaxis()
    axis.set_xlabel("largest change of pulse's score; 1 (dotted) is what one honest account moves", fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(labelsize=8)
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})
    plt.close(figure)
