"""Back-test: replays as they run, what became of earlier ones side by side, and one tear sheet."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import components, live
from dashboard.drawing import formats, run_charts
from dashboard.reading import runs
from dashboard.view import View

EMPTY = (
    "Replay a stretch of the past with `bellwether replay --run NAME --file FILE --channel news --prices PRICES`: its "
    "curve grows here while it runs. With the synthetic week, whose prices follow a planted opinion:"
)
SAMPLE = """\
bellwether sample export --out week
bellwether replay --run week --file week/documents.jsonl --channel news --prices week/prices.csv
bellwether backtest --run week --prices week/prices.csv"""
COLUMNS = {
    "IC": st.column_config.NumberColumn(format="%+.4f", help="Mean rank correlation with the next session's return."),
    "t": st.column_config.NumberColumn(
        format="%+.2f", help="Newey-West t-statistic of the IC; grey where it rests on fewer than 20 periods."
    ),
    "placebo p": st.column_config.NumberColumn(format="%.3f", help="Share of 100 shuffled runs with as strong an IC."),
    "Sharpe": st.column_config.NumberColumn(format="%+.2f", help="Long-short, annualised, after costs."),
    "drawdown": st.column_config.NumberColumn(format="percent"),
    "turnover": st.column_config.NumberColumn(format="%.2f", help="Share of capital traded per session."),
}
CHART = {"displayModeBar": False}


def draw(view: View) -> None:
    state = live.settings().state_dir
    known = runs.read_runs(state)
    if not known:
        live.nothing("No run yet", EMPTY)
        st.code(SAMPLE, language="bash")
        return
    for run in known:
        if run.get("state") == "running":
            running(run, view)
    row = components.heading("Runs", "Every replay, with a line for each of its back-tests, named as in the charts.")
    tests = runs.read_tests(state, known)
    table = run_charts.run_table(known, tests)
    components.csv_button(row, "runs", lambda: table)
    shown = run_charts.greyed(table, view.colours)
    components.table(shown, key="runs", column_config=COLUMNS)
    if not tests:
        live.nothing("Not tested yet", "Test a run with `bellwether backtest --run NAME --prices FILE`.")
        return
    tested = {test["name"]: test for test in tests}
    names = st.multiselect("Compare", list(tested), default=list(tested)[-1:], key="compare")
    if names:
        compare([tested[name] for name in names], view)
        tear_sheet([tested[name] for name in names])


def running(run: dict[str, Any], view: View) -> None:
    """How far a replay is, and its equity curve so far."""
    progress = run.get("progress") or {}
    name = run["run"]
    components.heading(f"{name} is running", "The curve ends at the market time that the replay has reached.")
    if not progress:
        st.progress(0.0, "reading the texts")
        return
    done, total = progress["done"], progress["total"]
    reached = formats.moment(progress["reached"], view.zone, year=True)
    left = run_charts.seconds_left(progress["seconds_left"])
    st.progress(
        min(1.0, done / max(total, 1)),
        f"{done:,} of {total:,} documents, {progress['signals']:,} signals; market time {reached}; {left} left",
    )
    curves = runs.read_growing(live.settings().state_dir, name)
    if curves:
        figure = run_charts.equity_chart(curves, view.colours)
        st.plotly_chart(figure, key=f"growing-{name}", config=CHART)
    else:
        st.caption("No curve yet: it begins with the first position and needs a replay with `--prices`.")


def compare(chosen: list[dict[str, Any]], view: View) -> None:
    """Several back-tests: curves, drawdowns, decay, and every measure in one table."""
    curves = runs.read_curves(chosen)
    if curves:
        st.plotly_chart(run_charts.equity_chart(curves, view.colours), key="equity", config=CHART)
        left, right = st.columns(2)
        left.plotly_chart(run_charts.drawdown_chart(curves, view.colours), key="drawdown", config=CHART)
        decay = run_charts.decay_chart(chosen, view.colours)
        if decay.data:
            right.plotly_chart(decay, key="decay", config=CHART)
    row = components.heading("Side by side", "Errors and what they mean: docs/backtesting.md.")
    table = run_charts.comparison(chosen)
    components.csv_button(row, "comparison", lambda: table)
    for pair in run_charts.named_pairs(chosen):
        st.caption(formats.plain(run_charts.pair_text(pair)))
    components.table(table, key="comparison", height=35 * len(table) + 38)


def tear_sheet(chosen: list[dict[str, Any]]) -> None:
    """The whole tear sheet of one back-test. It is a file of our own making and stands in a frame of its own."""
    test, names = chosen[-1], [test["name"] for test in chosen]
    if len(names) > 1:
        name = st.segmented_control("Tear sheet", names, default=names[-1], key="sheet", required=True)
        test = next((test for test in chosen if test["name"] == name), test)
    page = runs.tearsheet(test)
    if not page:
        return
    row = components.heading(f"Tear sheet of {test['name']}")
    file = f"{test['name'].replace(', ', '-')}.html"
    components.download(row, "HTML", "Download this tear sheet.", file, "text/html", "tearsheet", lambda: page)
    st.iframe(page, height=1400)
