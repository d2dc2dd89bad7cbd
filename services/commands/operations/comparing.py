"""A new model beside the one before it, on what reviewers said and on dev, before a run takes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.commands.options import OptionError, note

if TYPE_CHECKING:
    from services.model.interface import Engine
    from services.training.data.datasets import Example
    from services.training.measuring.gate import Difference
    from shared.contract.feedback.label import Label
    from shared.settings import Settings

LABELS_ENOUGH: Final = 200  # answers of reviewers, from which on they may refuse a model


def compared_with(settings: Settings, before: str, engine: Engine, name: str, labelled: Path) -> list[Difference]:
    """The new model beside the one before it, called `name`, where there are labels enough. Raises WorseModel, and
    OptionError where that is not the model before."""
    from services.commands.labels import every_label
    from services.model.engine import build_engine
    from services.runtime.binding import switch_command
    from services.scoring.provenance.model_fields import in_precision_of
    from services.training.measuring.gate import compare, dev_texts, refuse_worse
    from shared.clients.redis import connect
    from shared.contract.feedback.resolution import resolutions
    from shared.reading.values.binding import read_binding

    labels = every_label(settings)
    answers = sum(each.settled for each in resolutions(labels).values())
    if answers < LABELS_ENOUGH:
        note(f"not compared: {answers:,} answers of reviewers; from {LABELS_ENOUGH} on, a worse model is refused")
        return []
    with connect(settings.redis) as client:
        bound = read_binding(client, settings.run)
    former = build_engine(in_precision_of(settings.model.model_copy(update={"name": name}), bound))
    again = switch_command(engine.name)
    if former.model_id != before:
        raise OptionError(
            f"{name} is {former.model_id}, and run {settings.run!r} is bound to {before}: to compare with that model, "
            f"name it: {again} --against NAME; or switch without comparing: {again} --force"
        )
    examples = {"held-back feedback": _held_back(settings, labels), "dev": dev_texts(labelled)}
    if not examples["dev"]:
        note(f"not compared on dev: {labelled} has no dev sets (--labelled)")
    found = [each for title, some in examples.items() if (each := compare(title, some, former, engine))]
    for each in found:
        note(each.words())
    refuse_worse(found, f"{again} --force")
    return found


def _held_back(settings: Settings, labels: list[Label]) -> list[Example]:
    from tempfile import TemporaryDirectory

    from services.scoring.linking.linker import Linker
    from services.training.data.feedback import collect, write
    from services.training.measuring.gate import held_back
    from shared.reading.archive.tables import ArchiveTables
    from shared.universe.securities import Catalogue

    with TemporaryDirectory() as folder:
        write(collect(ArchiveTables.of(settings), labels, Linker(Catalogue.load())), Path(folder))
        return held_back(Path(folder))
