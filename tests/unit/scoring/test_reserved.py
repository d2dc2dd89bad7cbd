"""A document that names a reserved key as its company is a dead letter: it would count under that key."""

from __future__ import annotations

import pytest

from services.scoring.opinions import check
from shared.contract.events import DEAD, MARKET, Document, InvalidMessage


@pytest.mark.parametrize("key", [DEAD, MARKET])
def test_reserved_keys_are_no_companies(key: str) -> None:
    document = Document(
        id="1",
        channel="news",
        source="s",
        text="t",
        published_at=1,
        received_at=1,
        available_at=1,
        companies=("AAPL", key),
    )
    with pytest.raises(InvalidMessage, match="reserved"):
        check(document)
