"""Replays and their back-tests as rows of tables and lines of figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from dashboard.drawing.formats import MINUS, NOTHING
from dashboard.drawing.palette import Palette
from dashboard.drawing.tables import plain

LIGHT: Final = ("#1763b0", "#c8590a", "#2f8f83", "#8a5aa8", "#8c6d1f", "#66717d")
DARK: Final = ("#4d9be6", "#e8762b", "#4fc0b0", "#b58ad6", "#cbb04a", "#8c98a5")
MEASURES: Final[tuple[tuple[str, str, str], ...]] = (  # row, path in metrics.json, format
    ("IC, 1 session", "ic_mean", "+.4f"),
    ("t of the IC (Newey-West)", "ic_t", "+.2f"),
    ("placebo p", "placebo.ic_p", ".3f"),
    ("IC, 5 sessions", "ic_by_horizon.5.mean", "+.4f"),
    ("Sharpe after costs", "sharpe", "+.2f"),
    ("its standard error", "sharpe_error", ".2f"),
    ("Sharpe before costs", "sharpe_gross", "+.2f"),
    ("deflated Sharpe (probability)", "deflated_sharpe", ".2f"),
    ("deepest drawdown", "max_drawdown", "+.1%"),
    ("return, long-short", "total_return", "+.1%"),
    ("turnover a session", "turnover", ".2f"),
    ("signals", "n_signals", ",d"),
    ("companies", "n_companies", ",d"),
    ("first", "first", "day"),
    ("last", "last", "day"),
    ("strategy", "strategy", "text"),
    ("parameters", "walk_forward", "walk"),
    ("company names", "anonymised", "names"),
    ("texts", "synthetic", "texts"),
    ("model", "model", "text"),
)


INDEPENDENT: Final = 20  # periods from which a t-value is shown as one


def colour_of(number: int, colours: Palette) -> str:
    """The colour of the nth run that is compared."""
    shades = LIGHT if colours.background == "#ffffff" else DARK
    return shades[number % len(shades)]


def run_table(runs: Sequence[Mapping[str, Any]], tests: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a back-test, named as in the charts; a run without any has one of its own. The measures' columns are
    there where any run was tested.
    """
    rows = []
    for run in runs:
        own = [test for test in tests if test["run"] == run["run"]]
        rows += [_asked(run) | _found(test) for test in own] or [_asked(run)]
    return pd.DataFrame(rows)


def _asked(run: Mapping[str, Any]) -> dict[str, Any]:
    progress, running = run.get("progress") or {}, run.get("state") == "running"
    return {
        "run": run["run"],
        "state": run.get("state", ""),
        "documents": progress.get("done") if running else run.get("documents"),
        "signals": progress.get("signals") if running else run.get("signals"),
        "names": "hidden" if run.get("asked", {}).get("anonymise") else "shown",
    }


def _found(test: Mapping[str, Any]) -> dict[str, Any]:
    metrics = test["metrics"]
    return {
        "signals": metrics.get("n_signals"),  # of the strategy that was tested
        "back-test": test["name"],
        "strategy": metrics.get("strategy", ""),
        "IC": metrics.get("ic_mean"),
        "t": metrics.get("ic_t"),
        "placebo p": (metrics.get("placebo") or {}).get("ic_p"),
        "Sharpe": metrics.get("sharpe"),
        "drawdown": metrics.get("max_drawdown"),
        "turnover": metrics.get("turnover"),
        "warning": few(metrics) or ("synthetic texts" if metrics.get("synthetic") else ""),
    }


def few(metrics: Mapping[str, Any]) -> str:
    """Why the t-value says little; "" where it rests on enough independent periods."""
    sessions = metrics.get("ic_sessions")
    if sessions is None or sessions >= INDEPENDENT:
        return ""
    return f"t of {sessions} independent periods: too few to judge by"


def greyed(table: pd.DataFrame, colours: Palette) -> pd.io.formats.style.Styler:
    """The table with those t-values in grey that say little."""

    def shade(row: pd.Series) -> list[str]:
        grey = f"color: {colours.muted}"
        return [grey if name == "t" and str(row.get("warning", "")).startswith("t of") else "" for name in row.index]

    return table.style.apply(shade, axis=1)


def comparison(tests: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The measures of several back-tests side by side, as texts: one row a measure, one column a back-test."""
    columns = {test["name"]: [_measure(test["metrics"], path, form) for _, path, form in MEASURES] for test in tests}
    return pd.DataFrame({"measure": [name for name, _, _ in MEASURES], **columns})


def _measure(metrics: Mapping[str, Any], path: str, form: str) -> str:
    text = _written(metrics, path, form)
    return f"{text} ({few(metrics)})" if path == "ic_t" and text != NOTHING and few(metrics) else text


def _written(metrics: Mapping[str, Any], path: str, form: str) -> str:
    value: Any = metrics
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if form == "names":
        return "hidden from the model" if value else "shown to the model"
    if form == "texts":
        return NOTHING if value is None else "synthetic: nobody wrote them" if value else "not synthetic"
    if form == "walk":
        return f"chosen in {value['folds']} folds, on the past alone" if value else "as declared"
    if value is None:
        return NOTHING
    if form in ("day", "text"):
        return str(value)[:10] if form == "day" else str(value)
    return format(value, form).replace("-", MINUS)


def named_pairs(tests: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Back-tests of the same texts, model and strategies with company names shown and hidden."""

    def same(run: Mapping[str, Any]) -> str:
        asked = {key: value for key, value in run["asked"].items() if key != "anonymise"}
        return repr(sorted(asked.items())) + str(run["metrics"].get("strategy"))

    hidden = {same(test): test for test in tests if test["asked"].get("anonymise")}
    return [(test, hidden[same(test)]) for test in tests if not test["asked"].get("anonymise") and same(test) in hidden]


def pair_text(pair: tuple[Mapping[str, Any], Mapping[str, Any]]) -> str:
    """What hiding the names changed, in a sentence."""
    parts = []
    for run in pair:
        metrics = run["metrics"]
        ic, t, sharpe = (_written(metrics, path, form) for path, form in _PAIRED)
        parts.append(f"IC {ic} (t {t}), Sharpe {sharpe}")
    return f"Same texts, company names shown ({pair[0]['name']}): {parts[0]}; hidden ({pair[1]['name']}): {parts[1]}."


_PAIRED: Final = (("ic_mean", "+.4f"), ("ic_t", "+.2f"), ("sharpe", "+.2f"))


def equity_chart(curves: Mapping[str, pd.DataFrame], colours: Palette) -> go.Figure:
    """Growth of 1 of each run: columns date, long_short, long_only."""
    figure = go.Figure()
    for number, (name, frame) in enumerate(curves.items()):
        for column, dash in (("long_short", "solid"), ("long_only", "dot")):
            figure.add_scatter(
                x=frame["date"],
                y=frame[column],
                name=f"{name}, {column.replace('_', '-')}",
                mode="lines" if len(frame) > 5 else "lines+markers",  # a line of one point is not seen
                line={"dash": dash, "width": 2 if dash == "solid" else 1.2, "color": colour_of(number, colours)},
                hovertemplate="%{y:.3f}",
            )
    figure.add_hline(y=1, line={"color": colours.muted, "width": 1})
    figure.update_yaxes(title="Growth of 1, after costs", gridcolor=colours.grid)
    return plain(figure, colours, 360)


def drawdown_chart(curves: Mapping[str, pd.DataFrame], colours: Palette) -> go.Figure:
    """How far each run's long-short curve stands below its peak."""
    figure = go.Figure()
    for number, (name, frame) in enumerate(curves.items()):
        equity = frame["long_short"]
        fall = equity / equity.cummax().clip(lower=1.0) - 1
        figure.add_scatter(
            x=frame["date"],
            y=fall,
            name=name,
            mode="lines",
            line={"width": 1.5, "color": colour_of(number, colours)},
            hovertemplate="%{y:.1%}",
        )
    figure.update_yaxes(title="Drawdown, long-short", gridcolor=colours.grid, tickformat=".3~%")
    return plain(figure, colours, 280)


def decay_chart(runs: Sequence[Mapping[str, Any]], colours: Palette) -> go.Figure:
    """IC by horizon with its 95 % interval (Newey-West), each run a little beside the other."""
    figure = go.Figure()
    all_of = [run["metrics"].get("ic_by_horizon") or {} for run in runs]
    places = {bars: place for place, bars in enumerate(dict.fromkeys(bars for each in all_of for bars in each))}
    for number, run in enumerate(runs):
        known = [(bars, row) for bars, row in all_of[number].items() if row["mean"] is not None]
        if not known:
            continue
        errors = [1.96 * abs(row["mean"] / row["t"]) if row["t"] else 0.0 for _, row in known]
        figure.add_scatter(
            x=[places[bars] + (number - (len(runs) - 1) / 2) * 0.08 for bars, _ in known],
            y=[row["mean"] for _, row in known],
            error_y={"array": errors, "width": 3, "thickness": 1},
            name=run["name"],
            mode="lines+markers",
            line={"width": 1.5, "color": colour_of(number, colours)},
            customdata=[int(bars) if bars.isdecimal() else bars for bars, _ in known],
            hovertemplate="%{y:+.4f}",
        )
    figure.add_hline(y=0, line={"color": colours.muted, "width": 1})
    figure.update_yaxes(title="IC, 95 % interval", gridcolor=colours.grid, tickformat="+.3~f")
    shown = [bars for bars in places if any((each.get(bars) or {}).get("mean") is not None for each in all_of)]
    figure.update_xaxes(tickvals=[places[bars] for bars in shown], ticktext=shown)
    days = all(bars.isdecimal() for bars in places)
    figure.update_xaxes(title="sessions ahead" if days else "horizon: sessions, or as named")
    return plain(figure, colours, 280)


def seconds_left(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
