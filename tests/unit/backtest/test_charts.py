"""Figures as SVG: what lies where, gaps, texts from outside, the numbers of the axes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pandas as pd
import plotly.graph_objects as go
import pytest

from services.backtest.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, _ticks, svg


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def lines(chart: str) -> list[list[tuple[float, float]]]:
    return [places(path) for path in re.findall(r'class="l" d="([^"]+)"', chart)]


def test_a_line_goes_from_edge_to_edge_and_breaks_at_a_gap() -> None:
    figure = go.Figure(go.Scatter(x=[0, 1, 2, 3, 4], y=[0.0, 1.0, float("nan"), 1.0, 2.0]))
    first, second = lines(svg(figure))
    assert first[0] == (LEFT, HEIGHT - BOTTOM)
    assert second[-1][0] == WIDTH - RIGHT and TOP < second[-1][1] < TOP + 20
    assert first[1][1] == second[0][1]  # the same height
    assert first[1][0] < second[0][0]


def test_bars_stand_on_zero_side_by_side_and_a_histogram_is_bars() -> None:
    figure = go.Figure()
    figure.add_bar(x=["Q1", "Q2"], y=[10.0, -10.0], name="one", marker_color="#c9ced6")
    figure.add_bar(x=["Q1", "Q2"], y=[5.0, 5.0], name="two", marker_color="#2f5d9b")
    chart = svg(figure)
    boxes = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', chart)
    (a, b, c, _d) = [tuple(map(float, box)) for box in boxes]
    assert a[1] + a[3] == pytest.approx(b[1], abs=0.2)  # up to zero, and down from it
    assert a[0] + a[2] == pytest.approx(c[0], abs=0.2)  # beside each other
    assert "Q1" in chart and "Q2" in chart and "var(--c9ced6,#c9ced6)" in chart
    counted = svg(go.Figure(go.Histogram(x=[0.0, 0.0, 1.0, float("nan")], nbinsx=2)))
    assert re.findall(r"<title>(\d+)</title>", counted) == ["2", "1"]


def test_texts_from_outside_are_data() -> None:
    figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2], name="<script>", mode="markers"))
    figure.add_scatter(x=[1, 2], y=[1, 2], name="b")
    chart = svg(figure.update_layout(title="<img src=x>", xaxis_title="a & b"))
    assert "<script>" not in chart and "<img" not in chart
    assert "&lt;img src=x&gt;" in chart and "a &amp; b" in chart


def test_dates_and_their_zone() -> None:
    days = pd.date_range(datetime(2024, 1, 1, tzinfo=UTC), periods=30)
    chart = svg(go.Figure(go.Scatter(x=days, y=list(range(30)), fill="tozeroy")))
    assert "01 Jan 2024" in chart and "30 Jan 2024" in chart and "opacity:.18" in chart
    years = pd.date_range("2020-01-01", periods=40, freq="MS")
    assert "Jan 2020" in svg(go.Figure(go.Scatter(x=years, y=list(range(40)))))


@pytest.mark.parametrize(
    ("low", "high", "form", "written"),
    [
        (0.0, 1.0, "", ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-0.1, 0.1, ".3~%", ["\u221210 %", "\u22125 %", "0 %", "5 %", "10 %"]),
        (99.0, 101.0, "", ["99", "99.5", "100", "100.5", "101"]),
        (5.0, 5.0, "", ["5"]),
    ],
)
def test_ticks_are_round(low: float, high: float, form: str, written: list[str]) -> None:
    assert [text for _, text in _ticks(low, high, form)] == written


def test_nothing_to_draw_is_no_error() -> None:
    assert svg(go.Figure(go.Scatter(x=[], y=[]))).startswith("<svg")
    assert svg(go.Figure(go.Scatter(x=[1], y=[float("nan")]))).startswith("<svg")
