"""The tear sheet: one HTML file that needs nothing else. It draws what report.py computed."""

from __future__ import annotations

import html
import math
from typing import Any

import pandas as pd

from services.backtest import drawings
from services.backtest.charts import svg
from services.backtest.monthly import against_benchmark, month_table
from services.backtest.result import Backtest
from shared.event_classes.selection import picked

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2733;--muted:#6b7785;--paper:#fbfbf9;--card:#fff;--rule:#e3e3dd;--note:#e8f0fa;
--edge:#a9c3e2;--warn:#fff7e6;--warned:#ecd9a8;--few:#9aa3ad}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--muted:#9aa5b1;--paper:#12171d;--card:#1a2129;--rule:#2c3641;
--note:#17293d;--edge:#31557d;--warn:#33290f;--warned:#6b5620;--few:#697480;--1c2733:#e6e9ed;--6b7785:#9aa5b1;
--1b7f79:#3fb3ab;--b4532a:#e0805a;--2f5d9b:#6ea0e6;--c9ced6:#5b6672;--8a5aa8:#b98ad6;--8c6d1f:#c9a54a}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;max-width:1180px;
padding:24px}
h1{font-size:26px;margin:0 0 4px}
h2{font-size:18px;margin:36px 0 8px;border-bottom:1px solid var(--rule);padding-bottom:4px}
.lead{color:var(--muted);margin:0 0 20px}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(172px,1fr));gap:10px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:10px 12px}
.card b{display:block;font-size:20px}.card span{color:var(--muted);font-size:12px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:16px}
table{border-collapse:collapse;width:100%;background:var(--card);font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;border-bottom:1px solid var(--rule);text-align:right}
th:first-child,td:first-child{text-align:left}
.few{color:var(--few)}.synthetic{background:var(--note);border:1px solid var(--edge);border-radius:6px;padding:8px 14px}
.warn{background:var(--warn);border:1px solid var(--warned);border-radius:6px;padding:10px 14px}
svg{width:100%;height:auto;max-height:460px}svg text{font-size:11px;fill:var(--muted)}
svg .h{font-size:15px;fill:var(--ink)}svg .m{text-anchor:middle}svg .e{text-anchor:end}
svg .g{stroke:var(--rule)}svg .z{stroke:var(--muted)}svg .l{fill:none;stroke-linejoin:round}
@media(max-width:900px){.two{grid-template-columns:1fr}}
"""

MOST_TESTS = 8  # rows of a direction; metrics.json has more
INDEPENDENT = 20  # periods from which a t-value is shown as one


def tearsheet(result: Backtest, title: str) -> str:
    """The whole page as a string. Every text from outside is escaped."""
    m = result.metrics
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p class=synthetic>{SYNTHETIC}</p>" if m.get("synthetic") else "",
        f"<p class=lead>{html.escape(_lead(m))}</p>",
        _cards(m),
        _warnings(m["warnings"]),
        "<h2>What it was worth</h2>",
        svg(drawings.equity(result)),
        svg(drawings.drawdown(result)),
        "<h2>Against the benchmark</h2>",
        _table(against_benchmark(result)),
        "<h2>Month by month, long-short after costs</h2>",
        _table(month_table(result.by_month, "long_short")),
        "<h2>The benchmark's months</h2>",
        _table(month_table(result.by_month, "market")),
        "<h2>Did the signal know anything?</h2><div class=two>",
        *(svg(figure) for figure in drawings.knowledge(result, m)),
        "</div><h2>By horizon</h2>",
        _table(_horizons(m)),
        _bars(m["bars"]) if m.get("bars") else "",
        *_granger(m["granger"]),
        *(_peers(m["peers"]) if m.get("peers") else ()),
        *(_folds(result.folds, m["walk_forward"]) if result.folds else ()),
        "<h2>By year</h2>",
        _table(_judged(result.by_year)),
        "<h2>By sector</h2>",
        _table(_judged(result.by_sector)),
        "<h2>Around events</h2>",
        *_events(result.events),
        "<h2>Every number</h2>",
        _numbers(m),
    ]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _peers(worth: dict[str, Any]) -> tuple[str, ...]:
    """The strategy beside itself without what it hears of related companies."""
    rows = {
        "with peers": worth["with_peers"],
        "without peers": worth["without_peers"],
    }
    said = (
        f"Per session, listening to related companies added {_number(worth['ic_gained'], '+.4f')} to the information "
        f"coefficient (t = {_number(worth['ic_gained_t'], '+.2f')}, {worth['sessions']} sessions)."
    )
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("")
    return "<h2>What the peers were worth</h2>", f"<p class=lead>{html.escape(said)}</p>", _table(frame.reset_index())


class Markup(str):
    """HTML of our own, shown as it is."""


SYNTHETIC = (
    "<b>Synthetic data.</b> Nobody wrote these texts: they were invented by a generator (bellwether sample). "
    "Nothing on this page says anything about a real company."
)


def _lead(m: dict[str, Any]) -> str:
    return (
        f"{m['n_signals']:,} signals on {m['n_companies']} companies, {m['first'][:10]} to {m['last'][:10]}; "
        f"costs {m['cost_bps']} basis points a trade; strategy {m['strategy']}; model {m['model']}."
    )


def _number(value: Any, style: str = ".3f") -> str:
    if isinstance(value, float):
        return "n/a" if math.isnan(value) else format(value, style)
    return str(value) if isinstance(value, Markup) else html.escape(str(value))


def _t(value: float, periods: float, before: str = "") -> str:
    """A t-value as HTML; of too few independent periods it is greyed, with a word why."""
    text = f"{before}{_number(value, '+.2f')}"
    if periods >= INDEPENDENT:
        return text
    return f"<span class=few>{text}, of {math.floor(periods)} independent periods: too few to judge by</span>"


def _cards(m: dict[str, Any]) -> str:
    cards = [
        ("IC (1 bar)", _number(m["ic_mean"], "+.4f"), _t(m["ic_t"], m["ic_sessions"], "t = ") + " (Newey-West)"),
        ("Placebo", f"p = {_number(m['placebo']['ic_p'], '.3f')}", f"{m['placebo']['runs']} shuffles across companies"),
        (
            "Sharpe, long-short",
            f"{_number(m['sharpe'], '.2f')} ± {_number(m['sharpe_error'], '.2f')}",
            f"before costs {_number(m['sharpe_gross'], '.2f')}",
        ),
        ("Deflated Sharpe", _number(m["deflated_sharpe"], ".2f"), f"probability, {m['trials']} trial(s)"),
        ("Return, long-short", _number(m["total_return"], "+.1%"), f"drawdown {_number(m['max_drawdown'], '.1%')}"),
        ("Turnover", _number(m["turnover"], ".2f"), "of capital, a session"),
        (
            "Benchmark",
            _number(m["market"]["total_return"], "+.1%"),
            f"all companies in equal weights, Sharpe {_number(m['market']['sharpe'], '.2f')}",
        ),
        ("Coverage", _number(m["coverage"], ".0%"), "of priced companies have a signal"),
    ]
    inside = "".join(
        f"<div class=card><span>{name}</span><b>{value}</b><span>{note}</span></div>" for name, value, note in cards
    )
    return f"<div class=grid>{inside}</div>"


def _warnings(warnings: list[str]) -> str:
    if not warnings:
        return ""
    return "<h2>Mind this</h2><div class=warn>" + "<br>".join(html.escape(text) for text in warnings) + "</div>"


def _folds(folds: list[dict[str, Any]], walk: dict[str, Any]) -> list[str]:
    """Every fold: what the past chose, and what came of it."""
    rows = [
        {
            "trained on": " to ".join(fold["train"]) or "nothing",
            "tested on": " to ".join(fold["test"]),
            "parameters chosen": fold["parameters"] or "none: too little history",
            "Sharpe in sample": fold["in_sample"]["sharpe"],
            "out of sample": fold["out_of_sample"]["sharpe"],
            "IC in sample": fold["in_sample"]["ic"],
            "out of sample ": fold["out_of_sample"]["ic"],
        }
        for fold in folds
    ]
    lead = (
        f"Every number of this page is out of sample: of {len(walk['candidates'])} combinations, each fold trades the "
        f"one whose {walk['choose_by']} was best over the {walk['train_days']} days before it, with an embargo of "
        f"{walk['embargo_days']} days; the last {walk['purged_bars']} bars of that window are left out, because their "
        "positions were still open."
    )
    return [
        "<h2>Walk-forward</h2>",
        f"<p class=lead>{html.escape(lead)}</p>",
        svg(drawings.fold_bars(folds, walk["choose_by"])),
        _table(pd.DataFrame(rows)),
    ]


def _judged(years: pd.DataFrame) -> pd.DataFrame:
    t = [Markup(_t(row.ic_t, row.sessions)) for row in years.itertuples()]
    return years.assign(ic_t=pd.Series(t, index=years.index, dtype=object))  # a column of texts would make it plain


def _horizons(m: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for bars, ic in m["ic_by_horizon"].items():
        spread = m["quantile_spread"][bars] * 1e4
        apart = ic["sessions"] / (ic.get("bars") or int(bars))  # periods of several bars overlap
        own, of_spread = _t(ic["t"], apart), _t(m["quantile_spread_t"][bars], apart)
        rows.append(
            (
                bars if "bars" in ic else f"{bars} bar(s)",
                ic["mean"],
                Markup(own),
                spread,
                Markup(of_spread),
                ic["sessions"],
            )
        )
    columns = [
        "horizon",
        "IC",
        "t of the IC",
        "top minus bottom quintile, bp",
        "its t",
        "bars" if m.get("bars") else "sessions",
    ]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _bars(bars: dict[str, Any]) -> str:
    """How the prices lay in time, and what came over night apart from what came within sessions."""
    night, session = bars["night"], bars["session"]
    said = (
        f"Bars of {bars['minutes']} minutes, {bars['full_session']} in a full session, {bars['sessions']} sessions. "
        f"Before costs, the long-short book made {session['return']:+.2%} within sessions "
        f"(t = {_number(session['t'], '+.2f')}) and {night['return']:+.2%} over night, from a session's close to the "
        f"next open (t = {_number(night['t'], '+.2f')}). Horizons of bars and minutes end with their session; "
        f"night is from the last bar's close to the next open. {bars['missing']:.1%} of the bars are missing. Ratios "
        f"and months are of whole sessions; bar by bar the deepest drawdown is {bars['max_drawdown']:.1%}."
    )
    return f"<p class=lead>{html.escape(said)}</p>"


def _granger(found: dict[str, Any]) -> list[str]:
    """Which way it goes, company by company."""
    combined = (
        f"Over {found['companies']} companies, combined by Fisher's method (five lags): sentiment leads returns with "
        f"p = {_number(found['sentiment_leads_returns_p'])}, returns lead sentiment with "
        f"p = {_number(found['returns_lead_sentiment_p'])}. t: Newey-West, with lags for overlapping horizons."
    )
    meaning = (
        "F-tests (Granger) on sessions: the score known before an open, and the return that ended there; not prices, "
        "which are not stationary. q: p after Benjamini and Hochberg over all tests of a direction, so that of those "
        f"with a q of {found['level']} or less about that share is chance. They assume errors of one variance, and say "
        "what comes first, not what causes it."
    )
    parts = [
        f"<p class=lead>{html.escape(combined)}</p>",
        "<h2>Which comes first?</h2>",
        f"<p class=lead>{html.escape(meaning)}</p>",
    ]
    for direction in ("score_leads_returns", "returns_lead_score"):
        one, words = found[direction], direction.replace("_", " ")
        said = (
            f"{words[:1].upper()}{words[1:]}: {one['rejected']} of {one['tests']} tests on {one['companies']} "
            f"companies (lags {', '.join(map(str, found['lags']))}) stand after correction, of "
            f"{len(one['companies_rejected'])} companies; {one['below_level_uncorrected']} would without it, and "
            f"{found['level'] * one['tests']:.0f} are expected by chance."
        )
        parts.append(f"<p>{html.escape(said)}</p>")
        if one["tests"]:
            rows = pd.DataFrame(one["strongest"][:MOST_TESTS]).drop(columns="autocorrelation")
            parts.append(_table(rows.assign(rejected=rows["rejected"].map({True: "yes", False: "no"}))))
    return parts


def _events(study: pd.DataFrame) -> list[str]:
    if study.empty:
        return ["<p class=lead>No event class has enough cases.</p>"]
    rows = []
    for event, group in study.groupby("event"):
        at = group.set_index("bar")
        row = {"event": picked(str(event)), "cases": int(group["n"].iloc[0])}
        for bar in (-1, 1, 5, 10):
            if bar in at.index:
                row[f"to bar {bar}"] = f"{at.at[bar, 'mean']:+.2%} ± {at.at[bar, 'high'] - at.at[bar, 'mean']:.2%}"
        rows.append(row)
    note = (
        "Close-to-close return less the mean of all companies, summed from five sessions before; ± is the 95 % band "
        "of the cross-section. Many classes are tested: one in twenty leaves its band by chance."
    )
    table = _table(pd.DataFrame(rows))
    return [svg(drawings.events(study)), f"<p class=lead>{html.escape(note)}</p>", table]


_STYLES = {
    "ic_mean": "+.4f", "IC": "+.4f", "top minus bottom quintile, bp": "+.1f",
    "f": ".2f", "p": ".2g", "q": ".2g",
    "sharpe": "+.2f", "return": "+.1%", "deepest drawdown": ".1%", "beta": "+.2f", "correlation": "+.2f",
}  # fmt: skip


def _table(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "<p class=lead>Not enough data.</p>"
    head = "".join(f"<th>{html.escape(str(c)).replace('_', ' ')}</th>" for c in frame.columns)
    styles = [_STYLES.get(str(c), ".3f") for c in frame.columns]
    rows = (
        "".join(f"<td>{_number(v, style)}</td>" for v, style in zip(row, styles, strict=True))
        for row in frame.itertuples(index=False)
    )
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _numbers(m: dict[str, Any]) -> str:
    flat = {key: value for key, value in m.items() if isinstance(value, int | float | str)}
    rows = "".join(
        f"<tr><td>{key.replace('_', ' ')}</td><td>{_number(value, '.6g')}</td></tr>" for key, value in flat.items()
    )
    return f"<table>{rows}</table>"
