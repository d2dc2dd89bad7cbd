"""What commands share: instants and ranges, settings, and answers as JSON or as words."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from services.commands.main import app
from services.commands.offline.score import _readable
from services.commands.options import (
    OptionError,
    between,
    channel_of,
    count,
    instant,
    say,
    settings_of,
    timezone_of,
)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2014-05-01", 1_398_902_400_000_000),
        ("20140501", 1_398_902_400_000_000),
        ("2014-05-01T00:00Z", 1_398_902_400_000_000),
        ("2014-05-01 00:00", 1_398_902_400_000_000),
        ("2014-05-01T02:00:00.000001+02:00", 1_398_902_400_000_001),
    ],
)
def test_an_instant_is_iso_and_utc_unless_it_says(text: str, micros: int) -> None:
    assert instant(text, "--from") == micros


def test_a_range_may_be_open_and_is_never_empty() -> None:
    assert between(None, None) == (None, None)
    assert between("2014-05-01", None) == (1_398_902_400_000_000, None)
    with pytest.raises(OptionError, match="--from 2014-05-01 is not before --to 2014-05-01"):
        between("2014-05-01", "2014-05-01")


def test_a_wrong_value_names_the_option_and_what_is_possible() -> None:
    with pytest.raises(OptionError, match="--to soon: not a date or time; use, for example, 2024-03-01"):
        between(None, "soon")
    with pytest.raises(OptionError, match="--channel radio: not a channel; use news or social"):
        channel_of("radio")
    with pytest.raises(OptionError, match="--timezone Mars/Base: not a time zone"):
        timezone_of("Mars/Base")
    assert (channel_of("social"), timezone_of("UTC").key) == ("social", "UTC")


def test_a_replay_in_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    arguments = ["--run", "x", "--file", str(tmp_path / "x.jsonl"), "--timezone", "Mars/Base", "--state", str(tmp_path)]
    result = CliRunner().invoke(app, ["replay", *arguments])
    assert "--timezone Mars/Base: not a time zone" in str(result.exception)


def test_settings_follow_state_and_run(tmp_path: Path) -> None:
    assert settings_of(tmp_path).state_dir == tmp_path
    assert (settings_of(tmp_path).run, settings_of(tmp_path, "spring").run) == ("live", "spring")
    assert settings_of(tmp_path, profile="ann").profile == "ann"


def test_a_count_agrees_with_its_noun() -> None:
    assert (count(1, "item"), count(2_000, "item"), count(0, "item")) == ("1 item", "2,000 items", "0 items")


class Point(msgspec.Struct):
    x: int
    names: tuple[str, ...] = ()


def test_an_answer_is_one_line_of_json_or_words(capsys: pytest.CaptureFixture[str]) -> None:
    say({"points": [Point(1, ("a",))]}, "never", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"points": [{"x": 1, "names": ["a"]}]}
    say({}, (f"line {n}" for n in (1, 2)), as_json=False)
    say({}, "one", as_json=False)
    assert capsys.readouterr().out == "line 1\nline 2\none\n"


def test_an_explanation_names_its_class_and_every_company() -> None:
    chances = {"negative": 0.1, "neutral": 0.2, "positive": 0.7}
    words = [
        {"word": "jumps", "start": 6, "end": 11, "share": 1.5},
        {"word": "but", "start": 0, "end": 3, "share": 0.1},
    ]
    said = {
        "document": chances,
        "companies": [{"company": "SHEL", "ticker": "SHEL", "relevance": 0.9} | chances],
        "explanation": {
            "document": words,
            "companies": {"SHEL": words[:1]},
            "answers": {"document": "positive", "companies": {"SHEL": "negative"}},
        },
    }
    lines = _readable(said).splitlines()
    assert lines[-2:] == [
        "document words   for positive: jumps +1.50, but +0.10",
        "SHEL words       for negative: jumps +1.50",
    ]


@pytest.mark.parametrize("what", ["opinions", "aggregates", "signals"])
def test_a_table_is_no_file_called_minus(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["export", what, "--out", "-"])
    assert told.exit_code == 1
    assert "name a file" in told.output + str(told.exception)
    assert list(tmp_path.iterdir()) == []
