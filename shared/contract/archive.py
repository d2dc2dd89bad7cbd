"""The archive: its tables, and what their rows name. Writer: services/archive; readers: shared/reading/archive.

Every row is one record of a topic, named by `topic_id`, `partition` and `offset`, with `appended_at` (when Kafka took
it, microseconds), `key` and `value` as they lie in the log. Rows are only ever added; what a worker that died added
twice is taken once on reading. The other columns are what rows are found by, taken from the value.
"""

from __future__ import annotations

import re
from typing import Final

DOCUMENTS: Final = "documents"  # + channel, document_id, source, language, available_at, words
OPINIONS: Final = "opinions"  # + kind, company, document_id, available_at, channel, event, label, origin, TOLD, RECORD
READINGS: Final = "readings"  # + document_id, available_at, model, bits, embedding, scale
SIGNALS: Final = "signals"  # + company, strategy, at, revision, available_at
APPLIED: Final = "applied"  # + slot, at, position
TABLES: Final = (DOCUMENTS, OPINIONS, READINGS, SIGNALS, APPLIED)  # of records
CHECKPOINTS: Final = "checkpoints"  # no records: slots as they were (services/archive/as_of/checkpoints.py)

PLACE: Final = ("topic_id", "partition", "offset")  # of every row
# of an opinion, what stories are made of; null in rows of a version that did not know them
TOLD: Final = ("story", "source", "author", "item", "language", "weight", "score")
RECORD: Final = ("second_event", "role", "rumour")  # of an opinion, more of its event; null in older rows
MAX_WORD: Final = 40  # characters; what is longer is cut

_WORD: Final = re.compile(r"[぀-ヿ㐀-䶿一-鿿豈-﫿]|[^\W_぀-ヿ㐀-䶿一-鿿豈-﫿]+")


def words_of(text: str) -> list[str]:
    """The words by which a text is found, in order: letters and digits without case, each sign of Chinese and Japanese
    by itself. The column `words` holds them with spaces between."""
    return [word[:MAX_WORD] for word in _WORD.findall(text.casefold())]


def signs_of(embedding: bytes) -> bytes:
    """The signs of an embedding, a bit a dimension (1: not negative): what is near is looked for by these first."""
    bits = sum(1 << index for index, value in enumerate(embedding) if value < 128)
    return bits.to_bytes(-(-len(embedding) // 8), "little")
