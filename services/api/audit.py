"""Moves the audit log's outbox to the topic `audit`."""

from __future__ import annotations

from services.api.outbox import OutboxMover
from shared.contract.topics import AUDIT
from shared.reading.readers.audit import AuditLog
from shared.settings import KafkaSettings


class AuditMover(OutboxMover):
    """An entry may come twice, and none is lost (decision 0121)."""

    def __init__(self, audit: AuditLog, kafka: KafkaSettings) -> None:
        super().__init__(audit, AUDIT, kafka, "audit log")
