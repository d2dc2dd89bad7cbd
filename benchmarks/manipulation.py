"""What manipulation moves: each scenario against one honest account that says the same in the same hours.

    python benchmarks/manipulation.py [--model bellwether-mini] [--picture docs/images/manipulation.svg]

Posts go through intake (identity, copies, masking), linking, the model, rules, aggregation and the shipped strategies,
all in this process, on the code of live workers and replays. A figure is the largest change of a score (-1..1) at any
moment behind the attack; `ratio` is the scenario's over the honest account's. The last line is one JSON object: `ours`
is the largest ratio of the scenarios that have one voice, `peer` what one honest account has.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.manipulating.measure import measured
from benchmarks.manipulating.plain_reader import PlainReader
from benchmarks.manipulating.scenarios import SCENARIOS
from benchmarks.manipulating.world import Said, World
from services.model.engine import build_engine
from shared.settings import ModelSettings


def table(rows: list[dict[str, Any]]) -> str:
    """As docs/manipulation.md has it."""
    heads = ("scenario", "what happens", "voices", "pulse", "honest", "ratio", "hourly", "spillover")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        pulse = row["moved"]["pulse"]
        others = " | ".join(f"{row['moved'][name]['ratio']:.2f}" for name in ("hourly", "spillover"))
        figures = f"{pulse['attack']:.3f} | {pulse['honest']:.3f} | {pulse['ratio']:.2f} | {others}"
        lines.append(f"| {row['scenario']} | {row['what']} | {row['voices']} | {figures} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bellwether-mini", help="`plain`: a reader that counts words.")
    parser.add_argument("--picture", type=Path, help="Draw the ratios into this SVG.")
    options = parser.parse_args()
    engine = PlainReader() if options.model == "plain" else build_engine(ModelSettings(name=options.model))
    rows: list[dict[str, Any]] = []
    known: dict[object, Said] = {}
    with tempfile.TemporaryDirectory(prefix="manipulation-") as folder:
        world = World(engine, Path(folder))
        for scenario in SCENARIOS:
            moved = {
                each.strategy: {"attack": each.attack, "honest": each.honest, "ratio": round(each.ratio, 3)}
                for each in measured(world, scenario, known)
            }
            rows.append(
                {"scenario": scenario.name, "what": scenario.what, "voices": scenario.accounts, "moved": moved,
                 "documents": world.documents}
            )  # fmt: skip
            sys.stderr.write(f"{scenario.name}: {moved['pulse']['ratio']}\n")
        world.close()
    sys.stdout.write(table(rows) + "\n")
    if options.picture:
        from benchmarks.manipulating.picture import drawn

        drawn([(row["scenario"], row["voices"], row["moved"]["pulse"]["ratio"]) for row in rows], options.picture)
    alone = [each["ratio"] for row in rows if row["voices"] == 1 for each in row["moved"].values()]
    result = {"ours": max(alone), "peer": 1.0, "unit": "honest accounts", "model": engine.model_id, "rows": rows}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
