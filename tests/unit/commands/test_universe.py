"""`bellwether universe`: lists, searches and shows; checks, compares and takes in a user's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.commands.data.universe import universe_app
from shared.settings import load_settings
from shared.universe.rows import CatalogueError

OWN = "ticker,name\nABCX,Abacus Example\nTWLO,Twilio of Mine\nABCY,Apple\n"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    load_settings(tmp_path / "elsewhere")  # this process has no files of its own again


def run(state: Path, *arguments: str) -> list[Any]:
    result = CliRunner().invoke(universe_app, [*arguments, "--state", str(state), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines() if line[:1] in "[{"]


def test_search_and_list(state: Path) -> None:
    assert run(state, "search", "moutai")[0]["id"] == "600519.SS"
    coins = run(state, "list", "--kind", "crypto", "--limit", "5")
    assert len(coins) == 5 and {each["kind"] for each in coins} == {"crypto"}
    assert run(state, "list", "--own") == []


def test_show_says_what_is_known_and_from_where(state: Path) -> None:
    (shown,) = run(state, "show", "AAPL")
    assert {"scheme": "cik", "value": "320193", "source": "edgartools 5.62.1"} in shown["identifiers"]
    assert {"text": "Apple", "grade": "doubtful"}.items() <= shown["names"][0].items()
    (siemens,) = run(state, "show", "SIE.DE")
    assert "ENR.DE" in siemens["affiliates"]
    with pytest.raises(CatalogueError, match="universe search"):
        run(state, "show", "no such thing")


def test_a_file_is_checked_compared_and_taken_in(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(OWN)
    ((checked,),) = run(state, "check", str(file))
    assert (checked["rows"], checked["new"], checked["changed"]) == (3, 2, 1)
    assert checked["doubts"] == ["ABCY: 'Apple' is a name of AAPL, too; give one of them a ? or a longer name"]
    changes = {each["id"]: each for each in run(state, "diff", str(file))}
    assert changes["TWLO"] == {"id": "TWLO", "change": "changed", "what": ["names"]}
    assert changes["ABCX"]["change"] == "new"
    ((taken,),) = run(state, "import", str(file))
    assert Path(taken["imported"]).read_text() == OWN
    assert {each["id"] for each in run(state, "list", "--own")} == {"ABCX", "TWLO", "ABCY"}
    assert run(state, "search", "abacus")[0]["id"] == "ABCX"


def test_a_file_that_cannot_be_read_is_not_taken_in(state: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    (tmp_path / "mine.txt").write_text(OWN)
    for name, said in (("bad.csv", "neither ticker nor name"), ("mine.txt", "neither .csv nor .parquet")):
        with pytest.raises(CatalogueError, match=said):
            run(state, "import", str(tmp_path / name))
    assert not (state / "universe").exists()
