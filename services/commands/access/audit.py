"""`bellwether audit …`: who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import Begin, End, Json, Limit, State, between, note, say, settings_of

if TYPE_CHECKING:
    import redis

    from shared.contract.audit import Entry

audit_app = typer.Typer(
    help="The audit log: who did what to what, from where, with which outcome.", no_args_is_help=True
)


@audit_app.callback()
def _group() -> None:
    """A group, although it has only one command so far."""


@audit_app.command("list")
def list_entries(
    begin: Begin = None,
    end: End = None,
    who: Annotated[str | None, typer.Option("--who", help="Only what this key, user or account did.")] = None,
    limit: Limit = 100,
    state: State = None,
    as_json: Json = False,
) -> None:
    """List the latest entries, newest first: of the topic `audit`, and what waits in Redis to get there."""
    from shared.clients.redis import connect
    from shared.clock import SystemClock
    from shared.reading.audit_topic import entries
    from shared.reading.offsets import KafkaUnreachable
    from shared.reading.readers.audit import AuditLog

    settings = settings_of(state)
    first, last = between(begin, end)
    with connect(settings.redis) as client:
        log = AuditLog(client, SystemClock())
        waiting = log.recent()
    try:
        found = {entry.id: entry for entry in entries(settings.kafka)}
    except KafkaUnreachable as error:
        note(f"{error}; listing the latest entries that Redis has")
        found = {}
    found |= {entry.id: entry for entry in waiting}
    chosen = [
        entry
        for entry in sorted(found.values(), key=lambda each: (-each.at, each.id))
        if (first is None or entry.at >= first) and (last is None or entry.at < last) and who in (None, entry.who)
    ][:limit]
    say([_row(entry) for entry in chosen], map(_words, chosen), as_json=as_json)


def noted(client: redis.Redis, action: str, target: str, detail: str = "", pipeline: Any = None) -> None:
    """Write into the audit log that a command has changed something; with a `pipeline`, in one step with the change."""
    from shared.clock import SystemClock
    from shared.reading.readers.audit import AuditLog

    log = AuditLog(client, SystemClock())
    log.note(log.entry(account(), "command", action, "done", target=target, detail=detail), pipeline)


def account() -> str:
    """The account of the machine that runs a command."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


def _row(entry: Entry) -> dict[str, Any]:
    import msgspec

    from shared.clock import to_iso

    row: dict[str, Any] = dict.fromkeys(("role", "target", "address", "detail"), "") | msgspec.to_builtins(entry)
    row.pop("schema", None)
    return row | {"at": to_iso(entry.at)}


def _words(entry: Entry) -> str:
    from shared.clock import to_iso

    about = f" {entry.target}" if entry.target else ""
    where = f" from {entry.address}" if entry.address else ""
    more = f" ({entry.detail})" if entry.detail else ""
    return f"{to_iso(entry.at)[:19]}Z  {entry.who}: {entry.action}{about}, {entry.outcome}{more}, by {entry.via}{where}"
