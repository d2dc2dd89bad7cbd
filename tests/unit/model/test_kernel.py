"""The fused int8 encoder against transformers' BertModel, and against itself in other company."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.model.kernel import build
from services.model.kernel.build import NoKernel
from services.model.tokenizing import Windows

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="no C++ compiler on this machine")


Make = Callable[..., Any]


def windows(lengths: list[int], seed: int = 1) -> Windows:
    generator = np.random.default_rng(seed)
    ids = generator.integers(0, 128, sum(lengths)).astype(np.int32)
    return Windows(len(lengths), ids, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def part(whole: Windows, order: list[int]) -> Windows:
    pieces = [whole.ids[whole.starts[i] : whole.starts[i + 1]] for i in order]
    starts = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
    return Windows(len(order), np.concatenate(pieces), starts)


def states(encoder: Any, given: Windows) -> list[NDArray[np.float32]]:
    found = encoder.states(given).numpy()
    return [found[given.starts[i] : given.starts[i + 1]] for i in range(given.documents)]


@pytest.fixture(scope="module")
def encoder(make_bert: Make, kernel_cache: Path) -> Any:
    from services.model.kernel.encoder import KernelEncoder

    return KernelEncoder(make_bert(), kernel_cache, threads=2)


LENGTHS = [1, 2, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 255, 256, 300, 511, 512, 7, 7]


def test_states_are_those_of_the_model_up_to_eight_bits(make_bert: Make, encoder: Any) -> None:
    import torch

    model, given = make_bert(), windows(LENGTHS)
    for number, found in enumerate(states(encoder, given)):
        ids = torch.from_numpy(given.ids[given.starts[number] : given.starts[number + 1]]).long()
        with torch.inference_mode():
            expected = model(ids[None]).last_hidden_state[0].numpy()
        assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)


def test_neighbours_order_and_threads_change_no_bit(make_bert: Make, encoder: Any, kernel_cache: Path) -> None:
    from services.model.kernel.encoder import KernelEncoder

    given = windows(LENGTHS * 3)
    together = states(encoder, given)
    for number, alone in enumerate(together[: len(LENGTHS)]):
        assert (states(encoder, part(given, [number]))[0] == alone).all()
    order = list(np.random.default_rng(2).permutation(given.documents))
    for found, number in zip(states(encoder, part(given, order)), order, strict=True):
        assert (found == together[number]).all()
    for threads in (1, 3):
        again = states(KernelEncoder(make_bert(), kernel_cache, threads), given)
        assert all((a == b).all() for a, b in zip(again, together, strict=True))


@pytest.mark.parametrize("heads", [1, 4])
def test_other_head_sizes(make_bert: Make, heads: int, kernel_cache: Path) -> None:
    import torch

    from services.model.kernel.encoder import KernelEncoder

    model, given = make_bert(num_attention_heads=heads), windows([20])
    [found] = states(KernelEncoder(model, kernel_cache, 1), given)
    with torch.inference_mode():
        expected = model(torch.from_numpy(given.ids).long()[None]).last_hidden_state[0].numpy()
    assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)


def test_ids_and_lengths_outside_the_tables_are_refused(encoder: Any) -> None:
    for bad in (Windows(1, np.array([128], np.int32), np.array([0, 1])), windows([513]), windows([3, 0])):
        with pytest.raises(ValueError, match="outside the model's tables"):
            encoder.states(bad)
    assert encoder.states(windows([])).shape == (0, 64)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hidden_act": "relu"}, "relu"),
        ({"hidden_size": 48, "num_attention_heads": 3}, "hidden size 48"),
        ({"num_attention_heads": 8}, "hidden size 64"),
    ],
)
def test_models_that_it_cannot_do_are_named(
    make_bert: Make, changes: dict[str, Any], reason: str, kernel_cache: Path
) -> None:
    from services.model.kernel.encoder import KernelEncoder

    with pytest.raises(NoKernel, match=reason):
        KernelEncoder(make_bert(**changes), kernel_cache, 1)


def test_weights_that_are_not_numbers_are_refused(make_bert: Make, kernel_cache: Path) -> None:
    import torch

    from services.model.kernel.encoder import KernelEncoder

    model = make_bert()
    with torch.no_grad():
        model.encoder.layer[1].output.dense.weight[0, 0] = float("nan")
    with pytest.raises(NoKernel, match="not finite"):
        KernelEncoder(model, kernel_cache, 1)


def test_without_a_compiler_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(NoKernel, match="no C\\+\\+ compiler"):
        build.load_library(tmp_path)


def test_a_compiler_that_fails_leaves_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(NoKernel, match="cannot compile"):
        build.load_library(tmp_path)
    assert not list((tmp_path / "kernels").iterdir())
