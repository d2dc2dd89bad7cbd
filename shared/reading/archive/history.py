"""Signals of the past: every revision that was ever given out, from the archive."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from shared.contract.archive import SIGNALS
from shared.contract.signals import Signal, decode_signal
from shared.reading.archive.tables import ArchiveTables, NoArchive, all_of, any_of

MOST_NAMED: Final = 200  # companies in one condition; of more, every row is looked through
log = logging.getLogger(__name__)


def archived_signals(
    tables: ArchiveTables, companies: Iterable[str], strategies: Sequence[str] | None = None, span: str = ""
) -> list[Signal]:
    """Every revision of the signals on these companies, each once, in no particular order. `span`: a condition on `at`.

    Where there is no archive, or it cannot be read now, nothing: what Redis keeps is all there is then.
    """
    wanted = set(companies)
    named = any_of("company", sorted(wanted)) if len(wanted) <= MOST_NAMED else "company IS NOT NULL"
    chosen = any_of("strategy", strategies) if strategies else ""
    try:
        found = tables.rows(SIGNALS, ["company", "value"], all_of(named, chosen, span))
    except NoArchive:
        return []
    except (OSError, RuntimeError, ValueError) as error:
        log.warning("signals of the past cannot be read of the archive: %s", error)
        return []
    signals: dict[str, Signal] = {}
    for row in found.to_pylist() if found is not None else ():
        if row["company"] in wanted:
            try:
                signal = decode_signal(row["value"])
            except msgspec.MsgspecError:
                continue
            signals[signal.id] = signal
    return list(signals.values())
