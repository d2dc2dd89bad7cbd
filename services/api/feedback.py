"""Moves people's labels to the topic `feedback`, and reads that topic back into Redis, where every door looks them up.

Redis has only what was read back, up to a position: one that was emptied, or put back to an older state, is filled from
the topic again.
"""

from __future__ import annotations

from services.api.outbox import LEASE_SECONDS, OutboxMover
from shared.contract.feedback.label import decode_label
from shared.contract.topics import FEEDBACK
from shared.reading.readers.labels import Labels
from shared.reading.review.feedback_topic import read_from
from shared.settings import KafkaSettings


class FeedbackMover(OutboxMover):
    """A label may come twice, and none is lost (decision 0210)."""

    def __init__(self, labels: Labels, kafka: KafkaSettings) -> None:
        super().__init__(labels, FEEDBACK, kafka, "feedback")
        self._labels = labels
        self._read: str | None = None  # the position that this process has left, or found at its start

    def move(self) -> int:
        """Also when another process, or somebody who restored Redis, has moved the position."""
        if self._read != self._labels.position() or self._read is None:
            self._caught_up()
        return super().move()

    def key_of(self, raw: bytes) -> bytes | None:
        return decode_label(raw).document_id.encode()

    def acknowledged(self, some: list[bytes]) -> None:
        """They leave the outbox when Redis has them from the topic: whoever looks meanwhile finds each."""
        self._read_back()
        super().acknowledged(some)

    def _caught_up(self) -> None:
        if self._labels.lease(self._name, LEASE_SECONDS):
            try:
                self._read_back()
            finally:
                self._labels.release(self._name)

    def _read_back(self) -> None:
        heard = read_from(self._kafka, self._labels.position())
        if heard.position:
            self._labels.fold(heard.labels, heard.position)
        self._read = heard.position
