"""Back-test: the runs that were replayed, their equity curves side by side, and one tear sheet."""

from __future__ import annotations

import streamlit as st

from dashboard import components, live, runs, tables
from dashboard.view import View

EMPTY = (
    "Replay a stretch of the past with `bellwether replay --run NAME --file FILE --channel news`, then "
    "`bellwether backtest --run NAME --prices FILE`."
)


def draw(view: View) -> None:
    state = live.settings().state_dir
    known = runs.read_runs(state)
    if not known:
        live.nothing("No run yet", EMPTY)
        return
    row = components.heading("Runs", "Every replay, and what its back-test found where there is one.")
    table = tables.run_table(known)
    components.csv_button(row, "runs", lambda: table)
    st.dataframe(table, hide_index=True, key="runs")
    names = [run["run"] for run in known if run["metrics"]]
    if not names:
        live.nothing("Not tested yet", "Test a run with `bellwether backtest --run NAME --prices FILE`.")
        return
    chosen = st.multiselect("Compare", names, default=names[-1:], key="compare")
    curves = runs.read_curves(state, chosen)
    if curves:
        st.plotly_chart(tables.equity_chart(curves, view.colours), key="equity", config={"displayModeBar": False})
    if chosen:
        tear_sheet(chosen[-1], view)


def tear_sheet(run: str, view: View) -> None:
    """The whole tear sheet of one run. It is a file of our own making and stands in a frame of its own."""
    del view
    path = runs.tearsheet(live.settings().state_dir, run)
    if path is None:
        return
    page = path.read_text(encoding="utf-8")
    row = components.heading(f"Tear sheet of {run}")
    row.download_button("HTML", page, f"{run}.html", "text/html", key="tearsheet", on_click="ignore", type="tertiary")
    st.iframe(page, height=1400)
