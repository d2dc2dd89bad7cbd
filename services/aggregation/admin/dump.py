"""The canonical form of a run's aggregates: equal input, equal bytes (design 2.2). Nothing of when or how it was made.

One JSON object a line, in the order (resolution, company, channel, start), keys sorted, integers, UTF-8, LF. Authors
are hashed with a key that each state folder draws, so their shares stand here without a name, in the order of their
numbers (decisions/0071). Stories are hashed without a key and keep theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from services.aggregation.core.store import BucketRow, Store
from shared.clock import SECOND, to_iso
from shared.contract.aggregates import DETAILED, RESOLUTIONS, Resolution, Share
from shared.contract.voices import by_author

_encode: Final = msgspec.json.Encoder(order="sorted").encode


def line(row: BucketRow) -> bytes:
    """One bucket as its line, without the LF."""
    bucket = row.bucket
    value: dict[str, object] = {
        "company": row.company,
        "channel": row.channel,
        "resolution": row.resolution,
        "start": to_iso(row.start * SECOND),
        **{name: getattr(bucket, name) for name in bucket.__struct_fields__},
    }
    if row.resolution in DETAILED:
        shares = sorted(
            by_author(row.authors).values(), key=lambda share: (share.documents, share.weight_sum, share.score_sum)
        )
        value["author_shares"] = [_share(share) for share in shares]
        value["story_shares"] = {name: _share(share) for name, share in row.stories.items()}
    return _encode(value)


def _share(share: Share) -> dict[str, int]:
    return {"documents": share.documents, "weight_sum": share.weight_sum, "score_sum": share.score_sum}


def lines(rows: Iterable[BucketRow]) -> Iterator[bytes]:
    """Rows in canonical order as lines that end in LF."""
    for row in rows:
        yield line(row) + b"\n"


def dump(store: Store, resolutions: Sequence[Resolution] = RESOLUTIONS) -> bytes:
    """All lines at once; for tests and small runs."""
    return b"".join(lines(store.rows(resolutions)))


def aggregates_sha256(store: Store) -> str:
    """SHA-256, hexadecimal, of the whole dump of a store's run."""
    digest = hashlib.sha256()
    for each in lines(store.rows()):
        digest.update(each)
    return digest.hexdigest()
