"""Audit: who did what to what, from where, with which outcome; for admins."""

from __future__ import annotations

import pandas as pd

from dashboard import components, live
from dashboard.drawing import formats
from dashboard.view import View
from dashboard.who import who
from shared.contract.audit import Entry

_KEPT = "The latest 1,000 entries. All of them: `bellwether audit list`."


def draw(view: View) -> None:
    if not who().sees_audit:
        live.nothing("For administrators", "Your role does not include the audit log.")
        return
    entries = live.read("audit", lambda run: run.audit.recent())
    if not entries:
        live.nothing("Nothing yet", "Logins, keys and pushed documents will be listed here.")
        return
    table = audit_table(entries, view)
    row = components.heading("Audit log", _KEPT)
    components.csv_button(row, "audit", lambda: table)
    components.table(table, key="audit", height="content" if len(table) < 25 else 900)


def audit_table(entries: list[Entry], view: View) -> pd.DataFrame:
    """One row an entry, newest first."""
    return pd.DataFrame(
        [
            {
                f"time, {view.zone_name}": formats.moment(entry.at, view.zone, seconds=True, year=True),
                "who": entry.who,
                "role": entry.role,
                "did": entry.action,
                "to": entry.target,
                "outcome": entry.outcome,
                "by": entry.via,
                "from": entry.address,
                "detail": entry.detail,
            }
            for entry in entries
        ]
    )
