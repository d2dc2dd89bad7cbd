"""Writes the four dashboards beside it: python deploy/grafana/dashboards.py. A test holds them to it, each expression
to promtool and each metric to the list (shared/contract/operation/metrics.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDTH: Final = 24
RED, ORANGE, GREEN = "red", "orange", "green"


@dataclass(frozen=True)
class Panel:
    """`asks`: expression -> legend, where `{{label}}` is a label. `bounds`: (from there on, colour)."""

    title: str
    asks: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    text: str = ""
    bounds: tuple[tuple[float | None, str], ...] = ((None, GREEN),)
    stacked: bool = False


def stat(title: str, expression: str, unit: str = "short", text: str = "", *bounds: tuple[float | None, str]) -> Panel:
    return Panel(title, {expression: ""}, unit, "stat", 4, text, bounds or ((None, "text"),))


def quantiles(title: str, metric: str, by: str = "", text: str = "", where: str = "") -> Panel:
    """p50, p95 and p99 of a histogram in seconds."""
    labels, legend = (f", {by}", f" {{{{{by}}}}}") if by else ("", "")
    inner = f'rate({metric}_bucket{{run="$run"{where}}}[$__rate_interval])'
    asks = {
        f"histogram_quantile({share}, sum by (le{labels}) ({inner}))": f"p{share * 100:g}{legend}"
        for share in (0.5, 0.95, 0.99)
    }
    return Panel(title, asks, "s", text=text)


def rate(metric: str, by: str = "") -> str:
    return f'sum{f" by ({by})" if by else ""} (rate({metric}{{run="$run"}}[$__rate_interval]))'


def share(metric: str, by: str) -> str:
    return f"{rate(metric, by)} / ignoring ({by}) group_left sum ({rate(metric, by)})"


def run(metric: str) -> str:
    return f'{metric}{{run="$run"}}'


def each_second(metric: str) -> str:
    return f"rate({run(metric)}[$__rate_interval])"


def answers(status: str) -> str:
    """Requests a second with a status like 4.."""
    return f'sum(rate(bellwether_api_request_seconds_count{{run="$run",status=~"{status}"}}[$__rate_interval]))'


def at(share: float, metric: str, by: str = "") -> str:
    """A quantile of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f'histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{run="$run"}}[$__rate_interval])))'


UNLINKED: Final = f"{rate('bellwether_unlinked_total')} / {rate('bellwether_scored_total')}"
REQUESTS: Final = "bellwether_api_request_seconds"
SCORERS: Final = 'bellwether_worker_info{run="$run",role="scoring"}'
HEARD: Final = run("bellwether_source_heard_timestamp_seconds")


def budget(name: str, allowed: float) -> dict[str, str]:
    """Burn rates of an objective."""
    return {
        f'bellwether:{name}_errors:ratio_{window}{{run="$run"}} / {allowed:g}': f"{name} {window}"
        for window in ("1h", "6h", "3d")
    }


WELL = ((None, RED), (1, GREEN))
NONE = ((None, GREEN), (1, RED))
SOME = ((None, GREEN), (1, ORANGE))

FLOW: Final = (
    stat("Healthy", run("bellwether_healthy"), "short", "As `bellwether status` says.", *WELL),
    stat("Documents/s", 'bellwether:scored:rate5m{run="$run"}', "short", "Scored, over five minutes."),
    stat("Documents wait", run("bellwether_waiting_documents"), "short", "Ticks are not counted."),
    stat("Opinions wait", run("bellwether_waiting_opinions")),
    stat(
        "Seconds behind", f"max({run('bellwether_behind_seconds')})", "s", "", (None, GREEN), (60, ORANGE), (300, RED)
    ),
    stat("Dead letters", run("bellwether_documents_dead"), "short", "That nobody has put back.", *SOME),
    quantiles("Read to visible", "bellwether_read_to_visible_seconds", text="What Bellwether takes."),
    quantiles("Published to visible", "bellwether_published_to_visible_seconds", text="With what the source takes."),
    Panel("Behind", {run("bellwether_behind_seconds"): "{{stage}}"}, "s", text="Age of the oldest that waits."),
    Panel(
        "Waiting", {run("bellwether_waiting_documents"): "documents", run("bellwether_waiting_opinions"): "opinions"}
    ),
    Panel("Records", {'bellwether:records:rate5m{run="$run"}': "{{role}}"}, "ops"),
    Panel("Published", {rate("bellwether_source_taken_total", "source"): "{{source}}"}, "ops", stacked=True),
    Panel(
        "Burn rates",
        {**budget("freshness", 0.01), **budget("loss", 0.001), **budget("sources", 0.05)},
        "x",
        width=16,
        text="1 uses up the month's allowance in a month; 14.4 for an hour calls somebody.",
    ),
    Panel(
        "Lost",
        {
            rate("bellwether_dead_letters_total", "reason"): "{{reason}}",
            rate("bellwether_source_gaps_total", "source"): "gaps of {{source}}",
        },
        "ops",
    ),
    Panel(
        "Refused at the door", {rate("bellwether_rejected_total", "source, reason"): "{{source}}: {{reason}}"}, "ops"
    ),
    Panel(
        "Copies and updates",
        {
            rate("bellwether_source_copies_total"): "copies",
            rate("bellwether_source_updates_total"): "updates",
            each_second("bellwether_duplicates_total"): "recognised later",
        },
        "ops",
    ),
    Panel("Sources in trouble", {f"{run('bellwether_source_well')} == 0": "{{source}}"}, text="Empty is good."),
    Panel("Since a source was heard", {f"time() - {HEARD} and {HEARD} > 0": "{{source}}"}, "s"),
    Panel(
        "Alerts and signals",
        {
            each_second("bellwether_alerts_total"): "alerts",
            run("bellwether_alerts_waiting"): "deliveries wait",
            run("bellwether_signals_waiting"): "signals wait",
        },
    ),
    Panel(
        "Not applied",
        {
            each_second("bellwether_late_total"): "late",
            each_second("bellwether_dropped_total"): "dropped by rules",
            each_second("bellwether_invalid_total"): "unreadable",
            each_second("bellwether_documents_unscored_total"): "no model reads",
        },
        "ops",
    ),
)

MEANING: Final = (
    stat("Companies", run("bellwether_companies"), "short", "With an opinion."),
    stat("Opinions", run("bellwether_opinions_applied_total")),
    stat("Without a company", UNLINKED, "percentunit"),
    stat("Retracted", run("bellwether_documents_retracted_total"), "short", "Gone at their source."),
    stat(
        "Drifting",
        f"sum({run('bellwether_drift_distance')} > bool {run('bellwether_drift_limit')})",
        "short",
        "Kinds above their limit; docs/drift.md.",
        *SOME,
    ),
    stat(
        "Newest opinion", f"time() - {run('bellwether_newest_opinion_timestamp_seconds')}", "s", "Age in market time."
    ),
    Panel("Sentiment", {share("bellwether_sentiment_total", "label"): "{{label}}"}, "percentunit", stacked=True),
    Panel("Languages", {share("bellwether_scored_total", "language"): "{{language}}"}, "percentunit", stacked=True),
    Panel("Events", {f"topk(10, {rate('bellwether_event_total', 'event')})": "{{event}}"}, "ops", stacked=True),
    Panel(
        "Drift, as a part of the limit",
        {f"{run('bellwether_drift_distance')} / {run('bellwether_drift_limit')}": "{{kind}}"},
        "percentunit",
        width=12,
        text="Above 100 % it is more than chance and habit.",
    ),
    Panel(
        "Confidence",
        {
            at(each, "bellwether_confidence"): name
            for each, name in ((0.1, "lowest tenth"), (0.5, "median"), (0.9, "highest tenth"))
        },
        "percentunit",
        width=12,
    ),
    Panel("Documents compared", {run("bellwether_drift_documents"): "of the newest two days"}, width=12),
    Panel("Without a company", {UNLINKED: "share"}, "percentunit", width=12),
    Panel(
        "Beside the live model",
        {run("bellwether_shadow_share"): "{{model}}: {{what}}"},
        "percentunit",
        width=24,
        text="What `bellwether model shadow NAME --follow` compared; empty where none follows.",
    ),
)

API: Final = (
    stat("Requests/s", rate(f"{REQUESTS}_count"), "reqps"),
    stat(
        "Errors", f"{answers('5..')} / {rate(f'{REQUESTS}_count')}", "percentunit", "5xx", (None, GREEN), (0.005, RED)
    ),
    stat("Refused", answers("4.."), "reqps", "4xx"),
    stat("Open streams", f"sum({run('bellwether_api_streams')})"),
    stat("Audit waits", run("bellwether_audit_waiting"), "short", "Entries that Kafka does not have yet."),
    stat("p95", 'bellwether:api_request_seconds:p95_5m{run="$run"}', "s"),
    Panel("By route", {rate(f"{REQUESTS}_count", "method, route"): "{{method}} {{route}}"}, "reqps", stacked=True),
    Panel("By status", {rate(f"{REQUESTS}_count", "status"): "{{status}}"}, "reqps", stacked=True),
    Panel("Burn rate", budget("api", 0.005), "x"),
    Panel("p95 by route", {at(0.95, REQUESTS, "route"): "{{route}}"}, "s", width=12),
    quantiles("All routes", "bellwether_api_request_seconds"),
    quantiles("Redis, for readers", "bellwether_redis_seconds", where=',operation="read"'),
    quantiles("Search of the archive", "bellwether_archive_seconds", where=',operation="search"'),
)

MACHINES: Final = (
    stat("Redis", run("bellwether_redis_up"), "short", "", *WELL),
    stat("Kafka", run("bellwether_kafka_up"), "short", "", *WELL),
    stat("Held", f"sum({run('bellwether_process_held')})", "short", "Wait for `bellwether resume`.", *NONE),
    stat("Restarts today", f"sum(increase({run('bellwether_process_restarts_total')}[1d]))", "short", "", *SOME),
    stat("Problems", run("bellwether_problems"), "short", "", *NONE),
    stat(
        "Disk free",
        f"{run('bellwether_disk_free_bytes')} / {run('bellwether_disk_size_bytes')}",
        "percentunit",
        "",
        (None, RED),
        (0.05, ORANGE),
        (0.1, GREEN),
    ),
    Panel("Workers", {run("bellwether_workers"): "{{role}}"}),
    Panel("Restarts", {f"increase({run('bellwether_process_restarts_total')}[5m])": "{{process}}"}),
    Panel("Memory", {run("bellwether_resident_bytes"): "{{role}} {{name}}"}, "bytes"),
    Panel(
        "Redis' memory",
        {run("bellwether_redis_used_bytes"): "used", run("bellwether_redis_limit_bytes"): "maxmemory"},
        "bytes",
    ),
    Panel("Disk free", {run("bellwether_disk_free_bytes"): "free"}, "bytes"),
    Panel("Queues", {run("bellwether_queue_records"): "{{role}} {{name}}"}),
    quantiles("Model, a pass", "bellwether_model_seconds"),
    Panel(
        "Documents a pass",
        {f"{rate('bellwether_model_documents_sum')} / {rate('bellwether_model_documents_count')}": "mean"},
    ),
    quantiles("Linking and tokenising", "bellwether_link_seconds"),
    quantiles("Kafka, to acknowledgement", "bellwether_kafka_publish_seconds"),
    quantiles("Redis, by operation", "bellwether_redis_seconds", "operation"),
    quantiles("Archive, by operation", "bellwether_archive_seconds", "operation"),
    quantiles("Records, read to durable", "bellwether_record_seconds", "role"),
    Panel("Partitions", {run("bellwether_partitions"): "{{role}} {{name}}"}),
    Panel("The exporter's look", {run("bellwether_look_seconds"): "seconds"}, "s"),
    Panel("Running models", {SCORERS: "{{name}}: {{model}} {{device}} {{precision}}"}),
)

BOARDS: Final = {
    "flow": ("Bellwether: flow", "Whether documents come, how long they take, and what is lost.", FLOW),
    "meaning": ("Bellwether: meaning", "What the documents say, and whether that has changed.", MEANING),
    "api": ("Bellwether: API", "Who asks, how long it takes, what fails.", API),
    "machines": ("Bellwether: machines", "Processes, memory, and the time of each step.", MACHINES),
}


def board(name: str) -> dict[str, Any]:
    """A dashboard as Grafana imports it (schema 38, Grafana 10 and later)."""
    title, text, panels = BOARDS[name]
    return {
        "uid": f"bellwether-{name}",
        "title": title,
        "description": text,
        "tags": ["bellwether"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "timezone": "utc",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "links": [{"type": "dashboards", "title": "Bellwether", "tags": ["bellwether"], "asDropdown": False}],
        "templating": {"list": [_data_source(), _run()]},
        "panels": [_panel(number, panel, place) for number, (panel, place) in enumerate(_placed(panels), 1)],
    }


def _data_source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _run() -> dict[str, Any]:
    query = "label_values(bellwether_looked_timestamp_seconds, run)"
    ask = {"name": "run", "label": "Run", "type": "query", "datasource": SOURCE, "query": query, "definition": query}
    return {**ask, "refresh": 2, "sort": 1}


def _placed(panels: tuple[Panel, ...]) -> list[tuple[Panel, dict[str, int]]]:
    """From left to right, in rows as high as their highest."""
    found, x, y, high = [], 0, 0, 0
    for panel in panels:
        height = 4 if panel.kind == "stat" else 8
        if x + panel.width > WIDTH or (x and height != high):
            x, y, high = 0, y + high, 0
        found.append((panel, {"x": x, "y": y, "w": panel.width, "h": height}))
        x, high = x + panel.width, max(high, height)
    return found


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    custom = {"fillOpacity": 30 if panel.stacked else 8, "stacking": {"mode": "normal" if panel.stacked else "none"}}
    steps = [{"value": bound, "color": colour} for bound, colour in panel.bounds]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                **({"custom": custom} if panel.kind == "timeseries" else {}),
            },
            "overrides": [],
        },
        "options": _options(panel),
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": expression, "legendFormat": legend or "__auto"}
            for at, (expression, legend) in enumerate(panel.asks.items())
        ],
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}


def text_of(name: str) -> str:
    return json.dumps(board(name), indent=2) + "\n"


if __name__ == "__main__":
    for each in BOARDS:
        (HERE / f"{each}.json").write_text(text_of(each))
