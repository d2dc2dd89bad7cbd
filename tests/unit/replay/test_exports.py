"""What leaves a run as a table: UTC timestamps, fractions, lists as lists; of a live run and of a replay."""

from __future__ import annotations

import json
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from services.backtest.inputs import load_run
from services.commands.main import app
from services.replay.run import Question, replay
from services.runs.tables import read_table, write_signals
from shared.settings import ModelSettings, Settings, load_settings

TIME = pa.timestamp("us", tz="UTC")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A state folder with a finished run named `posts`."""
    folder = tmp_path_factory.mktemp("exports")
    rows = [
        {"text": f"$AAPL story {i % 7} number {i}", "published_at": 1_400_000_000 + i * 1800, "external_id": i}
        for i in range(200)
    ]
    (folder / "documents.jsonl").write_text("\n".join(json.dumps(row) for row in [*rows, rows[-1]]))
    made = load_settings(folder / "state", model=ModelSettings(name="stub"))
    replay(made, "posts", Question(str(folder / "documents.jsonl"), ("social",)), cache=False)
    return made


def _exported(settings: Settings, tmp_path: Path, what: str, *more: str) -> pa.Table:
    out = tmp_path / f"{what}.parquet"
    arguments = ["export", what, "--out", str(out), "--run", "posts", "--state", str(settings.state_dir), *more]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return pq.read_table(out)


def test_opinions_of_a_replay_have_sentiment_text_and_utc(settings: Settings, tmp_path: Path) -> None:
    table = _exported(settings, tmp_path, "opinions")
    assert table.num_rows == 200  # the copy does not count
    assert table.schema.field("available_at").type == table.schema.field("published_at").type == TIME
    frame = table.to_pandas()
    pd.testing.assert_series_equal(frame["sentiment"], frame["positive"] - frame["negative"], check_names=False)
    assert frame["sentiment"].between(-1, 1).all()
    assert frame["sentiment"].nunique() > 3
    assert frame["text"].str.startswith("$AAPL story").all()
    part = _exported(settings, tmp_path, "opinions", "--to", "2014-05-14")
    assert 0 < part.num_rows < 200


def test_signals_of_a_replay_have_fractions_and_lists(settings: Settings, tmp_path: Path) -> None:
    table = _exported(settings, tmp_path, "signals")
    assert table.schema.field("at").type == table.schema.field("available_at").type == TIME
    first = next(row for row in table.to_pylist() if row["reasons"] and row["evidence"])
    assert {"feature", "value", "contribution"} == set(first["reasons"][0])
    assert abs(first["reasons"][0]["contribution"]) <= 1
    assert all(isinstance(document, str) and len(document) == 32 for document in first["evidence"])
    assert table.equals(pq.read_table(settings.state_dir / "runs" / "posts" / "signals.parquet"))
    begin = first["available_at"]
    assert begin.tzinfo is not None
    later = _exported(settings, tmp_path, "signals", "--from", begin.isoformat())
    assert min(later["available_at"].to_pylist()) >= begin > datetime(2014, 5, 13, tzinfo=UTC)


def test_aggregates_of_a_replay_have_a_mean(settings: Settings, tmp_path: Path) -> None:
    rows = _exported(settings, tmp_path, "aggregates").to_pylist()
    assert sum(row["documents"] for row in rows if row["resolution"] == "day") == 200
    one = next(row for row in rows if row["weight_sum"])
    assert one["sentiment"] == pytest.approx(one["score_sum"] / one["weight_sum"])


def test_a_back_test_reads_what_was_written_and_what_a_former_version_wrote(settings: Settings, tmp_path: Path) -> None:
    frame = load_run(settings, "posts").signals
    assert pd.api.types.is_integer_dtype(frame["available_at"])
    whole = read_table(settings.state_dir / "runs" / "posts" / "signals.parquet")
    assert isinstance(json.loads(whole["reasons"].iloc[0]), list)
    whole.to_parquet(tmp_path / "former.parquet", index=False)  # integers and JSON, as it was
    pd.testing.assert_frame_equal(read_table(tmp_path / "former.parquet"), whole)
    write_signals(tmp_path / "again.parquet", whole)
    pd.testing.assert_frame_equal(read_table(tmp_path / "again.parquet"), whole)


def test_a_table_without_rows_keeps_its_types(tmp_path: Path, settings: Settings) -> None:
    whole = read_table(settings.state_dir / "runs" / "posts" / "signals.parquet")
    write_signals(tmp_path / "none.parquet", whole.iloc[:0])
    assert pq.read_table(tmp_path / "none.parquet").schema.field("at").type == TIME
    assert len(read_table(tmp_path / "none.parquet")) == 0


def _snippets(heading: str) -> list[str]:
    """The indented blocks below a heading of docs/exports.md."""
    page = (Path(__file__).parents[3] / "docs" / "exports.md").read_text()
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    blocks = [block for block in section.split("\n\n") if block.lstrip("\n").startswith("    ")]
    return [textwrap.dedent(block) for block in blocks]


@pytest.mark.parametrize("library", ["pandas", "polars", "duckdb"])
def test_the_three_lines_of_the_page_run(
    library: str,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (snippet,) = [each for each in _snippets("Three lines each") if each.lstrip().startswith(f"import {library}")]
    opinions = _exported(settings, tmp_path, "opinions").to_pandas()
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, f"docs/exports.md: {library}", "exec"), {})
    said = capsys.readouterr().out
    means = opinions.groupby([opinions["available_at"].dt.floor("D"), "company"])["sentiment"].mean()
    assert len(means) > 1
    assert said.count("AAPL") >= 1 or len(means) > 8
    assert f"{means.iloc[0]:.3f}"[:5] in said
