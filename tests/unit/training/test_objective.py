"""What a teacher is agreed with: every head that both have, over the rows that it answered, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from services.commands.training.train import train_app
from services.model.opinion_model import OpinionOutput
from services.training.errors import DataError
from services.training.learning.objective import Objective

TEXTS, COMPANIES = torch.tensor([True, False, True]), torch.tensor([False, True])


def answers(texts: int, companies: int, seed: int, *, parts: bool = True) -> OpinionOutput:
    """Logits of every head; without ``parts`` none of roles and rumours."""
    draw = torch.Generator().manual_seed(seed)

    def logits(rows: int, classes: int) -> Tensor:
        return torch.randn(rows, classes, generator=draw)

    return OpinionOutput(
        document_sentiment=logits(texts, 3),
        company_sentiment=logits(companies, 3),
        event=logits(texts, 58),
        embedding=logits(texts, 8),
        role=logits(companies, 8) if parts else None,
        rumour=logits(texts, 2) if parts else None,
    )


def marked(output: OpinionOutput) -> OpinionOutput:
    """The rows of the student that the teacher answered."""
    by_company = {"company_sentiment", "role"}
    return OpinionOutput(**{k: v[COMPANIES if k in by_company else TEXTS] for k, v in output.items()})


def test_agreement_is_no_loss_and_every_head_counts() -> None:
    student = answers(3, 2, seed=1)
    said = marked(student)
    objective = Objective()
    assert abs(float(objective.distillation(student, said, TEXTS, COMPANIES))) < 1e-6
    for head in ("document_sentiment", "company_sentiment", "event", "role", "rumour"):
        other = OpinionOutput(**dict(said.items()) | {head: said[head].flip(-1)})
        assert float(objective.distillation(student, other, TEXTS, COMPANIES)) > 1e-3, head


def test_a_row_that_the_teacher_did_not_answer_does_not_count() -> None:
    student = answers(3, 2, seed=1)
    said = marked(answers(3, 2, seed=2))
    before = Objective().distillation(student, said, TEXTS, COMPANIES)
    for head in ("document_sentiment", "event", "rumour"):
        student[head][1] += 5
    student["company_sentiment"][0] += torch.tensor([9.0, 0.0, 0.0])
    assert torch.equal(before, Objective().distillation(student, said, TEXTS, COMPANIES))


def test_a_head_that_the_teacher_lacks_is_left_out_and_the_weight_scales() -> None:
    student, said = answers(3, 2, seed=1), answers(2, 1, seed=3, parts=False)
    once = Objective().distillation(student, said, TEXTS, COMPANIES)
    assert torch.allclose(Objective(distil=2.5).distillation(student, said, TEXTS, COMPANIES), 2.5 * once)
    assert float(Objective(distil=0).distillation(student, said, TEXTS, COMPANIES)) == 0


@pytest.mark.parametrize("others", [[], ["--teacher", "bellwether-mini", "--anchor-encoder", "x"]])
def test_an_anchor_at_the_teachers_needs_them_and_no_other(others: list[str], tmp_path: Path) -> None:
    told = CliRunner().invoke(train_app, ["finetune", "--out", str(tmp_path), "--anchor-teacher", *others])
    assert isinstance(told.exception, DataError)
    assert str(told.exception) == "--anchor-teacher: needs --teacher, and no --anchor-encoder beside it"
