"""The pictures of docs/backtesting.md: equity curves and IC decay of back-tested runs, from their own results.

python benchmarks/backtest_pictures.py --state S --out docs/images stocknet reuters
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd

mpl.use("Agg")
from matplotlib import pyplot as plt

COLOURS = ("#1763b0", "#c8590a", "#2f8f83", "#8a5aa8")
INK, MUTED = "#1b232c", "#8c98a5"


def equity(folders: dict[str, Path], out: Path) -> None:
    """Growth of 1 after costs, long-short and long-only: one panel a run."""
    figure, axes = plt.subplots(1, len(folders), figsize=(4.8 * len(folders), 3.2), squeeze=False)
    for (name, folder), axis in zip(folders.items(), axes[0], strict=True):
        frame = pd.read_parquet(folder / "equity.parquet")
        axis.plot(frame["date"], frame["long_short"], color=COLOURS[0], lw=1.4, label="long-short")
        axis.plot(frame["date"], frame["long_only"], color=COLOURS[1], lw=1.0, label="long-only")
        axis.axhline(1, color=MUTED, lw=0.7)
        axis.set_title(f"{name}: growth of 1, after costs", fontsize=10, color=INK, loc="left")
        axis.legend(frameon=False, fontsize=8)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        for label in axis.get_xticklabels():
            label.set_rotation(30)
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)


def decay(measured: dict[str, dict[str, Any]], out: Path) -> None:
    """Mean IC by horizon with its 95 % interval."""
    figure, axis = plt.subplots(figsize=(7.2, 3.2))
    for number, (name, metrics) in enumerate(measured.items()):
        rows = metrics["ic_by_horizon"]
        means = [row["mean"] for row in rows.values()]
        errors = [1.96 * abs(row["mean"] / row["t"]) if row["t"] else 0 for row in rows.values()]
        places = [place + (number - (len(measured) - 1) / 2) * 0.1 for place in range(len(rows))]
        axis.errorbar(places, means, errors, color=COLOURS[number], lw=1.2, capsize=2, marker="o", ms=3, label=name)
        axis.set_xticks(range(len(rows)), list(rows))
    axis.axhline(0, color=MUTED, lw=0.7)
    axis.set_xlabel("sessions ahead", fontsize=8)
    axis.set_title("Mean IC by horizon, 95 % interval (Newey-West)", fontsize=10, color=INK, loc="left")
    axis.legend(frameon=False, fontsize=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folders = {run: options.state / "runs" / run / "backtest" for run in options.runs}
    options.out.mkdir(parents=True, exist_ok=True)
    equity(folders, options.out / "backtest-equity.png")
    measured = {run: json.loads((folder / "metrics.json").read_text()) for run, folder in folders.items()}
    decay(measured, options.out / "backtest-decay.png")


if __name__ == "__main__":
    main()
