"""The commands of a model's life: ``bellwether train …``, ``models …``, ``evaluate``, ``predict``.

``services/commands/main.py`` finds ``train_app``, ``models_app``, ``evaluate`` and ``predict`` here by their names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import Json, OptionError
from services.commands.training.libraries import quiet_libraries
from services.commands.training.options import (
    AnyModel,
    Entity,
    Feedback,
    Label,
    RestrictLabels,
    Task,
    TaskName,
    Text,
    label_column,
    note_unused_entity,
)
from services.commands.training.train import train_app

__all__ = ["evaluate", "models_app", "predict", "train_app"]

models_app = typer.Typer(no_args_is_help=True, help="The models on this machine.")


def evaluate(
    model: AnyModel,
    data: Annotated[Path | None, typer.Option(help="A CSV file with a header.")] = None,
    feedback: Feedback = None,
    text: Text = "text",
    label: Label = "polarity",
    entity: Entity = None,
    task: Task = TaskName.sentiment,
    restrict_labels: RestrictLabels = False,
    as_json: Json = False,
) -> None:
    """Evaluate a model on a labelled file, or on feedback that was held back: F1, accuracy, calibration, intervals."""
    if (data is None) == (feedback is None):
        raise OptionError("give either --data FILE or --feedback FOLDER")
    if data is None:
        _evaluate_feedback(model, feedback, as_json=as_json)
        return
    from services.commands.training import reports
    from services.training.data.tables import read_table
    from services.training.measuring.evaluate import Columns
    from services.training.measuring.evaluate import evaluate as evaluate_file
    from services.training.measuring.scorers import load_scorer

    quiet_libraries()
    table = read_table(data, [text, *([entity] if entity else [])])
    label = label_column(table.columns, label)
    note_unused_entity(table.columns, entity)
    rows = len(table)
    scorer = load_scorer(model)
    with reports.progress(f"{scorer.name} on {data.name}", rows) as tick:
        found = evaluate_file(
            scorer,
            data,
            Columns(text, label, entity),
            task=task.value,
            restrict_labels=restrict_labels,
            tick=tick,
        )
    if as_json:
        reports.print_json(found.as_json())
    else:
        reports.print_evaluation(found, f"{scorer.name} on {data.name}")


def _evaluate_feedback(model: str, feedback: Path | None, *, as_json: bool) -> None:
    """Of each set that has rows held back: nothing that learnt from the export has seen them."""
    from services.commands.training import reports
    from services.training.data.feedback import COMPANIES, EVENTS, sets_with
    from services.training.errors import DataError
    from services.training.measuring.evaluate import Columns
    from services.training.measuring.evaluate import evaluate as evaluate_file
    from services.training.measuring.scorers import load_scorer

    assert feedback is not None
    quiet_libraries()
    names = sets_with(feedback, "held")
    if not names:
        raise DataError(f"--feedback {feedback}: nothing in it is held back yet; it takes more labels")
    scorer, found = load_scorer(model), {}
    for name in names:
        columns = Columns(label="label", entity="entity" if name == COMPANIES else None)
        task = TaskName.event if name == EVENTS else TaskName.sentiment
        found[name] = evaluate_file(scorer, feedback / name / "held.csv", columns, task=task.value)
    if as_json:
        reports.print_json({name: each.as_json() for name, each in found.items()})
        return
    for name, each in found.items():
        reports.print_evaluation(each, f"{scorer.name} on {name}, held back")


def predict(
    data: Annotated[Path, typer.Option(help="A CSV file with a header; no labels needed.")],
    out: Annotated[Path, typer.Option(help="CSV file to write: one row per input row, in the same order.")],
    text: Text = "text",
    entity: Entity = None,
    model: AnyModel = "bellwether-mini",
) -> None:
    """Predict answer, negative, neutral, positive (and event, event_probability) for every row, beside its id."""
    from services.commands.training import reports
    from services.training.data.tables import read_table
    from services.training.measuring.evaluate import predictions
    from services.training.measuring.scorers import load_scorer
    from shared.clients.state_folder import whole_file

    quiet_libraries()
    table = read_table(data, [text, *([entity] if entity else [])])
    note_unused_entity(table.columns, entity)
    rows = len(table)
    scorer = load_scorer(model)
    with reports.progress(f"{scorer.name} on {data.name}", rows) as tick:
        answer = predictions(scorer, data, text, entity, tick)
    with whole_file(out) as draft:
        answer.to_csv(draft, index=False, float_format="%.6f")
    typer.echo(f"{reports.rows_told(table[text].tolist())}; all of them written to {out}", err=True)


@models_app.command("list")
def list_models(as_json: Json = False) -> None:
    """List the models under models/: size, kind and results on their dev files."""
    from services.commands.training import reports
    from services.training.shipping.inventory import inventory

    models = inventory()
    if as_json:
        reports.print_json({"models": models})
    else:
        reports.print_inventory(models)


@models_app.command("show")
def show_model(name: Annotated[str, typer.Argument(help="A name under models/ or a folder.")]) -> None:
    """Show the model card of one model."""
    from rich.markdown import Markdown

    from services.commands.training import reports
    from services.training.shipping.inventory import read_card

    reports.out.print(Markdown(read_card(name)))


@models_app.command("compare")
def compare_models(
    models: Annotated[list[str], typer.Argument(help="Names under models/, folders or Hub ids.")],
    data: Annotated[Path, typer.Option(help="A labelled CSV file.")],
    text: Text = "text",
    label: Label = "polarity",
    entity: Entity = None,
    task: Task = TaskName.sentiment,
    restrict_labels: RestrictLabels = False,
    as_json: Json = False,
) -> None:
    """Compare several models on one labelled file, side by side."""
    from services.commands.training import reports
    from services.training.data.tables import read_table
    from services.training.measuring.evaluate import Columns
    from services.training.measuring.evaluate import evaluate as evaluate_file
    from services.training.measuring.scorers import load_scorer

    quiet_libraries()
    table = read_table(data, [text, *([entity] if entity else [])])
    label = label_column(table.columns, label)
    note_unused_entity(table.columns, entity)
    rows = len(table)
    found = {}
    for name in models:
        with reports.progress(f"{name} on {data.name}", rows) as tick:
            found[name] = evaluate_file(
                load_scorer(name),
                data,
                Columns(text, label, entity),
                task=task.value,
                restrict_labels=restrict_labels,
                tick=tick,
            )
    if as_json:
        reports.print_json({name: item.as_json() for name, item in found.items()})
    else:
        reports.print_comparison(found)
