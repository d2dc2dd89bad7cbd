"""deploy/prometheus by Prometheus' own promtool: it reads the files, and every alert fires on series that are made for
it and keeps quiet on others. Each alert has its section in the run-book, each metric is in the list."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contract.operation.metrics import METRICS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES = {name: yaml.safe_load((FOLDER / name).read_text()) for name in ("recording.yml", "alerts.yml")}
ALERTS = {rule["alert"]: rule for group in RULES["alerts.yml"]["groups"] for rule in group["rules"]}
ORDER = [group["name"] for rules in RULES.values() for group in rules["groups"]]  # recorded before it is asked
RUN = {"run": "live"}


@dataclass(frozen=True)
class Case:
    """Series (one sample every `interval`) on which an alert fires `at`, with these labels; and others without it."""

    fires: dict[str, str]
    quiet: dict[str, str]
    at: str = "2h"
    labels: dict[str, str] = field(default_factory=lambda: dict(RUN))
    interval: str = "1m"
    also: tuple[str, ...] = ()  # other alerts that fire on the same series


def way(name: str, good: int, all_of: int, count: str = "x150", good_labels: str = "") -> dict[str, str]:
    """A histogram of which `good` of `all_of` observations a sample are within the objective."""
    return {
        f'bellwether_{name}_bucket{{run="live",{good_labels}}}': f"0+{good}{count}",
        f'bellwether_{name}_count{{run="live",status="200"}}': f"0+{all_of}{count}",
    }


def freshness(good: int, count: str) -> dict[str, str]:
    return way("read_to_visible_seconds", good, 1000, count, 'le="60.0"')


def api(good: int, count: str) -> dict[str, str]:
    return way("api_request_seconds", good, 1000, count, 'le="2.5",status="200"')


def loss(dead: float, count: str, gaps: float = 0) -> dict[str, str]:
    return {
        'bellwether_scored_total{run="live",language="en"}': f"0+1000{count}",
        'bellwether_dead_letters_total{run="live",reason="future"}': f"0+{dead}{count}",
        'bellwether_source_gaps_total{run="live",source="wire"}': f"0+{gaps}{count}",
    }


def wells(first: str, second: str) -> dict[str, str]:
    return {
        'bellwether_source_well{run="live",source="a"}': first,
        'bellwether_source_well{run="live",source="b"}': second,
    }


def gauge(name: str, fires: str, quiet: str, at: str = "2h", also: tuple[str, ...] = (), **labels: str) -> Case:
    written = ",".join(f'{key}="{value}"' for key, value in {**RUN, **labels}.items())
    series = f"bellwether_{name}{{{written}}}"
    return Case({series: fires}, {series: quiet}, at, {**RUN, **labels}, also=also)


LONG = "x96"  # half-hour samples of two days
CASES: dict[str, Case] = {
    "BellwetherFreshnessBurnsFast": Case(freshness(800, "x150"), freshness(995, "x150")),
    "BellwetherFreshnessBurnsSlowly": Case(freshness(950, LONG), freshness(995, LONG), "2d", interval="30m"),
    "BellwetherLossBurnsFast": Case(loss(50, "x150"), loss(0.5, "x150")),
    "BellwetherLossBurnsSlowly": Case(loss(4, LONG), loss(0.5, LONG), "2d", interval="30m"),
    "BellwetherApiBurnsFast": Case(api(900, "x150"), api(999, "x150")),
    "BellwetherApiBurnsSlowly": Case(api(980, LONG), api(999, LONG), "2d", interval="30m"),
    "BellwetherSourcesBurnsFast": Case(
        wells("0x150", "0x150"), wells("1x150", "1x150"), also=("BellwetherSourceDown",)
    ),
    "BellwetherSourcesBurnsSlowly": Case(wells("1x96", "1 1 0 0 " * 24), wells("1x96", "1x96"), "2d", interval="30m"),
    "BellwetherNotSeen": Case(
        {"unrelated": "1x30"}, {'bellwether_looked_timestamp_seconds{run="live"}': "1x30"}, "20m", {}
    ),
    "BellwetherUnhealthy": gauge("healthy", "0x60", "0x10 1x50", "40m"),
    "BellwetherKafkaDown": gauge("kafka_up", "0x60", "0x2 1x58", "40m"),
    "BellwetherRedisDown": gauge("redis_up", "0x60", "0x2 1x58", "40m"),
    "BellwetherBehind": gauge("behind_seconds", "400x60", "200x60", "40m", stage="scoring"),
    "BellwetherRoleSilent": gauge("workers", "2x20", "2x60", "37m", role="scoring"),
    "BellwetherProcessHeld": gauge("process_held", "1x60", "0x60", "40m", process="scoring-1"),
    "BellwetherProcessRestarts": gauge("process_restarts_total", "0+1x60", "3x60", "40m", process="scoring-1"),
    "BellwetherDeadLettersWait": Case(
        {'bellwether_documents_dead{run="live"}': "4x170"},
        {'bellwether_documents_dead{run="live"}': "4x70 0x100"},
        "26h",
        interval="10m",
    ),
    "BellwetherRecordsUnreadable": gauge("invalid_total", "0x20 1x40", "1x60", "40m"),
    "BellwetherSourceGap": gauge("source_gaps_total", "0x20 1x40", "1x60", "40m", source="wire"),
    "BellwetherSourceDown": gauge(
        "source_well", "0x150", "0x20 1x130", also=("BellwetherSourcesBurnsFast",), source="wire"
    ),
    "BellwetherSourceRefused": Case(
        {
            'bellwether_source_read_total{run="live",source="wire"}': "0+10x150",
            'bellwether_source_refused_total{run="live",source="wire"}': "0+6x150",
        },
        {
            'bellwether_source_read_total{run="live",source="wire"}': "0+10x150",
            'bellwether_source_refused_total{run="live",source="wire"}': "0+4x150",
        },
        labels={**RUN, "source": "wire"},
    ),
    "BellwetherRedisFull": Case(
        {'bellwether_redis_used_bytes{run="live"}': "95x60", 'bellwether_redis_limit_bytes{run="live"}': "100x60"},
        {'bellwether_redis_used_bytes{run="live"}': "95x60", 'bellwether_redis_limit_bytes{run="live"}': "0x60"},
        "40m",
    ),
    "BellwetherRedisEvicted": gauge("redis_evicted_total", "0x20 9x40", "9x60", "40m"),
    "BellwetherDiskFull": gauge("disk_free_bytes", "1e12-1e9x150", "1e12x150"),
    "BellwetherAlertsNotDelivered": gauge("alerts_waiting", "3x60", "3x30 0 3x28", "50m"),
    "BellwetherSignalsNotSent": gauge("signals_waiting", "3x60", "3x20 0 3x5 0 3x60", "32m"),
    "BellwetherAuditNotMoved": gauge("audit_waiting", "3x60", "3x30 0 3x28", "50m"),
    "BellwetherDrift": Case(
        {
            'bellwether_drift_distance{run="live",kind="language"}': "0.3x90",
            'bellwether_drift_limit{run="live",kind="language"}': "0.1x90",
        },
        {
            'bellwether_drift_distance{run="live",kind="language"}': "0.09x90",
            'bellwether_drift_limit{run="live",kind="language"}': "0.1x90",
        },
        "7h",
        {**RUN, "kind": "language"},
        interval="5m",
    ),
}


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.fail("promtool is not on the PATH; run: bash .ci/prometheus (Debian: apt-get install prometheus)")
    return found


def called(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_promtool_takes_rules_and_configuration(promtool: str) -> None:
    for command in (
        ("check", "rules", *(str(FOLDER / name) for name in RULES)),
        ("check", "config", str(FOLDER / "prometheus.yml")),
    ):
        done = called(promtool, *command)
        assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr


def expected(name: str, labels: dict[str, str]) -> dict[str, Any]:
    rule = ALERTS[name]
    notes = {
        key: re.sub(r"{{ \$labels\.(\w+) }}", lambda match: labels.get(match[1], ""), text)
        for key, text in rule["annotations"].items()
    }
    return {"exp_labels": {**labels, **rule["labels"]}, "exp_annotations": notes}


def groups_of(name: str, case: Case) -> list[dict[str, Any]]:
    """Of one alert: that it fires, and that nothing else does but what is said; and that it keeps quiet."""
    groups = []
    for series, fires in ((case.fires, True), (case.quiet, False)):
        told = [{"eval_time": case.at, "alertname": name, "exp_alerts": [expected(name, case.labels)] if fires else []}]
        slowly = {each.replace("Fast", "Slowly") for each in (name, *case.also)}  # what burns fast burns slowly, too
        others = ALERTS.keys() - {name, "BellwetherNotSeen", *case.also, *slowly}
        told += [{"eval_time": case.at, "alertname": other, "exp_alerts": []} for other in sorted(others)]
        groups.append(
            {
                "interval": case.interval,
                "input_series": [{"series": each, "values": values} for each, values in series.items()],
                "alert_rule_test": told,
            }
        )
    return groups


def test_every_alert_has_series_here() -> None:
    assert CASES.keys() == ALERTS.keys()


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_on_its_series_and_on_no_others(promtool: str, tmp_path: Path, name: str) -> None:
    case, file = CASES[name], tmp_path / "tests.yml"
    rules = [str(FOLDER / rules) for rules in RULES]
    when = {"evaluation_interval": case.interval, "group_eval_order": ORDER}
    file.write_text(yaml.safe_dump({"rule_files": rules, **when, "tests": groups_of(name, case)}))
    done = called(promtool, "test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_objectives_are_recorded_over_every_window_that_alerts_ask(promtool: str, tmp_path: Path) -> None:
    series = [*freshness(800, "x150").items(), *api(900, "x150").items(), *loss(50, "x150", 50).items()]
    ratios = {"freshness": 0.2, "api": 0.1, "loss": 100 / 1050, "sources": 0.5}
    windows = {name: ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] for name in ratios}
    asked = [
        {
            "expr": f"round(bellwether:{name}_errors:ratio_{window}, 0.001)",
            "eval_time": "2h",
            "exp_samples": [{"labels": '{run="live"}', "value": round(ratios[name], 3)}],
        }
        for name in ratios
        for window in windows[name]
    ]
    file = tmp_path / "recorded.yml"
    given = [{"series": each, "values": values} for each, values in (*series, *wells("1x150", "0x150").items())]
    tests = [{"interval": "1m", "input_series": given, "promql_expr_test": asked}]
    file.write_text(yaml.safe_dump({"rule_files": [str(FOLDER / "recording.yml")], "tests": tests}))
    done = called(promtool, "test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_of_a_rule_is_in_the_list_or_recorded() -> None:
    recorded = {rule["record"] for group in RULES["recording.yml"]["groups"] for rule in group["rules"]}
    shown = set(recorded)
    for metric in METRICS:
        shown |= {metric.name} | (
            {f"{metric.name}_{part}" for part in ("bucket", "count", "sum")} if metric.buckets else set()
        )
    for rules in RULES.values():
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            named = set(re.findall(r"\bbellwether[_:][\w:]+", rule["expr"]))
            assert named <= shown, f"{rule}: {named - shown}"


def test_every_alert_has_its_section_in_the_run_book_and_the_other_way_round() -> None:
    headings = re.findall(r"^### (Bellwether\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert rule["labels"]["severity"] in {"page", "ticket"}
