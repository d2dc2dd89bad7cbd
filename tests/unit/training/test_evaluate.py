"""evaluate, predict and models, through the commands, on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from services.commands.training.options import label_column, note_unused_entity
from services.commands.training.reports import rows_told
from services.model.opinion_model import OpinionModel
from services.training.checkpoints import new_model, save_opinion_model
from services.training.data.datasets import load_examples
from services.training.data.tables import read_table
from services.training.errors import DataError
from services.training.measuring.evaluate import Columns, _label_indices, evaluate, predictions
from services.training.measuring.scorers import load_scorer


@pytest.fixture
def folder(tmp_path: Path, tiny: tuple[OpinionModel, object]) -> Path:
    save_opinion_model(*tiny, tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "file.csv"
    rows = ["Norrefax rises,Norrefax,bullish", "Castrevo falls,Castrevo,negative", "Norrefax rises,,positive"]
    file.write_text("text,entity,polarity\n" + "\n".join(rows) + "\n")
    return file


def test_evaluation_has_every_key(folder: Path, data: Path) -> None:
    found = evaluate(load_scorer(str(folder)), data, Columns(entity="entity")).as_json()
    keys = {"n", "accuracy", "macro_f1", "weighted_f1", "ece", "interval", "per_class", "docs_per_s"}
    assert keys <= found.keys()
    assert found["n"] == 3


def test_restricted_labels_are_never_answered(folder: Path, data: Path) -> None:
    found = evaluate(load_scorer(str(folder)), data, Columns(), restrict_labels=True)
    assert found.labels == ("negative", "positive")  # the file never says neutral
    assert found.scores.confusion.shape == (2, 2)
    assert found.scores.confusion.sum() == 3
    assert set(found.as_json()["per_class"]) == {"negative", "positive"}


def test_events_by_topic_or_by_name(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("text,label\nprofit rises,Earnings\nboard meets,company_news\n")
    found = evaluate(load_scorer(str(folder)), file, Columns(label="label"), task="event")
    assert found.scores.n == 2
    assert len(found.labels) == 58


def test_unknown_label_names_row_and_remedy(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("text,polarity\nprofit rises,great\n")
    with pytest.raises(DataError, match="row 1 has the unknown polarity 'great'; the model's classes are negative"):
        evaluate(load_scorer(str(folder)), file, Columns())


def test_predictions_keep_the_order(folder: Path, data: Path) -> None:
    answer = predictions(load_scorer(str(folder)), data, "text", "entity")
    assert list(answer.columns) == ["answer", "negative", "neutral", "positive", "event", "event_probability"]
    assert len(answer) == 3
    assert answer[["negative", "neutral", "positive"]].sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    document = predictions(load_scorer(str(folder)), data, "text", None)
    assert document.iloc[0].equals(document.iloc[2])


def test_a_blank_line_of_a_file_of_texts_alone_is_a_row(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text("text\nNorrefax rises\n\nCastrevo falls\n")
    answer = predictions(load_scorer(str(folder)), file, "text", None)
    assert len(answer) == 3
    assert answer.isna().all(axis=1).tolist() == [False, True, False]  # no text, no answer


def test_what_became_of_every_row_is_told() -> None:
    assert rows_told(["a", "", "a", " ", "b"]) == "5 read = 3 answered, 1 of them copies + 2 without a text (row 2, 4)"
    assert rows_told(["a"]) == "1 read = 1 answered + 0 without a text"
    assert rows_told([""] * 12).endswith("+ 12 without a text (row 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …)")


def test_a_row_keeps_its_id_and_gets_the_likeliest_answer(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "named.csv"
    file.write_text("id,text\n007,Norrefax rises\n008,\n")
    answer = predictions(load_scorer(str(folder)), file, "text", None)
    assert answer["id"].tolist() == ["007", "008"]
    first = answer.iloc[0]
    assert first["answer"] == max(("negative", "neutral", "positive"), key=lambda name: first[name])
    assert pd.isna(answer["answer"].iloc[1])


def test_an_entity_column_that_is_not_asked_for_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    note_unused_entity(["text", "entity"], None)
    assert "--entity entity" in capsys.readouterr().err
    note_unused_entity(["text", "entity"], "entity")
    note_unused_entity(["text"], None)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("labels", [["5 stars", "1 star"], ["buy", "sell"], ["neg", "pos"]])
def test_words_for_sentiments_are_no_events(labels: list[str], base: Path, data: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    config = BertConfig.from_pretrained(base)
    config.id2label = dict(enumerate(labels))
    BertForSequenceClassification(config).save_pretrained(tmp_path / "other")
    AutoTokenizer.from_pretrained(base).save_pretrained(tmp_path / "other")
    answer = predictions(load_scorer(str(tmp_path / "other")), data, "text", None)
    assert list(answer.columns) == ["answer", "negative", "neutral", "positive"]


def test_any_classifier_by_its_own_labels(base: Path, data: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    config = BertConfig.from_pretrained(base)
    config.id2label = {0: "Bullish", 1: "Bearish"}
    BertForSequenceClassification(config).save_pretrained(tmp_path / "other")
    AutoTokenizer.from_pretrained(base).save_pretrained(tmp_path / "other")
    scorer = load_scorer(str(tmp_path / "other"))
    assert evaluate(scorer, data, Columns()).scores.n == 3
    assert scorer.sentiment(["Norrefax rises"], None)[0, 1] == 0
    with pytest.raises(DataError, match="no event classes"):
        evaluate(scorer, data, Columns(), task="event")


def test_commands(folder: Path, data: Path, tmp_path: Path) -> None:
    import typer

    from services.commands.training import models as commands

    app = typer.Typer()
    app.command("evaluate")(commands.evaluate)
    app.command("predict")(commands.predict)
    app.add_typer(commands.models_app, name="models")
    runner = CliRunner()
    found = runner.invoke(app, ["evaluate", "--model", str(folder), "--data", str(data), "--json"])
    assert json.loads(found.stdout.splitlines()[-1])["n"] == 3
    out = tmp_path / "answers.csv"
    found = runner.invoke(app, ["predict", "--model", str(folder), "--data", str(data), "--out", str(out)])
    assert found.exit_code == 0
    assert len(pd.read_csv(out)) == 3
    assert runner.invoke(app, ["models", "list", "--json"]).exit_code == 0


@pytest.mark.parametrize(
    ("labels", "meant"),
    [
        (("bull", "Neg", "neutral"), (2, 0, 1)),
        (("利好", "利空", "中性"), (2, 0, 1)),
        (("1", "-1", "0"), (2, 0, 1)),
        (("+", "-", "flat"), (2, 0, 1)),
    ],
)
def test_labels_have_aliases(labels: tuple[str, ...], meant: tuple[int, ...], tmp_path: Path) -> None:
    names = ("negative", "neutral", "positive")
    assert tuple(_label_indices(labels, names, tmp_path / "x.csv", "polarity")) == meant


@pytest.mark.parametrize("labels", [("0", "1", "2"), ("0", "1"), ("1", "-1", "2"), ("1", "-1", "neutral")])
def test_numbers_that_do_not_say_what_they_mean_are_refused(labels: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"numbers other than -1, 0, 1 do not say"):
        _label_indices(labels, ("negative", "neutral", "positive"), tmp_path / "x.csv", "polarity")


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_labelled_file_in_other_clothes(sign: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [("id", "text", "polarity"), ("1", "Nestlé fällt, sehr", "negative"), ("2", "nan", "neutral")]
    quoted = "\r\n".join(sign.join(f'"{cell}"' for cell in row) for row in rows)
    path.write_bytes(quoted.encode(encoding))
    table = read_table(path, ["text", "polarity"])
    assert table["text"].tolist() == ["Nestlé fällt, sehr", "nan"]
    assert table.columns.tolist() == ["id", "text", "polarity"]


def test_weights_that_are_pickled_are_not_loaded(tmp_path: Path, tiny: tuple[OpinionModel, object]) -> None:
    model, tokenizer = tiny
    model.encoder.save_pretrained(tmp_path, safe_serialization=True)
    tokenizer.save_pretrained(tmp_path)  # type: ignore[attr-defined]
    new_model(str(tmp_path))
    torch.save(model.encoder.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(DataError, match="no encoder can be loaded"):
        new_model(str(tmp_path))


def test_one_convention_of_columns_for_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "own" / "train.csv"
    file.parent.mkdir()
    file.write_text("text,label,entity\nNorrefax rises,Positive,Norrefax\nCastrevo falls,negative,Castrevo\n")
    examples = load_examples(tmp_path, "own", "train")
    assert [example.companies[0].sentiment for example in examples] == [2, 0]
    assert [example.text for example in examples] == ["Norrefax rises", "Castrevo falls"]
    assert label_column(["text", "label", "entity"], "polarity") == "label"
    assert label_column(["text", "label", "polarity"], "polarity") == "polarity"
    assert label_column(["text", "grade"], "grade") == "grade"
