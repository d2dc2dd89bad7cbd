"""The commands on a real run: dump, export, backup, restore, reset."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from services.aggregation.admin.dump import dump
from shared.clock import DAY, to_iso
from shared.contract.events import Opinion
from shared.contract.keys import worker_key
from tests.integration.aggregation.harness import OpinionsRun
from tests.unit.aggregation.opinions import BASE, history, merge
from tests.worker_process import BELLWETHER, wait_until

pytestmark = pytest.mark.kafka


def bellwether(run: OpinionsRun, *words: str, code: int = 0) -> bytes:
    done = subprocess.run(
        [str(BELLWETHER), *words, "--state", str(run.state)], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr.decode()
    return done.stdout if code == 0 else done.stderr


def test_a_run_is_dumped_exported_saved_deleted_and_put_back(
    tmp_path: Path, kafka: dict[str, Any], redis_url: str, run_name: str
) -> None:
    run = OpinionsRun(tmp_path, run_name, kafka, redis_url, slots=1)
    run.produce(0, merge(random.Random(1), history(1, 3, 200), 0.1))
    worker = run.worker()
    worker.start()
    wait_until(run.applied, 90, worker.output)
    assert worker.stop() == 0
    wait_until(lambda: not run.client.exists(worker_key(run_name, "aggregation", "1")), 30, "report is gone")
    whole = dump(run.store())

    assert bellwether(run, "aggregates", "dump", "--json") == whole
    hours = bellwether(run, "aggregates", "dump", "--json", "--resolution", "hour").splitlines()
    assert hours == [line for line in whole.splitlines() if json.loads(line)["resolution"] == "hour"]

    until = BASE + 3 * DAY
    said = bellwether(run, "export", "opinions", "--out", str(tmp_path / "o.parquet"), "--to", to_iso(until), "--json")
    table = pq.read_table(tmp_path / "o.parquet")
    distinct: dict[tuple[str, str], int] = {}
    for _, message in run.log[0]:
        if isinstance(message, Opinion):
            distinct.setdefault((message.company, message.document_id), message.available_at)
    assert json.loads(said)["rows"] == table.num_rows == sum(at < until for at in distinct.values()) > 0
    bellwether(run, "export", "aggregates", "--out", str(tmp_path / "a.parquet"))
    assert pq.read_table(tmp_path / "a.parquet").num_rows == len(whole.splitlines())
    assert b"not a date or time" in bellwether(
        run, "export", "opinions", "--out", str(tmp_path / "x"), "--from", "soon", code=1
    )

    file = str(tmp_path / "run.backup")
    bellwether(run, "backup", file)
    bellwether(run, "reset", "--yes")
    assert b"has no run" in bellwether(run, "aggregates", "dump", code=1)
    bellwether(run, "restore", file, "--yes")
    assert dump(run.store()) == whole
