"""A replay in one process: the same bytes however it is cut, cached or repeated; bad options are named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from services.ingest.delivery.rejected import read_rejected
from services.model.interface import Answer, Request, Sentiment
from services.replay import player
from services.replay.anonymise import anonymise
from services.replay.cache import AnswerCache
from services.replay.records import RangeError
from services.replay.run import Question, parse_channels, parse_speed, replay
from services.runs.folder import RunError, delete_run, list_runs, show_run
from services.runs.tables import read_table
from shared.clock import SECOND
from shared.contract.events import MICRO
from shared.settings import ModelSettings, Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return load_settings(tmp_path / "state", model=ModelSettings(name="stub"))


@pytest.fixture
def question(tmp_path: Path) -> Question:
    names = ("$AAPL", "$MSFT", "$NVDA")
    rows = [
        {
            "text": f"{names[i % 3]} story {i % 17} number {i}",
            "published_at": 1_400_000_000 + i * 1800,
            "external_id": i,
        }
        for i in range(400)
    ]
    path = tmp_path / "documents.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return Question(str(path), ("social",))


def test_a_replay_repeats_to_the_byte(settings: Settings, question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    first = replay(settings, "one", question, cache=False)
    monkeypatch.setattr(player, "GROUP", 7)
    second = replay(settings, "two", question)
    third = replay(settings, "three", question)
    assert first["documents"] == 400
    assert first["signals"] > 20
    assert third["cached"] == 400
    assert len({each["aggregates_sha256"] for each in (first, second, third)}) == 1
    frames = [
        pd.read_parquet(settings.state_dir / "runs" / name / "signals.parquet") for name in ("one", "two", "three")
    ]
    pd.testing.assert_frame_equal(frames[0], frames[1])
    pd.testing.assert_frame_equal(frames[0], frames[2])


def test_two_state_folders_with_keys_of_their_own_give_one_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = [
        {"text": f"$AAPL story {i % 11} said {i}", "published_at": 1_400_000_000 + i * 900, "external_id": f"p{i}",
         "author": f"@writer{i * i % 13}"}
        for i in range(200)
    ]  # fmt: skip
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    folders = [load_settings(tmp_path / name, model=ModelSettings(name="stub")) for name in ("here", "there")]
    said = [replay(settings, "one", Question(str(path), ("social",)), cache=False) for settings in folders]
    assert len({(settings.state_dir / "author.key").read_bytes() for settings in folders}) == 2
    assert len({each["aggregates_sha256"] for each in said}) == 1
    dumps = [
        gzip.decompress((settings.state_dir / "runs/one/aggregates.jsonl.gz").read_bytes()) for settings in folders
    ]
    assert dumps[0] == dumps[1]
    day = next(row for row in map(json.loads, dumps[0].splitlines()) if row["resolution"] == "day")
    assert len(day["author_shares"]) == day["authors"] > 1
    frames = [pd.read_parquet(settings.state_dir / "runs/one/signals.parquet") for settings in folders]
    pd.testing.assert_frame_equal(*frames)


def test_what_comes_later_changes_no_earlier_signal(settings: Settings, question: Question) -> None:
    cut = (1_400_000_000 + 200 * 1800) * SECOND
    replay(settings, "whole", question)
    replay(settings, "part", Question(question.file, ("social",), end=cut))
    whole, part = (read_table(settings.state_dir / "runs" / n / "signals.parquet") for n in ("whole", "part"))
    earlier = whole[whole["at"] <= cut].reset_index(drop=True)
    pd.testing.assert_frame_equal(earlier, part[part["at"] <= cut].reset_index(drop=True))
    assert len(earlier) < len(whole)


def test_a_name_in_use_is_refused(settings: Settings, question: Question) -> None:
    replay(settings, "mine", question)
    with pytest.raises(RunError, match="--resume"):
        replay(settings, "mine", question)
    again = replay(settings, "mine", question, resume=True)
    assert again["cached"] == 400
    with pytest.raises(RunError, match="was made with other options"):
        replay(settings, "mine", Question(question.file, ("news",)), resume=True)
    replay(settings, "mine", Question(question.file, ("news",)), overwrite=True)
    assert [run["run"] for run in list_runs(settings)] == ["mine"]
    delete_run(settings, "mine")
    with pytest.raises(RunError, match="none yet"):
        show_run(settings, "mine")


@pytest.mark.parametrize("name", ["", "live", "../up", "a b", "x" * 65])
def test_a_bad_name_is_refused(settings: Settings, question: Question, name: str) -> None:
    with pytest.raises(RunError):
        replay(settings, name, question)


def test_an_empty_range_is_named(settings: Settings, question: Question) -> None:
    with pytest.raises(RangeError, match="widen"):
        replay(settings, "none", Question(question.file, ("social",), begin=2_000_000_000_000_000))


def test_a_replay_tells_what_became_of_every_row(settings: Settings, tmp_path: Path) -> None:
    when = {"published_at": "2020-01-06T10:00:00Z"}
    rows: list[object] = [
        {"text": f"$AAPL number {i}", "external_id": f"a{i}", "company": "AAPL;Nosuch Inc", **when} for i in range(5)
    ]
    rows += [
        rows[0],
        {"text": "no one", "company": "Other Co", **when},
        {"text": "later", "published_at": "2030-01-01T00:00:00Z"},
    ]
    rows += [
        {"text": ""},
        {"text": "x", "published_at": "tomorrow"},
        {"text": "before", "published_at": "2010-01-04T10:00:00Z"},
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n{not json\n")
    summary = replay(settings, "told", Question(str(path), ("social",), begin=1_500_000_000 * SECOND))
    told = ("read", "taken", "outside", "copies", "rejected", "undated")
    assert {name: summary[name] for name in told} == {
        "read": 12, "taken": 6, "outside": 1, "copies": 1, "rejected": 4, "undated": 0,
    }  # fmt: skip
    assert summary["rejected_by_reason"] == {"empty": 1, "future": 1, "time": 1, "undecodable": 1}
    assert summary["unknown_companies"] == [("Nosuch Inc", 6), ("Other Co", 1)] and summary["unlinked"] == 7
    assert [item.position for item in read_rejected(settings.state_dir)] == ["8", "9", "10", "12"]
    assert show_run(settings, "told")["rejected_list"] == str(settings.state_dir / "rejected")
    path.write_text('{"text": ""}\n')
    with pytest.raises(RangeError, match=r"every row was rejected \(empty 1\); they lie in .*rejected"):
        replay(settings, "nothing", Question(str(path), ("social",)))


def test_options_are_read_and_bad_ones_named() -> None:
    assert parse_speed("max") == 0
    assert parse_speed("60x") == 60
    assert parse_channels(["documents.social"]) == ("social",)
    for call, named in (
        (lambda: parse_speed("warp"), "--speed warp"),
        (lambda: parse_channels(["opinions"]), "--topic opinions"),
    ):
        with pytest.raises(RangeError, match=named):
            call()


def test_names_are_hidden_and_spans_moved() -> None:
    text = "Shell jumps as BP slides; Shell up"
    request = Request(text, (((0, 5), (26, 31)), ((15, 17),)))
    hidden = anonymise(request)
    assert hidden.text == "Company A jumps as Company B slides; Company A up"
    assert [[hidden.text[s:e] for s, e in spans] for spans in hidden.companies] == [["Company A"] * 2, ["Company B"]]


def test_answers_are_kept_per_model_and_question(tmp_path: Path) -> None:
    said = Answer(Sentiment(1, 2, 999_997), (Sentiment(0, 0, MICRO),), "earnings", 7)
    cache, other = (AnswerCache(tmp_path / "a.sqlite3", model) for model in ("one", "two"))
    request = Request("text", (((0, 4),),))
    cache.put({cache.key(request): said})
    assert cache.get([cache.key(request)]) == {cache.key(request): said}
    assert other.get([other.key(request)]) == {}
    assert cache.get([cache.key(Request("text", (((0, 3),),)))]) == {}
    cache.close()
    other.close()
