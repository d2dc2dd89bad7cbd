"""Values deflated against shared words come back as they were; plain ones of a former version, too."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.deflating.signal_words import WORDS
from shared.contract.deflating.values import DEFLATED, deflated, inflated

values = st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(("score", "at", "x")), inner),
    max_leaves=20,
)


@given(values)
def test_json_comes_back(value: object) -> None:
    raw = msgspec.json.encode(value)
    small = deflated(raw, WORDS)
    assert inflated(small, WORDS) == inflated(raw, WORDS) == raw
    assert len(small) <= len(raw)
    assert small == raw or small.startswith(DEFLATED)
