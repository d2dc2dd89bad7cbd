"""A record of `opinions` as the aggregator takes it: what is dated ahead of the time that Kafka took it at is left out.

Retention and the pages' clock would follow it, for good: nothing that came later would be new. Scoring makes no opinion
of such a document any more; those that a former version made are left out when the log is read again.
"""

from __future__ import annotations

import logging
from typing import Final, Protocol

from services.aggregation.core.plan import Decoded
from shared.clock import HOUR, SECOND, to_iso
from shared.contract.events import InvalidMessage, NewerSchema, Opinion, OpinionMessage, Tick, decode_opinion

AHEAD: Final = HOUR  # as at ingest and at scoring

log = logging.getLogger(__name__)


class _Taken(Protocol):
    """What it needs of a record. `timestamp`: when Kafka took it, seconds; 0 where nobody knows."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def timestamp(self) -> float: ...


def decoded(record: _Taken) -> Decoded:
    """(offset, message), None for one that cannot be read or is dated ahead; both are counted. Raises NewerSchema."""
    try:
        return record.offset, not_ahead(decode_opinion(record.value or b""), record.timestamp)
    except NewerSchema:
        raise
    except InvalidMessage as error:
        log.error("%s[%d] offset %d is left out: %s", record.topic, record.partition, record.offset, error)
        return record.offset, None


def not_ahead(message: OpinionMessage, taken: float) -> OpinionMessage:
    """The message, unless it is dated more than AHEAD behind `taken` (seconds; 0: not known). Raises InvalidMessage."""
    if isinstance(message, Opinion):
        stated = message.available_at
    elif isinstance(message, Tick) and not message.closing:
        stated = message.watermark
    else:
        return message
    if 0 < taken * SECOND < stated - AHEAD:
        at = to_iso(int(taken * SECOND))
        raise InvalidMessage(f"it is dated {to_iso(stated)}, more than an hour ahead of {at}, when Kafka took it")
    return message
