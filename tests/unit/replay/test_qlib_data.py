"""A qlib folder, read back by the layout that qlib documents: no value is known later than its day begins."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runs.qlib_data import NoSignals, write_qlib

MINUTE = 60_000_000
DAY = 1440 * MINUTE
START = 1_700_000_000_000_000 // DAY * DAY


def frame(rows: list[tuple[str, int, float]], strategy: str = "pulse") -> pd.DataFrame:
    some = pd.DataFrame(rows, columns=["company", "available_at", "score"])
    return some.assign(strategy=strategy, at=some["available_at"], revision=0, confidence=0.5)


def read(folder: Path, name: str, field: str) -> dict[str, float]:
    """Day -> value."""
    days = (folder / "calendars" / "day.txt").read_text().split()
    raw = np.fromfile(folder / "features" / name / f"{field}.day.bin", dtype="<f4")
    return dict(zip(days[int(raw[0]) :], map(float, raw[1:]), strict=True))


DRAWN = st.tuples(st.sampled_from("AB"), st.integers(0, 20 * 1440), st.integers(-100, 100))


@given(st.lists(DRAWN, min_size=1, max_size=40))
def test_a_day_knows_what_was_known_before_it(drawn: list[tuple[str, int, int]]) -> None:
    rows = [(name, START + minute * MINUTE, score / 100) for name, minute, score in drawn]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        instruments, _ = write_qlib(folder, frame(rows), None)
        listed = [line.split("\t") for line in (folder / "instruments" / "all.txt").read_text().splitlines()]
        assert len(listed) == instruments
        for name, begin, end in listed:
            values = read(folder, name.lower(), "score")
            assert (min(values), max(values)) == (begin, end)
            for day, value in values.items():
                midnight = pd.Timestamp(day, tz="UTC").value // 1000
                latest = max((at for company, at, _ in rows if company == name and at < midnight))
                expected = [score for company, at, score in rows if company == name and at == latest][-1]
                assert value == pytest.approx(expected, abs=1e-6)


def test_a_strategy_has_to_be_chosen_where_there_are_several(tmp_path: Path) -> None:
    both = pd.concat([frame([("A", START, 0.5)]), frame([("A", START, 0.1)], "hourly")])
    with pytest.raises(NoSignals, match="hourly, pulse"):
        write_qlib(tmp_path, both, None)
    assert write_qlib(tmp_path, both, "hourly")[0] == 1
    with pytest.raises(NoSignals, match="none"):
        write_qlib(tmp_path, both.iloc[:0], None)


def test_names_of_instruments_are_names_of_folders(tmp_path: Path) -> None:
    write_qlib(tmp_path, frame([("crypto:BTC", START, 1.0), ("../x", START, 1.0)]), None)
    assert sorted(path.name for path in (tmp_path / "features").iterdir()) == [".._x", "crypto_btc"]
