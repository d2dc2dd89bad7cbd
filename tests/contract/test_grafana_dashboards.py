"""deploy/grafana: what its script writes, with expressions that Prometheus reads and metrics that are shown."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contract.operation.metrics import METRICS, Metric

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "grafana"
NAMES = ("flow", "meaning", "api", "machines")
BOARDS: dict[str, dict[str, Any]] = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in NAMES}
RECORDED = {
    rule["record"]
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "recording.yml").read_text())["groups"]
    for rule in group["rules"]
}
SERIES: dict[str, Metric] = {metric.name: metric for metric in METRICS}
for histogram in [metric for metric in METRICS if metric.buckets]:
    SERIES |= {f"{histogram.name}_{part}": histogram for part in ("bucket", "sum", "count")}


def expressions(board: dict[str, Any]) -> list[str]:
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [expression.replace("$__rate_interval", "5m") for expression in found]


def test_the_files_are_what_the_script_writes() -> None:
    script = runpy.run_path(str(FOLDER / "dashboards.py"))
    assert tuple(script["BOARDS"]) == NAMES == tuple(BOARDS)
    for name in NAMES:
        assert (FOLDER / f"{name}.json").read_text() == script["text_of"](name), (
            "run: python deploy/grafana/dashboards.py"
        )


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_and_label_is_in_the_list(name: str) -> None:
    for expression in expressions(BOARDS[name]):
        named = re.findall(r"\b(bellwether[_:][\w:]+)(?:\{([^}]*)\})?", expression)
        assert named, expression
        for series, selectors in named:
            if series in RECORDED:
                continue
            assert series in SERIES, f"{name}: {series}"
            asked = set(re.findall(r"(\w+)=", selectors))
            assert asked <= {*SERIES[series].all_labels, "le"}, f"{name}: {series} has no {asked}"
            assert "run" in asked, f"{name}: {expression} shows every run"


def test_all_metrics_of_the_way_and_of_a_run_are_on_some_dashboard() -> None:
    shown = {
        SERIES[each].name
        for name in NAMES
        for expression in expressions(BOARDS[name])
        for each in re.findall(r"\bbellwether_\w+", expression)
        if each in SERIES
    }
    through_rules = {"bellwether_records_total"}
    elsewhere = {
        "bellwether_start_timestamp_seconds",
        "bellwether_detail",
        "bellwether_warnings",
        "bellwether_history_documents_total",
    }
    left = {metric.name for metric in METRICS} - shown - through_rules - elsewhere
    assert left <= {
        "bellwether_source_next_poll_timestamp_seconds", "bellwether_source_read_total",
        "bellwether_source_refused_total",
        "bellwether_documents_scored_total", "bellwether_process_running", "bellwether_alerts_limited_total",
        "bellwether_redis_evicted_total", "bellwether_waiting_unread_records", "bellwether_looked_timestamp_seconds",
    }, left  # fmt: skip


def test_prometheus_reads_every_expression(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.fail("promtool is not on the PATH; run: bash .ci/prometheus (Debian: apt-get install prometheus)")
    asked = sorted({expression for board in BOARDS.values() for expression in expressions(board)})
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_places_of_their_own_and_a_source(name: str) -> None:
    board, taken = BOARDS[name], set()
    assert board["uid"] == f"bellwether-{name}" and len(board["panels"]) >= 10
    assert [each["name"] for each in board["templating"]["list"]] == ["datasource", "run"]
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
