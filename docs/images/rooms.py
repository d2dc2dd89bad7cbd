"""Draws rooms.svg, the picture in docs/architecture.md: packages by floor; a floor imports only what lies below it.

python docs/images/rooms.py
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

Room = tuple[str, str]  # package, what it does

FLOORS: Final[tuple[tuple[Room, ...], ...]] = (
    (("services/commands", "the bellwether command: options, wording, wiring"),),
    (
        ("services/supervisor", "bellwether up, status"),
        ("services/api", "answers to programs"),
        ("services/alerts", "signals to alerts"),
        ("services/archive", "all that is kept"),
        ("services/replay", "a range, again"),
        ("services/backtest", "what it was worth"),
        ("services/training", "the models"),
    ),
    (("services/runs", "STATE/runs/NAME: what a replay leaves and a back-test reads"),),
    (
        ("services/ingest", "sources to documents"),
        ("services/scoring", "documents to opinions"),
        ("services/aggregation", "opinions to buckets and signals"),
    ),
    (
        ("services/runtime", "what every worker stands on: Faust, records, reports, exit codes"),
        ("services/forgetting", "deleted words leave Kafka's log and Redis"),
    ),
    (("services/model", "text to probabilities"), ("services/embedded", "a Kafka and a Redis of our own")),
    (
        ("shared/analyst", "follows, ranking"),
        ("shared/asking", "questions, cited answers"),
        ("shared/reading", "how a run is read"),
        ("shared/clients", "Kafka, Redis, files"),
        ("shared/contract", "messages, keys"),
        ("shared/event_classes", "what is reported"),
        ("shared/universe", "the companies"),
        ("shared/languages", "what differs by language"),
    ),
)
TOWER: Final[tuple[Room, ...]] = (
    ("dashboard/pages", "compose"),
    ("dashboard/components", "own widgets"),
    ("dashboard/drawing", "figures, tables"),
    ("dashboard/reading", "what a page asks"),
)
GROUND: Final = len(FLOORS) - 1  # `shared`, below services and the dashboard alike
WIDTH, TOWER_WIDTH, HEIGHT, GAP, EDGE = 860, 190, 58, 14, 16
COLOURS: Final = {"services": "#dbe7f5", "shared": "#e4efdc", "dashboard": "#f6e6d3"}


def _box(room: Room, x: float, y: float, width: float, height: float) -> str:
    name, does = room
    middle, centre = x + width / 2, y + height / 2
    size = min(12.0, (width - 8) / (0.53 * max(len(does), 1)))
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" '
        f'fill="{COLOURS[name.split("/")[0]]}" stroke="#5b6b7c"/>'
        f'<text x="{middle:.1f}" y="{centre - 4:.1f}" font-weight="600">{escape(name)}</text>'
        f'<text x="{middle:.1f}" y="{centre + 13:.1f}" font-size="{size:.1f}">{escape(does)}</text>'
    )


def _row(rooms: tuple[Room, ...], y: float, width: float) -> list[str]:
    each = (width - GAP * (len(rooms) - 1)) / len(rooms)
    return [_box(room, EDGE + index * (each + GAP), y, each, HEIGHT) for index, room in enumerate(rooms)]


def draw() -> str:
    """The picture as SVG."""
    parts: list[str] = []
    for floor, rooms in enumerate(FLOORS):
        whole = WIDTH + (TOWER_WIDTH + GAP if floor == GROUND else 0)
        parts += _row(rooms, EDGE + floor * (HEIGHT + GAP), whole)
    tall = (GROUND * (HEIGHT + GAP) - GAP * len(TOWER)) / len(TOWER)
    for index, room in enumerate(TOWER):
        parts.append(_box(room, EDGE + WIDTH + GAP, EDGE + index * (tall + GAP), TOWER_WIDTH, tall))
    across = WIDTH + TOWER_WIDTH + GAP + 2 * EDGE
    down = len(FLOORS) * (HEIGHT + GAP) - GAP + 2 * EDGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" '
        'font-family="system-ui, sans-serif" font-size="13" text-anchor="middle" fill="#1c2733">\n'
        f'<rect width="{across}" height="{down}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw())
