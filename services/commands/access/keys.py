"""`bellwether keys …`: who may use the API."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.access.audit import noted
from services.commands.options import Json, OptionError, State, instant, note, say, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shared.reading.readers.access import AccessKeys, ApiKey, Note

keys_app = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True)


class RoleChoice(StrEnum):
    """What a key is for: read; push documents; read and label; everything."""

    read = "read"
    push = "push"
    label = "label"
    admin = "admin"


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the key; documents that it pushes carry it as their feed.")],
    role: Annotated[RoleChoice, typer.Option("--role", help="read, push, label (read and label) or admin.")],
    expires: Annotated[
        str | None, typer.Option("--expires", help="Until when it works: ISO 8601, or days, such as 30d.")
    ] = None,
    rate: Annotated[int, typer.Option("--rate", min=0, help="Requests a minute; 0: as the setting api.rate says.")] = 0,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown once and kept as a hash: keep it now."""
    from shared.clock import SystemClock, to_iso

    now = SystemClock().now()
    until = _expiry(expires, now)
    store, note_of = _store(state)
    key, kept = store.create(name, role.value, now, until, rate, note_of("keys create"))
    said = {"key": key, "name": name, "role": role.value, "expires": to_iso(until) if until else None, "id": kept.id}
    if not as_json:
        note("Keep it now: it cannot be shown again.")
    say(said, key, as_json=as_json)


@keys_app.command("list")
def list_keys(state: State = None, as_json: Json = False) -> None:
    """List the keys, without the keys themselves."""
    rows = [_row(key) for key in _store(state)[0].all()]
    words = [
        f"{row['name']:24} {row['role']:6} {row['id']}  made {row['created'][:19]}  expires {row['expires'] or 'never'}"
        for row in rows
    ]
    say(rows, words or ["no keys: this machine alone is answered, and may only read"], as_json=as_json)


@keys_app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Name or id of the key.")], state: State = None, as_json: Json = False
) -> None:
    """Take a key back; it stops working within a second."""
    store, note_of = _store(state)
    gone = store.revoke(name, note_of("keys revoke"))
    say(_row(gone), f"{gone.name} is revoked", as_json=as_json)


def _store(state: Path | None) -> tuple[AccessKeys, Callable[[str], Note]]:
    """The keys, and what writes an action on one into the audit log."""
    from shared.clients.redis import connect
    from shared.reading.readers.access import AccessKeys

    client = connect(settings_of(state).redis)

    def note_of(action: str) -> Note:
        return lambda key, pipeline: noted(client, action, key.name, key.role, pipeline)

    return AccessKeys(client), note_of


def _row(key: ApiKey) -> dict[str, Any]:
    from shared.clock import to_iso

    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "created": to_iso(key.created_at),
        "expires": to_iso(key.expires_at) if key.expires_at else None,
        "rate": key.rate or None,
    }


def _expiry(text: str | None, now: int) -> int:
    """Microseconds; 0 for never. Raises OptionError."""
    from shared.clock import DAY

    if text is None:
        return 0
    until = now + int(text[:-1]) * DAY if text[:-1].isdigit() and text.endswith("d") else instant(text, "--expires")
    if until <= now:
        raise OptionError(f"--expires {text}: that is past")
    return until
