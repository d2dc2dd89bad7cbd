from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.interface import Request
from services.model.tokenizing import WindowTokenizer, load_tokenizer

some_text = st.text(alphabet="abc shelp.,$株é\U0001f680\ud800\n", max_size=80)
some_spans = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=3)
some_requests = st.lists(
    st.builds(Request, some_text, st.lists(some_spans.map(tuple), max_size=3).map(tuple)), min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory, save_tokenizer: Any) -> WindowTokenizer:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return WindowTokenizer(load_tokenizer(folder), window_tokens=16, max_windows=3)


@settings(deadline=None)
@given(some_requests, st.integers(1, 60))
def test_parts_are_the_documents_encoded_apart(tokenizer: Any, requests: list[Request], tokens: int) -> None:
    whole, seen = tokenizer.encode(requests), 0
    for part in whole.parts(tokens):
        alone = tokenizer.encode(requests[seen : seen + part.documents])
        assert part.documents == 1 or len(part.ids) <= tokens
        for name, value in vars(alone).items():
            found = getattr(part, name)
            assert found == value if isinstance(value, int | list) else found.tolist() == value.tolist(), name
        seen += part.documents
    assert seen == len(requests)


@settings(deadline=None)
@given(some_requests)
def test_windows_are_bounded_and_mentions_point_into_them(tokenizer: Any, requests: list[Request]) -> None:
    found = tokenizer.encode(requests)
    assert found.documents == len(requests)
    assert (found.lengths >= 2).all()
    assert (found.lengths <= 16).all()
    assert found.document.tolist() == sorted(found.document.tolist())
    for window, company, tokens in zip(found.mention_window, found.mention_company, found.mention_tokens, strict=True):
        assert found.document[window] == found.company_document[company]
        assert all(1 <= token < found.lengths[window] - 1 for token in tokens)


def test_a_mention_is_the_tokens_it_touches_in_whatever_window(tokenizer: Any) -> None:
    text = " ".join(["bank"] * 13 + ["apple", "falls", "as", "shell", "rises"])
    at = text.index("apple"), text.index("shell")
    found = tokenizer.encode([Request(text, (((at[0], at[0] + 11),), ((at[1], at[1] + 2),), ((999, 1000),)))])
    assert found.lengths.tolist() == [16, 6]
    assert found.mention_company.tolist() == [0, 0, 1]
    assert found.mention_window.tolist() == [0, 1, 1]
    assert found.mention_tokens == [[14], [1], [3]]  # "apple falls" goes over the edge of a window
    assert found.company_document.tolist() == [0, 0, 0]
