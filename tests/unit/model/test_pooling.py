"""The kernel's pooling against the model's own, over windows, mentions and companies that no window names."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from services.model.kernel.build import compiler, load_library
from services.model.tokenizing import Windows


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler on this machine")
def test_both_poolers_give_the_same_sums(opinion_folder: Path, kernel_cache: Path) -> None:
    import torch

    from services.model.kernel.pooling import KernelPooler
    from services.model.opinion_model import OpinionModel
    from services.model.pooling import TorchPooler

    lengths = [1, 40, 17, 16, 300, 3]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    given = Windows(
        documents=4,
        ids=np.zeros(starts[-1], np.int32),
        starts=starts,
        document=np.array([0, 1, 1, 2, 3, 3]),
        company_document=np.array([1, 1, 2, 3]),  # the third is named nowhere
        mention_window=np.array([1, 2, 2, 4]),
        mention_company=np.array([0, 0, 1, 3]),
        mention_tokens=[[1, 2], [5], [0, 16], [7, 8, 299]],
    )
    states = torch.from_numpy(np.random.default_rng(4).normal(size=(starts[-1], 64)).astype(np.float32))
    model = OpinionModel.from_pretrained(opinion_folder).eval()
    with torch.inference_mode():
        expected = TorchPooler(model)(states, given)
        for threads in (1, 4):
            found = KernelPooler(load_library(kernel_cache), model, threads)(states, given)
            for field in fields(expected):
                left, right = getattr(found, field.name), getattr(expected, field.name)
                assert left.shape == right.shape, field.name
                assert torch.allclose(left, right, rtol=1e-12, atol=1e-12), field.name
