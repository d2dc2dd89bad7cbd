"""The names of the keys in Redis, of which shared/contract/aggregates.py and its neighbours lay out the values.

**Slots.** A company's opinions all travel on one partition of `opinions` (key = company id). That partition number is
the company's *slot*. Every key of a slot carries the hash tag `{RUN.SLOT}`, so one atomic script can apply a batch,
its marks and the worker's position together, also on a Redis Cluster (docs/decisions/0002).
"""

from __future__ import annotations

from typing import Final

from shared.contract.aggregates import Resolution
from shared.contract.events import Channel
from shared.contract.topics import partition_for

MOST_KNOWN: Final = 1 << 16  # companies whose slot is remembered


class Keys:
    """Redis keys of one run. `slots` is the partition count of `opinions` as recorded for the run."""

    def __init__(self, run: str, slots: int) -> None:
        self.run = run
        self.slots = slots
        self._known: dict[str, int] = {}  # murmur2 in Python for every key's name takes longer than all else

    def slot_of(self, company: str) -> int:
        slot = self._known.get(company)
        if slot is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            slot = self._known[company] = partition_for(company, self.slots)
        return slot

    def _tag(self, slot: int) -> str:
        return f"bw:{{{self.run}.{slot}}}"

    def _company(self, company: str) -> str:
        return self._tag(self.slot_of(company))

    # -- one per slot
    def position(self, slot: int) -> str:
        """String "TOPIC_ID:OFFSET": the next offset of `opinions` to apply; the compare-and-set is on this key."""
        return f"{self._tag(slot)}:position"

    def chain(self, slot: int) -> str:
        """Hash: "head" -> 64 hex digits, "offset" -> where that link lies, "since" -> where the chain began
        (shared/contract/applied.py). Another offset than the position's: an older version has moved on. "stamp" -> of
        the latest write, whatever it wrote (docs/decisions/0286)."""
        return f"{self._tag(slot)}:chain"

    def marks(self, slot: int) -> str:
        """Hash origin stream -> "OFFSET,INDEX": the highest origin applied."""
        return f"{self._tag(slot)}:marks"

    def watermarks(self, slot: int) -> str:
        """Hash origin stream -> the highest Tick.watermark seen, microseconds."""
        return f"{self._tag(slot)}:watermarks"

    def streams(self, slot: int) -> str:
        """Hash origin stream -> JSON state of its id window (event time reached, live chunks)."""
        return f"{self._tag(slot)}:streams"

    def ids(self, slot: int, stream: str, chunk: int) -> str:
        """Hash "COMPANY|DOCUMENT_ID" -> available_at, for origin offsets in one chunk."""
        return f"{self._tag(slot)}:ids:{stream}:{chunk}"

    def totals(self, slot: int) -> str:
        """Hash of the fields of Totals."""
        return f"{self._tag(slot)}:totals"

    def composition(self, slot: int) -> str:
        """Hash day (since the epoch) -> MessagePack of shared.contract.operation.composition.Composition."""
        return f"{self._tag(slot)}:composition"

    def letters(self, slot: int) -> str:
        """Hash of dead letters. In the slot of DEAD: first origin -> "dead" | "scored" | "copy" (of a document that
        another letter counts), and "=DOCUMENT_ID" -> the first origin that counts it. In every slot:
        "FIRST_ORIGIN|COMPANY" -> "applied", the opinions of re-queued letters, and "-ITEM" -> when the item was deleted
        at its source, microseconds."""
        return f"{self._tag(slot)}:letters"

    def companies(self, slot: int) -> str:
        """Hash company id -> its highest available_at, microseconds."""
        return f"{self._tag(slot)}:companies"

    # -- one per company
    def series(self, company: str, channel: Channel, resolution: Resolution) -> str:
        """Hash start -> MessagePack of Bucket."""
        return f"{self._company(company)}:series:{resolution}:{company}:{channel}"

    def authors(self, company: str, channel: Channel, resolution: Resolution, start: int) -> str:
        """Hash author hash -> MessagePack of Share."""
        return f"{self._company(company)}:authors:{resolution}:{company}:{channel}:{start}"

    def stories(self, company: str, channel: Channel, resolution: Resolution, start: int) -> str:
        """Hash story key -> MessagePack of Share."""
        return f"{self._company(company)}:stories:{resolution}:{company}:{channel}:{start}"

    def packed(self, company: str) -> str:
        """Hash "CHANNEL|DAY" (days since the epoch) -> the shares of a day that has ended, and of its hours
        (shared/contract/packed/shares.py): authors and stories of before; what lies in their own hashes is newer."""
        return f"{self._company(company)}:shares:{company}"

    def traces(self, company: str) -> str:
        """Hash of what is left of documents whose words lie in the archive (shared/contract/packed/traces.py)."""
        return f"{self._company(company)}:traces:{company}"

    def worded(self, slot: int) -> str:
        """Hash "DAY|COMPANY" -> the offset of `opinions` that the archive must have passed: ended days of which some
        documents still lie in Redis with their words."""
        return f"{self._tag(slot)}:worded"

    def loose(self, slot: int) -> str:
        """Hash "DAY|COMPANY" -> "": days of which some shares may lie in hashes of their own."""
        return f"{self._tag(slot)}:loose"

    def recent(self, company: str) -> str:
        """Hash document id -> JSON of RecentDocument; at most RECENT_DOCUMENTS fields."""
        return f"{self._company(company)}:recent:{company}"

    def top(self, company: str) -> str:
        """Hash hour start -> JSON list of RecentDocument, heaviest first; at most TOP_DOCUMENTS each."""
        return f"{self._company(company)}:top:{company}"

    # -- signals (services/aggregation/signals/closing.py)
    def closing(self, slot: int) -> str:
        """Hash: "closed" -> T (seconds) up to which signals were given out; "START|COMPANY" -> "pending" | "late"."""
        return f"{self._tag(slot)}:closing"

    def outbox(self, slot: int) -> str:
        """Hash signal id -> JSON: written with the signal, deleted when Kafka has acknowledged it."""
        return f"{self._tag(slot)}:outbox"

    def signals(self, company: str, strategy: str) -> str:
        """Hash T (microseconds) -> the signal's revisions, oldest first (encode_revisions); the latest 60 T or so."""
        return f"{self._company(company)}:signals:{strategy}:{company}"

    def given(self, company: str, strategy: str) -> str:
        """Hash T in units of four weeks -> what is left of older signals (services/aggregation/signals/given.py)."""
        return f"{self._company(company)}:given:{strategy}:{company}"

    def latest_signals(self, slot: int) -> str:
        """Hash "STRATEGY|COMPANY" -> JSON of the latest signal."""
        return f"{self._tag(slot)}:signals"

    # -- alerts (services/alerts): one hash tag, so that one script moves the position with all that follows from it
    def _alerts(self, part: str) -> str:
        return f"bw:{{{self.run}.alerts}}:{part}"

    def alerts_position(self) -> str:
        """String "TOPIC_ID:OFFSET": the next offset of `signals` to look at; the compare-and-set is on this key."""
        return self._alerts("position")

    def alerts(self) -> str:
        """Hash number (1, 2, …) -> JSON of shared.contract.alerts.Alert; the latest KEPT_ALERTS."""
        return self._alerts("given")

    def alert_times(self) -> str:
        """Hash number -> when it was given out: Redis' own clock, microseconds; of those in `alerts` since there is
        this hash."""
        return self._alerts("times")

    def alert_marks(self) -> str:
        """Hash alert id -> T (microseconds) of what was alerted; the latest KEPT_MARKS by T, or more."""
        return self._alerts("marks")

    def alert_limits(self) -> str:
        """Hash "rule:NAME" | "channel:NAME" -> "TOKENS,AT": token buckets (micro-tokens, microseconds)."""
        return self._alerts("limits")

    def alert_outbox(self) -> str:
        """Hash delivery id -> JSON of shared.contract.alerts.Delivery: what is still to be sent outside."""
        return self._alerts("outbox")

    def alert_channels(self) -> str:
        """Hash channel -> JSON of shared.contract.alerts.ChannelState."""
        return self._alerts("channels")

    def alert_totals(self) -> str:
        """Hash: "given" -> number of the latest alert; "limited" -> held back by limits; "invalid" -> records."""
        return self._alerts("totals")

    def alerts_seen(self) -> str:
        """Hash profile -> number of the latest alert that it has seen."""
        return self._alerts("seen")


def run_key(run: str) -> str:
    """Hash: what the run is bound to (model_id, cluster_id, topic ids, partition counts, settings hash, created_at)."""
    return f"bw:run:{run}"


RUNS: Final = "bw:runs"  # set of run names


def prices_key(company: str) -> str:
    """Hash ISO date -> JSON [open, high, low, close, volume] in the listing currency; shared by all runs."""
    return f"bw:prices:{company}"


API_KEYS: Final = "bw:api:keys"  # hash key id -> JSON of shared.reading.readers.access.ApiKey; of no run

AUDIT_OUTBOX: Final = "bw:audit:outbox"  # list of JSON of shared.contract.audit.Entry that Kafka does not have yet
AUDIT_RECENT: Final = "bw:audit:recent"  # list of the latest entries that it has, oldest first
AUDIT_LEASE: Final = "bw:audit:lease"  # who moves them, with a time to live

# what people said of answers (shared/contract/feedback); of no run
FEEDBACK_OUTBOX: Final = "bw:{feedback}:outbox"  # list of JSON of Label that Kafka does not have yet
FEEDBACK_LABELS: Final = "bw:{feedback}:labels"  # hash label id -> JSON of Label: the topic, up to the position
FEEDBACK_POSITION: Final = "bw:{feedback}:position"  # string "TOPIC_ID:OFFSET"
FEEDBACK_LEASE: Final = "bw:{feedback}:lease"  # who moves them, with a time to live


def once_key(key: str, name: str) -> str:
    """What was answered to a request with an Idempotency-Key: JSON of services.api.once.Kept, with a time to live."""
    return f"bw:api:once:{key}:{name}"


PROFILES: Final = "bw:profiles"  # set of profile names; profiles belong to no run


def follows_key(profile: str) -> str:
    """Hash "LIST|KIND|VALUE" (shared.reading.readers.profiles.Follow) -> when it was added, microseconds."""
    return f"bw:profile:{{{profile}}}:follows"


def ratings_key(profile: str) -> str:
    """Hash item ("article:ID:COMPANY" | "signal:ID") -> JSON of shared.reading.readers.profiles.Rating."""
    return f"bw:profile:{{{profile}}}:ratings"


def archive_lease_key(run: str) -> str:
    """String: who compacts the run's archive now; it expires."""
    return f"bw:{{{run}.archive}}:lease"


def archived_key(run: str) -> str:
    """Hash slot -> "TOPIC_ID:OFFSET": the next offset of `opinions` that the run's archive does not have yet."""
    return f"bw:{{{run}.archive}}:archived"


def claim_key(run: str, role: str, name: str) -> str:
    """JSON of shared.contract.operation.claims.Claim, with a time to live: who works under this name now."""
    return f"bw:claim:{run}:{role}:{name}"


def lead_key(run: str) -> str:
    """String "TOKEN HOST", with a time to live: the state folder that feeds the run now."""
    return f"bw:{{{run}.ingest}}:lead"


def worker_key(run: str, role: str, name: str) -> str:
    """JSON of shared.contract.operation.health.WorkerReport, with a time to live: a worker that is gone disappears."""
    return f"bw:worker:{run}:{role}:{name}"
