"""Text to windows of token ids, and character spans of a company's mentions to tokens. NumPy arrays; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.model.folders import ModelError
from services.model.interface import Request, Span
from services.model.reading import blank_links, mention_tokens

TOKENS_AT_ONCE = 32768  # tokens whose states an engine holds at the same time, about 50 MB at a width of 384
_CHARACTERS_PER_TOKEN = 16  # a text is cut before tokenising, far behind the last token that can be read


@dataclass
class Windows:
    """W windows of D documents, packed end to end (N tokens), and the mentions of C companies in them.

    Every mention row is one (company, window) pair in which the company is named: its window, its company (0..C-1,
    counted over all documents in order) and its stretch [mention_begin, mention_end) of positions in `mention_tokens`,
    which counts tokens from the start of that window.
    """

    documents: int = 0
    ids: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # [N]
    starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))  # [W + 1]
    document: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # [W]
    company_document: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # [C]
    mention_window: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # [R]
    mention_company: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # [R]
    mention_tokens: list[list[int]] = field(default_factory=list)  # [R] lists of positions

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def parts(self, tokens: int) -> Iterator[Windows]:
        """Whole documents in order, about `tokens` tokens at a time (at least one document): bounds the memory."""
        ends = self.starts[np.searchsorted(self.document, np.arange(self.documents), "right")]
        first = 0
        while first < self.documents:
            reached = self.starts[np.searchsorted(self.document, first)] + tokens
            last = max(first + 1, int(np.searchsorted(ends, reached, "right")))
            yield self._documents(first, last)
            first = last

    def _documents(self, first: int, last: int) -> Windows:
        w0, w1 = np.searchsorted(self.document, (first, last))
        c0, c1 = np.searchsorted(self.company_document, (first, last))
        r0, r1 = np.searchsorted(self.mention_company, (c0, c1))
        return Windows(
            documents=last - first,
            ids=self.ids[self.starts[w0] : self.starts[w1]],
            starts=self.starts[w0 : w1 + 1] - self.starts[w0],
            document=self.document[w0:w1] - first,
            company_document=self.company_document[c0:c1] - first,
            mention_window=self.mention_window[r0:r1] - w0,
            mention_company=self.mention_company[r0:r1] - c0,
            mention_tokens=self.mention_tokens[r0:r1],
        )


class WindowTokenizer:
    """Cuts texts into windows of at most `window_tokens` tokens (special ones included), at most `max_windows` each.

    `tokenizer` is a `tokenizers.Tokenizer`. Windows do not overlap. What follows the last window is not read. A text
    without any token still has one window, of the special tokens alone. `links` keeps links as they are;
    Bellwether's own model was trained without them.
    """

    def __init__(self, tokenizer: Any, window_tokens: int, max_windows: int, links: bool = False) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        special = tokenizer.encode("").ids
        if not special:
            raise ModelError("the model's tokenizer adds no special tokens around a text; expected [CLS] and [SEP]")
        self._tokenizer = tokenizer
        self._before, self._after = special[:1], special[1:]
        self._content = window_tokens - len(special)
        self._max_windows = max_windows
        self._links = links
        self._characters = self._content * max_windows * _CHARACTERS_PER_TOKEN

    def encode(self, requests: Sequence[Request]) -> Windows:
        """Windows of all requests, in order."""
        texts = [self._prepared(request.text) for request in requests]
        encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        packer = _Packer()
        for request, encoding in zip(requests, encodings, strict=True):
            self._add(packer, encoding, request.companies)
        return packer.windows()

    def _prepared(self, text: str) -> str:
        readable = _encodable(text[: self._characters])
        return readable if self._links else blank_links(readable)

    def _add(self, packer: _Packer, encoding: Any, companies: tuple[tuple[Span, ...], ...]) -> None:
        ids = encoding.ids[: self._content * self._max_windows]
        first = len(packer.lengths)
        for begin in range(0, max(1, len(ids)), self._content):
            packer.add_window(self._before + ids[begin : begin + self._content] + self._after)
        offsets = encoding.offsets[: len(ids)] if companies else []
        for spans in companies:
            by_window: dict[int, list[int]] = {}
            for token in mention_tokens(offsets, spans):
                position = token % self._content + len(self._before)
                by_window.setdefault(first + token // self._content, []).append(position)
            packer.add_company(by_window)
        packer.documents += 1


class _Packer:
    def __init__(self) -> None:
        self.documents = 0
        self.ids: list[int] = []
        self.lengths: list[int] = []
        self.document: list[int] = []
        self.company_document: list[int] = []
        self.mentions: list[tuple[int, int]] = []
        self.mention_tokens: list[list[int]] = []

    def add_window(self, ids: list[int]) -> None:
        self.ids += ids
        self.lengths.append(len(ids))
        self.document.append(self.documents)

    def add_company(self, by_window: dict[int, list[int]]) -> None:
        company = len(self.company_document)
        self.company_document.append(self.documents)
        self.mentions += [(window, company) for window in by_window]
        self.mention_tokens += by_window.values()

    def windows(self) -> Windows:
        mentions = np.array(self.mentions, np.int64).reshape(-1, 2)
        return Windows(
            documents=self.documents,
            ids=np.array(self.ids, np.int32),
            starts=np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)]).astype(np.int64),
            document=np.array(self.document, np.int64),
            company_document=np.array(self.company_document, np.int64),
            mention_window=mentions[:, 0],
            mention_company=mentions[:, 1],
            mention_tokens=self.mention_tokens,
        )


def load_tokenizer(folder: Path) -> Any:
    """The folder's fast tokenizer (tokenizer.json, else converted by transformers). Raises ModelError without one."""
    from tokenizers import Tokenizer

    if (folder / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, use_fast=True, trust_remote_code=False).backend_tokenizer
    except Exception as error:
        raise ModelError(f"{folder}: no tokenizer.json, and no fast tokenizer can be built ({error})") from error


def _encodable(text: str) -> str:
    """Lone surrogates (half a character) cannot reach the tokenizer; one character stands for each."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
