"""``bellwether train …``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import Json
from services.commands.recipes import Recipe
from services.commands.training.libraries import log_to_stderr, quiet_libraries
from services.commands.training.options import (
    GOLD,
    LABELLED,
    MINI,
    Device,
    DeviceChoice,
    Epochs,
    Feedback,
    Gold,
    Labelled,
    Method,
    MethodName,
    Out,
    Reports,
    ReportTo,
    Seed,
    Sets,
    TokenBudget,
    cap_of,
    names_of,
    say,
)
from services.commands.training.shape import shape_app
from services.training.errors import DataError

train_app = typer.Typer(no_args_is_help=True, help="Train, shrink and export the opinion model.")


@train_app.command()
def finetune(
    out: Out,
    labelled: Labelled = LABELLED,
    sets: Sets = MINI,
    judged: Annotated[str | None, typer.Option(help="Dev sets that choose the checkpoint (default: --sets).")] = None,
    per_set: Annotated[int | None, typer.Option(help="Use at most this many rows of each set per epoch.")] = None,
    cap: Annotated[list[str] | None, typer.Option(help="SET=ROWS: the same for one set. May be repeated.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Encoder to start from (folder or Hub id).")] = None,
    start: Annotated[str | None, typer.Option(help="Opinion model to continue from (name or folder).")] = None,
    method: Method = MethodName.full,
    feedback: Feedback = None,
    rank: Annotated[int, typer.Option(help="Rank of the low-rank updates (lora, adalora).", min=1)] = 16,
    freeze_layers: Annotated[int, typer.Option(help="Number of lowest encoder layers to freeze.")] = 0,
    epochs: Epochs = 5,
    seed: Seed = 20261124,
    token_budget: TokenBudget = 2048,
    encoder_rate: Annotated[float, typer.Option(help="Learning rate of the encoder.")] = 2e-4,
    head_rate: Annotated[float, typer.Option(help="Learning rate of the heads.")] = 6e-4,
    patience: Annotated[int, typer.Option(help="Stop after this many epochs without a better dev result.")] = 3,
    class_weights: Annotated[bool, typer.Option(help="Give rare classes more weight.")] = False,
    focal: Annotated[float, typer.Option(help="Exponent of the focal loss; 0: plain cross-entropy.")] = 0.0,
    anchor: Annotated[float, typer.Option(help="Pull towards the base encoder's embedding; 0: none.")] = 4.0,
    anchor_encoder: Annotated[
        str | None,
        typer.Option(help="Encoder whose embedding the anchor pulls towards (default: the starting encoder)."),
    ] = None,
    anchor_teacher: Annotated[
        bool, typer.Option(help="Let the anchor pull towards the teachers' embedding of the unchanged text.")
    ] = False,
    anonymise: Annotated[float, typer.Option(help='Share of companies called "the company".')] = 0.0,
    compose: Annotated[float, typer.Option(help="Share of texts about companies joined in pairs.")] = 0.0,
    typos: Annotated[float, typer.Option(help="Share of texts that get typing slips.", min=0, max=1)] = 0.0,
    boilerplate: Annotated[
        float, typer.Option(help="Share of texts that get a publisher's standing words around them.", min=0, max=1)
    ] = 0.0,
    teacher: Annotated[list[str] | None, typer.Option(help="Model to learn from; several: their mean.")] = None,
    distil: Annotated[float, typer.Option(help="Weight of the teachers' answers beside the labels'.", min=0)] = 1.0,
    untaught: Annotated[
        str | None, typer.Option(help="Sets that the teachers say nothing of, separated by commas.")
    ] = None,
    unlabelled: Annotated[list[Path] | None, typer.Option(help="Texts to pseudo-label. May be repeated.")] = None,
    sure: Annotated[float, typer.Option(help="Lowest probability of a pseudo-label that is used.")] = 0.95,
    report_to: Reports = ReportTo.tensorboard,
    device: Device = DeviceChoice.auto,
    recipe: Recipe = None,
    as_json: Json = False,
) -> None:
    """Fine-tune all heads at once on labelled sets, and on what people said. Run it again with --out to resume."""
    del recipe  # applied while the options were read
    from services.commands.training import reports
    from services.model.folders import find_model
    from services.training.data.augmentation import Augmentation
    from services.training.learning.finetune import Finetuning
    from services.training.learning.objective import Objective
    from services.training.learning.settings import FinetuneSettings

    quiet_libraries()
    log_to_stderr()
    if encoder and start:
        raise DataError("--encoder and --start exclude each other; give one of them")
    if anchor_teacher and (anchor_encoder or not teacher):
        raise DataError("--anchor-teacher: needs --teacher, and no --anchor-encoder beside it")
    settings = FinetuneSettings(
        out=out,
        labelled=labelled,
        sets=names_of(sets),
        judged=names_of(judged) if judged else None,
        per_set=per_set,
        caps=tuple(cap_of(item) for item in cap or ()),
        encoder=encoder,
        anchor_encoder=anchor_encoder,
        anchor_teacher=anchor_teacher,
        start=find_model(start) if start else None,
        method=method.value,
        rank=rank,
        feedback=feedback,
        freeze_layers=freeze_layers,
        epochs=epochs,
        seed=seed,
        token_budget=token_budget,
        encoder_rate=encoder_rate,
        head_rate=head_rate,
        patience=patience,
        class_weights=class_weights,
        teachers=tuple(find_model(name) for name in teacher or ()),
        untaught=names_of(untaught) if untaught else (),
        unlabelled=tuple(unlabelled or ()),
        sure=sure,
        report_to=report_to.value,
        device=device.value,
        objective=Objective(focal=focal, anchor=anchor, distil=distil),
        augmentation=Augmentation(compose=compose, anonymise=anonymise, typos=typos, boilerplate=boilerplate),
    )
    run = Finetuning(settings)
    with reports.progress(f"fine-tuning ({method.value})", run.steps * epochs) as tick:
        run.tick = tick
        progress = run.run()
    say({"best_epoch": progress.best_epoch + 1, "quality": progress.best, "history": progress.history}, as_json)


@train_app.command()
def pretrain(
    texts: Annotated[list[Path], typer.Argument(help=".txt (one text per line), .csv or .jsonl, each also as .gz.")],
    out: Out,
    encoder: Annotated[str | None, typer.Option(help="Encoder to continue from (default: the base encoder).")] = None,
    epochs: Epochs = 1,
    seed: Seed = 20261124,
    token_budget: TokenBudget = 2048,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 1e-4,
    max_steps: Annotated[int | None, typer.Option(help="Stop after this many steps.", min=1)] = None,
    report_to: Reports = ReportTo.tensorboard,
    device: Device = DeviceChoice.auto,
    as_json: Json = False,
) -> None:
    """Pre-train an encoder on plain text and print the perplexity before and after. Run it again to resume."""
    from services.commands.training import reports
    from services.training.learning.pretrain import PretrainSettings
    from services.training.learning.pretrain import pretrain as run

    quiet_libraries()
    log_to_stderr()
    settings = PretrainSettings(
        tuple(texts),
        out,
        encoder,
        epochs=epochs,
        seed=seed,
        token_budget=token_budget,
        rate=rate,
        max_steps=max_steps,
        report_to=report_to.value,
        device=device.value,
    )
    with reports.progress("pre-training", 100) as tick:
        shown = 0

        def advance(done: int, steps: int) -> None:
            nonlocal shown
            tick(100 * done // steps - shown)
            shown = 100 * done // steps

        found = run(settings, advance)
    say({"perplexity_before": found.before, "perplexity_after": found.after, "texts": found.texts}, as_json)


@train_app.command()
def release(
    run: Annotated[Path, typer.Option(help="Folder of a finished run, or of a model to measure again.")],
    out: Out,
    labelled: Labelled = LABELLED,
    sets: Sets = MINI,
    reported: Annotated[str, typer.Option(help="Dev sets to report, separated by commas.")] = MINI + ",fpb,fiqa2018",
    seed: Seed = 20261124,
    delta_of: Annotated[str | None, typer.Option(help="Store only the difference from this model.")] = None,
    reuters: Annotated[Path, typer.Option(help="Stories to measure the embedding on; skipped if absent.")] = Path(
        "../shared/data/backtest/reuters_news_2012_2017.jsonl.gz"
    ),
    bits: Annotated[int, typer.Option(help="Bits per stored weight: 16, or 8 with a scale per row.")] = 16,
    cut_vocabulary: Annotated[bool, typer.Option(help="Drop word vectors that are never used.")] = False,
    base: Annotated[str | None, typer.Option(help="Encoder on the card: name, licence, source.")] = None,
    embedding_of: Annotated[
        str | None, typer.Option(help="Encoder (folder or Hub id) whose embedding the model is to reproduce.")
    ] = None,
    compared_with: Annotated[
        str | None, typer.Option(help="Encoder whose embedding to compare with (default: --embedding-of).")
    ] = None,
    offsets: Annotated[
        bool, typer.Option(help="Fit an offset per sentiment; otherwise the weights stay as they are.")
    ] = True,
    gold: Gold = GOLD,
    recipe: Recipe = None,
    as_json: Json = False,
) -> None:
    """Calibrate a run's best checkpoint, save it in 16 bits, measure it and write its model card."""
    del recipe  # applied while the options were read
    from services.model.folders import find_model
    from services.training.data.datasets import training_examples
    from services.training.shipping.around_card import write_card
    from services.training.shipping.model_card import model_card
    from services.training.shipping.release import Release
    from services.training.shipping.release import release as make

    quiet_libraries()
    log_to_stderr()
    if bits not in (8, 16):
        raise DataError(f"--bits {bits}: use 8 or 16")
    order = Release(
        run,
        out,
        labelled,
        learnt=names_of(sets),
        reported=names_of(reported),
        seed=seed,
        delta_of=find_model(delta_of) if delta_of else None,
        reuters=reuters,
        bits=bits,
        encoder=base,
        cut_vocabulary=cut_vocabulary,
        embedding_of=embedding_of,
        offsets=offsets,
        compared_with=compared_with,
    )
    examples, overlaps, _ = training_examples(labelled, names_of(sets))
    metrics = make(order, overlaps, [example.text for example in examples])
    if gold.is_file():
        metrics = write_card(out, gold, reuters, None)  # its own fields were measured just now
    (out / "README.md").write_text(model_card(metrics), encoding="utf-8")
    say(metrics, as_json)


@train_app.command()
def card(
    model: Annotated[Path, typer.Argument(help="Folder of a released model.")],
    gold: Gold = GOLD,
    news: Annotated[Path, typer.Option(help="Stories to measure story keys on; skipped if absent.")] = Path(
        "../shared/data/backtest/reuters_news_2012_2017.jsonl.gz"
    ),
    labelled: Labelled = LABELLED,
    as_json: Json = False,
) -> None:
    """Measure every field again and write it into a released model's card: the model's own on its labelled sets, links,
    relevance and stories. Its weights stay.
    """
    from services.training.shipping.around_card import write_card

    quiet_libraries()
    metrics = write_card(model, gold, news, labelled)
    say({"fields": metrics["fields"], "around": metrics["around"]}, as_json)


@train_app.command("compare-methods")
def compare_methods(
    out: Out,
    labelled: Labelled = LABELLED,
    rows: Annotated[int, typer.Option(help="Training rows per set.")] = 1000,
    epochs: Epochs = 2,
    page: Annotated[Path | None, typer.Option(help="Page whose table to replace, for example, docs/models.md.")] = None,
    encoder: Annotated[str | None, typer.Option(help="A further pre-trained encoder, for an extra row.")] = None,
    seed: Seed = 20261124,
    as_json: Json = False,
) -> None:
    """Train every method on the same small sample and tabulate parameters, time and dev score."""
    from services.commands.training import reports
    from services.training.comparison import Plan, check_page, compare, methods_table, replace_table, trials_of

    quiet_libraries()
    log_to_stderr()
    if page is not None:
        check_page(page)
    plan = Plan(labelled, rows, epochs, seed)
    with reports.progress("comparing methods", len(trials_of(encoder))) as tick:
        found = compare(out, plan, encoder, tick)
    if page is not None:
        replace_table(page, methods_table(found, plan))
    say({"rows": found}, as_json)


train_app.registered_commands += shape_app.registered_commands
