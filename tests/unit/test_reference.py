"""The generated pages of docs/ are what `make docs` would write now."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import msgspec
import pytest

from services.commands.reference import _plain, pages
from shared.contract.events import MICRO, Document, Opinion, Origin, Outcome, Tick, encode

DOCS = Path(__file__).parents[2] / "docs"
PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fresh(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name], f"docs/{name} is stale; run: make docs"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "`0`"), (1, "`1`"), (0.0, "`0.0`"), (1.0, "`1.0`"), (False, "false"), (True, "true"), (None, "none"),
     ((), "(empty)"), ({}, "(empty)"), ("stub", "`stub`"), (("pulse",), "`('pulse',)`")],
)  # fmt: skip
def test_a_default_is_shown_as_what_it_is(value: object, shown: str) -> None:
    assert _plain(value) == shown


def test_messages_satisfy_the_published_schema() -> None:
    origin = Origin("id", 1, 2, 0)
    document = Document(
        id="a" * 32, channel="news", source="s", text="t", published_at=1, received_at=2, available_at=2
    )
    opinion = Opinion(
        origin=origin, document_id="a" * 32, company="AAPL", relevance=1, channel="news", source="s", story="0" * 16,
        published_at=1, available_at=2, negative=0, neutral=MICRO, positive=0, model="m", companies=1,
    )  # fmt: skip
    outcome = Outcome(origin=origin, letter="id:1:2", state="dead")
    for page, messages in (
        ("schema/documents.json", [document, Tick(watermark=1)]),
        ("schema/opinions.json", [opinion, Tick(watermark=1, origin=origin), outcome]),
    ):
        schema = msgspec.json.decode(PAGES[page])
        for message in messages:
            jsonschema.validate(msgspec.json.decode(encode(message)), schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"type": "tick", "watermark": "soon"}, schema)
