"""How long documents took until their first opinion was in Redis, for /metrics. It changes nothing that is applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.aggregation.core.plan import Decoded
from services.runtime.record import Record
from shared.clock import DAY, SECOND, Clock
from shared.contract.events import CHANNELS, Opinion
from shared.contract.operation.metrics import HISTORY, PUBLISHED_VISIBLE, READ_VISIBLE
from shared.measured import MEASURED, Measured

PAST: Final = DAY  # what was available so long before Kafka took its opinions is history that is loaded, not a delay


class Visible:
    """Of one worker. A record that comes again after a restart is measured again: it was late for somebody."""

    def __init__(self, clock: Clock, measured: Measured = MEASURED) -> None:
        self._clock, self._measured = clock, measured

    def applied(self, messages: Sequence[Decoded], records: Sequence[Record]) -> None:
        """`messages` are in Redis now; `records`: the same, as Kafka has them."""
        now = self._clock.now()
        firsts = [
            (message, int(record.timestamp * SECOND))
            for (_, message), record in zip(messages, records, strict=True)
            if isinstance(message, Opinion) and message.origin.index == 0
        ]
        fresh = [opinion for opinion, taken_at in firsts if taken_at - opinion.available_at < PAST]
        if len(fresh) < len(firsts):
            self._measured.count(HISTORY, by=len(firsts) - len(fresh))
        for channel in CHANNELS:
            mine = [opinion for opinion in fresh if opinion.channel == channel]
            if mine:
                self._observe(channel, mine, now)

    def _observe(self, channel: str, opinions: Sequence[Opinion], now: int) -> None:
        for metric, since in (
            (PUBLISHED_VISIBLE, [opinion.published_at for opinion in opinions]),
            (READ_VISIBLE, [opinion.available_at for opinion in opinions]),
        ):
            self._measured.observe_all(metric, channel, values=[max(0, now - at) / SECOND for at in since])
