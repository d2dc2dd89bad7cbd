"""What eight scoring workers cost each other: how long a partition waits when one comes or goes, and whether eight
score eight times as much as one.

    python -m benchmarks.rebalance [--short] [--repeats N] [--workers N] [--heartbeat SECONDS] [--session SECONDS]
        [--only changes|scaling] [--picture FILE.svg]

Changes: documents come evenly on every partition, 25 a second. The gap of a partition is the longest time between two
of its opinions around the change, by the times at which Kafka took them. Killed: kill -9, and nobody starts it again.
Joins: one more is started; its own start is not part of any gap. Started again: SIGTERM, and at once the same name, as
a supervisor does. Stopped: SIGTERM after another one has joined, as a Deployment replaces a pod.

Scaling: a model that sleeps 100 ms for 64 documents (and 200 and 400 ms) and needs no processor, as one on a device of
its own. Counted while every worker has more than it can score. Where the processors are used up before the sleep is,
`idle_share` is near 0. Ends with one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.rebalancing import changes, scaling
from benchmarks.takeover import services
from shared.settings import Settings, load_settings

PARTITIONS: Final = 8  # of each of the two channels
SHORT: Final = ((1, 100), (8, 100))  # workers and milliseconds a pass of the model
LONG: Final = ((1, 100), (2, 100), (4, 100), (8, 100), (1, 200), (8, 200), (1, 400), (8, 400))


def table(rows: dict[str, dict[str, float]], first: str) -> str:
    columns = next(iter(rows.values()))
    lines = [f"| {first} | {' | '.join(columns)} |", f"|{'---|' * (len(columns) + 1)}"]
    lines += [f"| {name} | {' | '.join(f'{value:,}' for value in row.values())} |" for name, row in rows.items()]
    return "\n".join(lines) + "\n\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="about two minutes on two quiet cores")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--heartbeat", type=float, help="seconds; default: the settings' own")
    parser.add_argument("--session", type=float, help="seconds; default: the settings' own")
    parser.add_argument("--only", choices=["changes", "scaling"])
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, as with Ctrl-C
    own = {"heartbeat_seconds": given.heartbeat, "session_timeout_seconds": given.session}
    result: dict[str, Any] = {"workers": given.workers, "partitions": 2 * PARTITIONS}
    gaps: dict[str, changes.Gaps] = {}
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="bellwether-rebalance-") as folder, services(Path(folder)) as sections:

        def settings(run: str, **more: Any) -> Settings:
            kafka = sections["kafka"] | {"document_partitions": PARTITIONS, "opinion_partitions": 4}
            worker = {name: value for name, value in own.items() if value is not None}
            made = sections | {"kafka": kafka, "model": {"name": "stub"}, "worker": worker} | more
            (Path(folder) / "bellwether.yaml").write_text(json.dumps(made))
            return load_settings(Path(folder), run=run)

        if given.only != "scaling":
            gaps = changes.measured(settings("changes"), given.workers, 1 if given.short else given.repeats)
            result["changes"] = {name: each.row() for name, each in gaps.items()}
        if given.only != "changes":
            plan = SHORT if given.short else LONG
            rows = scaling.measured(
                lambda run, milliseconds: settings(run, **scaling.model_for(milliseconds)),
                plan,
                8 if given.short else 12,
            )
            result["scaling"] = rows
    if gaps:
        sys.stdout.write(table(result["changes"], "change"))
    if rows:
        sys.stdout.write(table({f"{row['workers']} workers, {row['ms_a_pass']} ms": row for row in rows}, "fleet"))
    if given.picture:
        from benchmarks.rebalancing.picture import drawn

        drawn(gaps, rows, given.picture)
    result["load"] = round(os.getloadavg()[0], 1)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
