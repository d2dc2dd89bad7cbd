"""The sums that OpinionHeads read, by the compiled kernel: no padding, and far fewer passes over the states."""

from __future__ import annotations

import ctypes
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.model.opinion_heads import SCORE_BOUND, OpinionHeads, PooledStates
from services.model.tokenizing import Windows

if TYPE_CHECKING:
    from torch import Tensor


class KernelPooler:
    """What `OpinionHeads.pool_states` and `PooledStates.combine` give, from packed states in float32 on a CPU."""

    def __init__(self, library: ctypes.CDLL, model: OpinionHeads, threads: int) -> None:
        self._library, self._threads = library, threads
        self._scores, self._scores_bias = _wide(model.token_scores.weight), _wide(model.token_scores.bias)
        self._query, self._query_bias = _wide(model.mention_query.weight), _wide(model.mention_query.bias)

    def __call__(self, states: Tensor, windows: Windows) -> PooledStates:
        """Sums [D, H] by document and [C, H] by company, float64."""
        import torch

        given = np.ascontiguousarray(states.numpy(), np.float32)
        starts = np.ascontiguousarray(windows.starts, np.int64)
        sums, weights = self._tokens(given, starts)
        mentions, context_weights, counts = self._mentions(given, starts, windows)
        by_window = PooledStates(
            token_sum=torch.from_numpy(sums[:, 0]),
            token_weight=torch.from_numpy(windows.lengths.astype(np.float64)),
            sentiment_sum=torch.from_numpy(sums[:, 1]),
            sentiment_weight=torch.from_numpy(weights[:, 0]),
            event_sum=torch.from_numpy(sums[:, 2]),
            event_weight=torch.from_numpy(weights[:, 1]),
            mention_sum=torch.from_numpy(mentions[:, 0]),
            mention_weight=torch.from_numpy(counts),
            context_sum=torch.from_numpy(mentions[:, 1]),
            context_weight=torch.from_numpy(context_weights),
        )
        document, company = torch.from_numpy(windows.document), torch.from_numpy(windows.mention_company)
        return by_window.combine(document, windows.documents, company, len(windows.company_document))

    def _tokens(
        self, states: NDArray[np.float32], starts: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        count, hidden = len(starts) - 1, states.shape[1]
        sums, weights = np.zeros((count, 3, hidden)), np.zeros((count, 2))
        self._library.bw_pool(
            states.ctypes.data, hidden, starts.ctypes.data, count, self._scores.ctypes.data,
            self._scores_bias.ctypes.data, SCORE_BOUND, self._threads, sums.ctypes.data, weights.ctypes.data,
        )  # fmt: skip
        return sums, weights

    def _mentions(
        self, states: NDArray[np.float32], starts: NDArray[np.int64], windows: Windows
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        rows, hidden = len(windows.mention_tokens), states.shape[1]
        sums, weights = np.zeros((rows, 2, hidden)), np.zeros(rows)
        counts = np.array([len(tokens) for tokens in windows.mention_tokens], np.int64)
        at = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        tokens = np.array(list(chain.from_iterable(windows.mention_tokens)), np.int64)
        window = np.ascontiguousarray(windows.mention_window, np.int64)
        self._library.bw_mentions(
            states.ctypes.data, hidden, starts.ctypes.data, rows, window.ctypes.data, at.ctypes.data,
            tokens.ctypes.data, self._query.ctypes.data, self._query_bias.ctypes.data, SCORE_BOUND, self._threads,
            sums.ctypes.data, weights.ctypes.data,
        )  # fmt: skip
        return sums, weights, counts.astype(np.float64)


def _wide(tensor: Any) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.ascontiguousarray(tensor.detach().double().cpu().numpy())
    return values
