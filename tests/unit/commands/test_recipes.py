"""`--recipe`: the command line wins over the recipe, the recipe over the defaults; what is wrong is named."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from services.commands.main import app as bellwether
from services.commands.recipes import Recipe, RecipeError

app = typer.Typer()


class Method(StrEnum):
    full = "full"
    lora = "lora"


@app.command()
def learn(
    out: Annotated[Path, typer.Option()],
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    rate: float = 0.1,
    method: Method = Method.full,
    begin: Annotated[str, typer.Option("--from")] = "",
    teacher: Annotated[list[str] | None, typer.Option()] = None,
    offsets: bool = True,
    no_cache: Annotated[bool, typer.Option("--no-cache")] = False,
    recipe: Recipe = None,
) -> None:
    typer.echo(
        json.dumps([str(out), epochs, rate, method.value, begin, teacher, offsets, no_cache, recipe is not None])
    )


def _learn(file: Path, recipe: str, *arguments: str) -> list[object]:
    file.write_text(recipe)
    result = CliRunner().invoke(app, ["--recipe", str(file), *arguments])
    if result.exception is not None:
        raise result.exception
    answer: list[object] = json.loads(result.output)
    return answer


WHOLE = """
out: somewhere
epochs: 7
rate: 2e-4
method: lora
from: 2014-05-01
teacher: [a, b]
offsets: false
no-cache: true
"""


def test_every_kind_of_option_is_read_as_on_the_command_line(tmp_path: Path) -> None:
    said = _learn(tmp_path / "r.yaml", WHOLE)
    assert said == ["somewhere", 7, 0.0002, "lora", "2014-05-01", ["a", "b"], False, True, True]


def test_the_command_line_wins(tmp_path: Path) -> None:
    said = _learn(tmp_path / "r.yaml", WHOLE, "--epochs", "2", "--teacher", "c", "--offsets", "--out", "here")
    assert said == ["here", 2, 0.0002, "lora", "2014-05-01", ["c"], True, True, True]


def test_the_defaults_stay_where_a_recipe_says_nothing(tmp_path: Path) -> None:
    assert _learn(tmp_path / "r.yaml", "out: x\nteacher: a\n") == [
        "x", 5, 0.1, "full", "", ["a"], True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("epoch: 3", "no option 'epoch'; did you mean 'epochs'?"),
        ("zzz: 3", "no option 'zzz'; use one of: epochs, from, "),
        ("recipe: other.yaml", "no option 'recipe'"),
        ("epochs: many", "epochs: Input should be a valid integer"),
        ("epochs: 0", "epochs: Input should be greater than or equal to 1"),
        ("method: magic", "method: "),
        ("epochs: [1, 2]", "epochs takes one value, not a list"),
        ("epochs:", "epochs has no value"),
        ("teacher: {a: b}", "teacher has no value, or one that is not plain text"),
        ("- epochs", "write one option a line"),
        ("a: [", "not YAML"),
    ],
)
def test_a_wrong_recipe_names_file_and_remedy(recipe: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    with pytest.raises(RecipeError) as failure:
        _learn(file, recipe, "--out", "x")
    assert expected in str(failure.value)
    assert str(file) in str(failure.value)


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--recipe", str(tmp_path / "none.yaml"), "--out", "x"])
    assert isinstance(result.exception, RecipeError)
    assert "none.yaml: No such file" in str(result.exception)


def test_a_replay_from_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_MODEL__NAME", "stub")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    day = "2014-05-{:02}T12:00:00Z"
    rows = [{"headline": f"Apple beats, part {n}", "when": day.format(n)} for n in range(1, 9)]
    (tmp_path / "news.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "spring.yaml").write_text(
        f"run: spring\nfile: {tmp_path / 'news.jsonl'}\nmap: ['title=headline,published_at=when']\n"
        "from: 2014-05-02\nto: 2014-05-07\nanonymise: true\n"
    )
    arguments = ["replay", "--recipe", str(tmp_path / "spring.yaml"), "--to", "2014-05-05", "--state", str(tmp_path)]
    result = CliRunner().invoke(bellwether, [*arguments, "--json"])
    assert result.exit_code == 0, result.exception or result.output
    assert json.loads(result.stdout.splitlines()[-1])["documents"] == 3
    assert json.loads((tmp_path / "runs" / "spring" / "run.json").read_text())["asked"]["anonymise"] is True
