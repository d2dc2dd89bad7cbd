"""Where a reader of the stream is: the next offset of every partition that it follows, and the last alert; as an opaque
id, which is bound to the incarnation of what it counts. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, get_args

Kind = Literal["opinions", "signals", "alerts", "documents"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LONGEST_ID: Final = 8_000  # characters


class Part(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class NotAnId(ValueError):
    """Text that no stream of ours gave out."""


class OtherIncarnation(LookupError):
    """An id of topics that are gone: deleted and made again, or resized; or of another choice of kinds."""


@dataclass(slots=True)
class Place:
    """`offsets` by partition; `alert`: the number of the last one seen, None where alerts are not followed."""

    offsets: dict[Part, int] = field(default_factory=dict)
    alert: int | None = None

    def behind(self, first: Mapping[Part, int]) -> dict[Part, int]:
        """The partitions on which it is before `first`, with its offsets there."""
        return {part: offset for part, offset in self.offsets.items() if offset < first.get(part, 0)}


def incarnation(parts: Mapping[str, str]) -> str:
    """A short name of what ids count in: each topic's name -> its id and partitions, and whatever else."""
    return hashlib.blake2b(json.dumps(sorted(parts.items())).encode(), digest_size=6).hexdigest()


def sealed(place: Place, of: str) -> str:
    """The id of a place."""
    offsets: dict[str, list[int]] = {}
    for part in sorted(place.offsets):
        offsets.setdefault(part.topic, []).append(place.offsets[part])
    raw = json.dumps([of, list(offsets.values()), place.alert], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def opened(text: str, of: str, like: Place) -> Place:
    """The place of an id; `like`: any place of the same kinds. Raises NotAnId, OtherIncarnation."""
    if len(text) > LONGEST_ID:
        raise NotAnId("longer than any id")
    try:
        found = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        raise NotAnId("not an id of this stream") from None
    if not (isinstance(found, list) and len(found) == 3 and isinstance(found[0], str) and isinstance(found[1], list)):
        raise NotAnId("not an id of this stream")
    named, lists, alert = found
    if named != of:
        raise OtherIncarnation(named)
    topics: dict[str, int] = {}
    for part in sorted(like.offsets):
        topics[part.topic] = topics.get(part.topic, 0) + 1
    well = len(lists) == len(topics) and all(
        isinstance(some, list) and len(some) == count and all(map(_counts, some))
        for some, count in zip(lists, topics.values(), strict=False)
    )
    if not well or (alert is None) != (like.alert is None) or not (alert is None or _counts(alert)):
        raise NotAnId("not an id of this stream")
    named_lists = zip(topics, lists, strict=True)
    offsets = {Part(topic, number): each for topic, some in named_lists for number, each in enumerate(some)}
    return Place(offsets, alert)


def _counts(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**62
