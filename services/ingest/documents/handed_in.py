"""A text that somebody hands in to be scored, as ingest would have published it. Nothing of it is kept."""

from __future__ import annotations

from services.ingest.documents.cleaning import clean
from services.ingest.documents.language import guess_language
from services.ingest.documents.mask import mask


def as_published(text: str) -> tuple[str, str]:
    """The text, cleaned and masked, and its language (BCP 47 primary tag, or "und"); one of which nothing would be left
    stays as it is."""
    cleaned = clean(text) or text
    return mask(cleaned), guess_language(cleaned)
