"""What mypy has to refuse, checked by `make types` and never run: an ignore that hides no error is itself an error."""

from __future__ import annotations

from services.ingest.delivery.publisher import Publisher
from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import RawItem, Reading, Rejected, normalise
from shared.contract.events import Document, encode


def unmasked_text_is_never_published(publisher: Publisher, masker: Masker, item: RawItem, reading: Reading) -> None:
    raw = normalise(item, reading, 0)
    if isinstance(raw, Rejected):
        return
    publisher.send(raw)  # type: ignore[arg-type]
    encode(raw)  # type: ignore[arg-type]
    document: Document = raw  # type: ignore[assignment]
    publisher.send(document)
    publisher.send(masker.apply(raw))


def a_document_is_masked_once(masker: Masker, document: Document) -> None:
    masker.apply(document)  # type: ignore[arg-type]
