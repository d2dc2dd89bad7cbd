"""A record of `opinions` as the aggregator takes it: what is dated ahead of the time that Kafka took it at is left out.

Retention and the pages' clock would follow it, for good: nothing that came later would be new. Scoring makes no opinion
of such a document any more; those that a former version made are left out when the log is read again.
"""

from __future__ import annotations

import logging

from services.aggregation.core.plan import Decoded
from services.runtime.record import Record, ahead_of_broker
from shared.contract.events import Echo, InvalidMessage, NewerSchema, Opinion, OpinionMessage, Tick, decode_opinion

log = logging.getLogger(__name__)


def decoded(record: Record) -> Decoded:
    """(offset, message), None for one that cannot be read or is dated ahead; both are counted. Raises NewerSchema."""
    try:
        return record.offset, not_ahead(decode_opinion(record.value or b""), record.timestamp)
    except NewerSchema:
        raise
    except InvalidMessage as error:
        log.error("%s[%d] offset %d is left out: %s", record.topic, record.partition, record.offset, error)
        return record.offset, None


def not_ahead(message: OpinionMessage, taken: float) -> OpinionMessage:
    """The message, unless it is dated ahead of `taken` (seconds; 0: not known). Raises InvalidMessage."""
    if isinstance(message, Opinion | Echo):
        stated = message.available_at
    elif isinstance(message, Tick) and not message.closing:
        stated = message.watermark
    else:
        return message
    if told := ahead_of_broker(stated, taken):
        raise InvalidMessage(f"it is dated {told}")
    return message
