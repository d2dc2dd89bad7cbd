"""The log of the embedded Kafka without the words of what is gone: its files, written anew while it is down.

Places, times and ids of topics stay, so positions, origins, chains' places, the ledger and the archive stay true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from services.embedded.kafka_files import Held, files_of, rewrite, stopped
from services.forgetting.messages import DOCUMENTS, Gone, run_and_kind
from shared.contract.events import deletion_in
from shared.contract.topics import LIVE

Tell = Callable[[str], object]


def rewrite_logs(data: Path, known: Mapping[str, Mapping[str, int]], tell: Tell) -> dict[str, int]:
    """Topic -> the records that lost their words. `known`: deletions by run, beside those that the log tells itself.

    Run again after it was killed, it goes on. Raises EmbeddedError when the broker runs, or for a file that it cannot
    read; OSError.
    """
    done: dict[str, int] = {}
    with stopped(data):
        files = [(*ours, topic, file) for topic, _, file in files_of(data) if (ours := run_and_kind(topic))]
        deleted = _deleted({run: dict(items) for run, items in known.items()}, files)
        gone = {run: Gone(deleted.get(LIVE, {}) | deleted.get(run, {})) for run, *_ in files}
        for run, kind, topic, file in sorted(files, key=lambda each: each[1] not in DOCUMENTS):
            changed = rewrite(file, _change(gone[run], kind))
            if changed:
                tell(f"{topic}: {changed:,} records of {file.parent.name}/{file.name}")
                done[topic] = done.get(topic, 0) + changed
    return done


def _change(gone: Gone, kind: str) -> Callable[[Held], bytes | None]:
    return lambda held: gone.bare(kind, held.key, held.value, held.milliseconds)


def _deleted(deleted: dict[str, dict[str, int]], files: list[tuple[str, str, str, Path]]) -> dict[str, dict[str, int]]:
    """Deletions by run: those given, and those in the log."""
    for run, kind, _, file in files:
        if kind not in DOCUMENTS:
            continue
        items = deleted.setdefault(run, {})

        def note(held: Held, items: dict[str, int] = items) -> None:
            if found := deletion_in(held.value):
                items[found.item] = max(found.deleted_at, items.get(found.item, 0))

        rewrite(file, note)
    return deleted
