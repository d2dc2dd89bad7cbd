"""How commands that read rows say what became of them: refused and why, copies, undated, names that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.commands.options import count, note


def warn(result: dict[str, Any], listing: str = "") -> None:
    """A line on standard error for each thing that a reader may not have meant. `listing`: the command that lists the
    refused."""
    for warning in _warnings(result, listing):
        note(f"warning: {warning}")


def _warnings(result: dict[str, Any], listing: str) -> Iterator[str]:
    yield from result.get("remarks", ())
    if result.get("rejected"):
        reasons = ", ".join(f"{reason} {number:,}" for reason, number in result.get("rejected_by_reason", {}).items())
        where = f"; they lie in {result['rejected_list']}" if result.get("rejected_list") else ""
        how = f"; for the reasons: {listing}" if listing else ""
        yield f"{count(result['rejected'], 'item')} rejected{f' ({reasons})' if reasons else ''}{where}{how}"
    if result.get("undated"):
        yield f"{count(result['undated'], 'item')} without a time; counted as available when read"
    if result.get("versions"):
        items = count(result["versions"], "item")
        yield f"{items} under an id that another text has: updates, or ids that are not unique; all are kept"
    if result.get("useless_ids"):
        yield f"{count(result['useless_ids'], 'id')} such as N/A or 1.36788E+18; text and date tell those items apart"
    if result.get("other_channel"):
        yield f"{count(result['other_channel'], 'row')} of another channel than --channel; the row's own counts"
    if result.get("unlinked"):
        names = ", ".join(f"{name} ({times:,})" for name, times in result["unknown_companies"])
        yield f"{count(result['unlinked'], 'company name')} not in the catalogue; the most frequent: {names}"
