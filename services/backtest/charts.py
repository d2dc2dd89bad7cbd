"""A figure of a tear sheet as SVG: no script, a few kilobytes, and the page's own colours by day and by night.

It knows what drawings.py draws: lines, marks with error bars, areas down to zero, bars, histograms, and lines at one x.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

WIDTH, HEIGHT = 760, 320
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 66, 44
_LETTER: Final = 6.3  # the width of one, about
_DASHES: Final = {"dot": "2 3", "dash": "6 4"}
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_LEGEND_ROW: Final = 16
_YEARS: Final = 500 * 86_400 * 10**9  # from here on months are enough of a date

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to places: [low, high] onto [begin, end]."""

    low: float
    high: float
    begin: float
    end: float
    ticks: Sequence[tuple[float, str]]

    def place(self, value: float) -> float:
        span = self.high - self.low or 1.0
        return self.begin + (value - self.low) / span * (self.end - self.begin)


def svg(figure: go.Figure) -> str:
    """The figure as one element."""
    layout, traces = figure.layout, [_counted(trace) for trace in figure.data]
    names = _categories(traces, layout)
    xs = [_numbers(trace.x, names) for trace in traces]
    ys = [np.asarray(trace.y, dtype=float) for trace in traces]
    dates = not names and any(_is_dates(trace.x) for trace in traces)
    across = _across(xs, names, dates, bars=any(trace.type == "bar" for trace in traces))
    up = _up(traces, ys, str(layout.yaxis.tickformat or ""))
    marks = [*_frame(across, up, layout), *_shapes(layout, across)]
    bars = [n for n, trace in enumerate(traces) if trace.type == "bar"]
    for n, (trace, x, y) in enumerate(zip(traces, xs, ys, strict=True)):
        if n in bars:
            marks += _bars(trace, x, y, across, up, (bars.index(n), len(bars)))
        else:
            marks += _line(trace, x, y, across, up)
    marks += _legend(traces) if layout.showlegend is not False and len(traces) > 1 else []
    title = _text(LEFT - 46, 20, str(layout.title.text or ""), 'class="h"')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{title}{"".join(marks)}</svg>'


def _counted(trace: Any) -> Any:
    """A histogram as the bars that it is."""
    if trace.type != "histogram":
        return trace
    values = np.asarray(trace.x, dtype=float)
    counts, edges = np.histogram(values[np.isfinite(values)], bins=trace.nbinsx or 20)
    return go.Bar(x=(edges[1:] + edges[:-1]) / 2, y=counts, marker=trace.marker.to_plotly_json(), name=trace.name)


def _categories(traces: Sequence[Any], layout: Any) -> list[str]:
    """The names along x in their order; none where x is a number or a date."""
    named = layout.xaxis.type == "category" or any(len(t.x) and isinstance(t.x[0], str) for t in traces)
    return list(dict.fromkeys(str(each) for trace in traces for each in trace.x)) if named else []


def _is_dates(values: Any) -> bool:
    return len(values) > 0 and isinstance(pd.Series(values).iloc[0], pd.Timestamp)


def _numbers(values: Any, names: list[str]) -> Floats:
    if names:
        return np.array([names.index(str(each)) for each in values], dtype=float)
    if _is_dates(values):
        moments = pd.DatetimeIndex(values)
        plain = moments.tz_localize(None) if moments.tz else moments
        return np.asarray(plain.as_unit("ns").asi8, dtype=float)
    return np.asarray(values, dtype=float)


def _across(xs: list[Floats], names: list[str], dates: bool, *, bars: bool) -> Axis:
    if names:
        ticks = [(float(n), name) for n, name in enumerate(names)]
        every = math.ceil(len(ticks) / 10)
        return Axis(-0.5, len(names) - 0.5, LEFT, WIDTH - RIGHT, ticks[::every])
    low, high = _range(xs)
    pad = _slot(np.concatenate(xs)) / 2 if bars else 0.0
    if dates:
        form = "%b %Y" if high - low > _YEARS else "%d %b %Y"
        ticks = [(at, pd.Timestamp(int(at)).strftime(form)) for at in np.linspace(low, high, 6)]
    else:
        ticks = _ticks(low, high, "")
    return Axis(low - pad, high + pad, LEFT, WIDTH - RIGHT, ticks)


def _up(traces: Sequence[Any], ys: list[Floats], form: str) -> Axis:
    held = list(ys)
    for trace, y in zip(traces, ys, strict=True):
        if trace.type == "bar" or trace.fill:
            held.append(np.zeros(1))
        elif (error := _errors(trace)) is not None:
            held += [y - error[0], y + error[1]]
    low, high = _range(held)
    pad = (high - low or abs(high) or 1.0) * 0.05
    low, high = (low if low == 0 else low - pad), (high if high == 0 else high + pad)
    return Axis(low, high, HEIGHT - BOTTOM, TOP, _ticks(low, high, form))


def _range(values: Iterable[Floats]) -> tuple[float, float]:
    every = np.concatenate(list(values))
    finite = every[np.isfinite(every)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)


def _slot(x: Floats) -> float:
    """The room of one bar: the least distance of two."""
    apart = np.diff(np.unique(x[np.isfinite(x)]))
    return float(apart.min()) if len(apart) else 1.0


def _ticks(low: float, high: float, form: str) -> list[tuple[float, str]]:
    """Some five round values in [low, high], written as `form` asks (`%` at its end: per cent)."""
    rough = (high - low or 1.0) / 5
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(each for each in _STEPS if each * scale >= rough * 0.999) * scale
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(n * step, _written(n * step, form)) for n in range(first, last + 1)]


def _written(value: float, form: str) -> str:
    text = f"{value * 100:.6g} %" if form.endswith("%") else f"{value:.6g}"
    return text.replace("-", "\u2212")


def _frame(across: Axis, up: Axis, layout: Any) -> Iterator[str]:
    """Grid, zero line, ticks and titles of the axes."""
    for value, text in up.ticks:
        y = up.place(value)
        yield f'<path class="{"z" if value == 0 else "g"}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield _text(LEFT - 6, y + 4, text, 'class="e"')
    for value, text in across.ticks:
        yield _text(across.place(value), HEIGHT - BOTTOM + 16, text, 'class="m"')
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, str(layout.xaxis.title.text or ""), 'class="m"')
    yield _text(LEFT - 46, TOP - 8, str(layout.yaxis.title.text or ""), "")


def _shapes(layout: Any, across: Axis) -> Iterator[str]:
    """Lines at one x."""
    for shape in layout.shapes or ():
        x = across.place(float(shape.x0))
        yield f'<path class="z" stroke-dasharray="2 3" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'


def _line(trace: Any, x: Floats, y: Floats, across: Axis, up: Axis) -> Iterator[str]:
    colour, width = _colour(trace.line.color), trace.line.width or 1.8
    mode = trace.mode or "lines"
    points = [(across.place(a), up.place(b)) if math.isfinite(b) else None for a, b in zip(x, y, strict=True)]
    if "lines" in mode:
        for part in _unbroken(points):
            path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in part)
            if trace.fill:
                zero = up.place(0.0)
                yield f'<path d="{path}V{zero:.1f}H{part[0][0]:.1f}Z" style="fill:{colour};opacity:.18"/>'
            dash = f' stroke-dasharray="{_DASHES[trace.line.dash]}"' if trace.line.dash in _DASHES else ""
            yield f'<path class="l" d="{path}"{dash} style="stroke:{colour};stroke-width:{width}"/>'
    error = _errors(trace)
    for n, point in enumerate(points):
        if point is None:
            continue
        if error is not None:
            low, high = up.place(y[n] - error[0][n]), up.place(y[n] + error[1][n])
            yield f'<path class="l" d="M{point[0]:.1f} {low:.1f}V{high:.1f}" style="stroke:{colour};stroke-width:1"/>'
        if "markers" in mode or trace.marker.size:
            value = html.escape(f"{trace.name or ''} {y[n]:.6g}".strip())
            place = f'cx="{point[0]:.1f}" cy="{point[1]:.1f}"'
            yield f'<circle {place} r="2.5" style="fill:{colour}"><title>{value}</title></circle>'
        if "text" in mode and trace.text is not None and trace.text[n]:
            yield _text(point[0], point[1] - 6, str(trace.text[n]), 'class="m"')


def _unbroken(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """The stretches between gaps, of two points or more."""
    part: list[tuple[float, float]] = []
    for point in [*points, None]:
        if point is not None:
            part.append(point)
            continue
        if len(part) > 1:
            yield part
        part = []


def _errors(trace: Any) -> tuple[Floats, Floats] | None:
    """How far the error bars reach down and up; None without any."""
    if trace.type == "bar" or trace.error_y.array is None:
        return None
    up = np.nan_to_num(np.asarray(trace.error_y.array, dtype=float))
    down = trace.error_y.arrayminus
    return (up if down is None else np.nan_to_num(np.asarray(down, dtype=float))), up


def _bars(trace: Any, x: Floats, y: Floats, across: Axis, up: Axis, place: tuple[int, int]) -> Iterator[str]:
    """`place`: which of how many bars that stand side by side."""
    number, many = place
    room = abs(across.place(_slot(x)) - across.place(0.0)) * (0.8 if many > 1 else 0.86)
    width, zero = room / many, up.place(0.0)
    colour = _colour(trace.marker.color)
    for a, b in zip(x, y, strict=True):
        if math.isfinite(b):
            left, top = across.place(a) - room / 2 + number * width, up.place(b)
            box = (
                f'x="{left:.1f}" y="{min(top, zero):.1f}" width="{max(width, 0.5):.1f}" height="{abs(top - zero):.1f}"'
            )
            yield f'<rect {box} style="fill:{colour}"><title>{b:.6g}</title></rect>'


def _legend(traces: Sequence[Any]) -> Iterator[str]:
    x, y = float(LEFT - 46), 38.0
    for trace in traces:
        if not trace.name:
            continue
        needed = 26 + len(trace.name) * _LETTER
        if x + needed > WIDTH - RIGHT and x > LEFT:
            x, y = float(LEFT - 46), y + _LEGEND_ROW
        colour = _colour(trace.marker.color if trace.type == "bar" else trace.line.color)
        dash = _DASHES.get(getattr(getattr(trace, "line", None), "dash", None) or "", "none")
        style = f"stroke:{colour};stroke-width:3;stroke-dasharray:{dash}"
        yield f'<path d="M{x:.0f} {y - 4:.0f}h14" style="{style}"/>'
        yield _text(x + 19, y, str(trace.name), "")
        x += needed + 8


def _colour(value: Any) -> str:
    """A colour of the page's palette, which knows the night; any other as it is."""
    return f"var(--{str(value).removeprefix('#')},{value})" if str(value).startswith("#") else "var(--2f5d9b,#2f5d9b)"


def _text(x: float, y: float, text: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{html.escape(text)}</text>' if text else ""
