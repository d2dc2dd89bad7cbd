"""`bellwether erase --author HANDLE`: what the system holds of one author goes, as if deleted at its source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.access.audit import noted
from services.commands.options import Json, OptionError, Run, State, Yes, count, note, say, settings_of

if TYPE_CHECKING:
    from services.ingest.erasure.found import Found

NOT_REACHED = (
    "Kafka's log, and Redis behind what pages show: bellwether topics forget takes the words out of both",
    "numbers: what these texts added to sums stays, with the author's share under a keyed hash",
    "files that were made before: backups, exports, the kept opinions of replays (bellwether replay delete NAME)",
    "what the author writes from now on, or a text that is changed at its source: it is taken in again",
)


def erase(
    author: Annotated[
        str, typer.Option("--author", metavar="HANDLE", help="As the source gives it; - reads it from standard input.")
    ],
    state: State = None,
    run: Run = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Erase what an author wrote: title, text, link and author of every document, at every door; and refused items that
    name the author. Numbers stay. The answer says what was reached and what was not.
    """
    from services.ingest.documents.masker import Masker
    from services.ingest.erasure.erase import erase_refused, take_back
    from services.ingest.erasure.found import written_by
    from services.supervisor.processes.endpoints import own_servers
    from shared.clients.redis import connect
    from shared.clock import SystemClock

    handle = sys.stdin.readline().strip() if author == "-" else author
    with own_servers(settings_of(state, run).state_dir.absolute()):
        settings = settings_of(state, run)
        masker = Masker.from_settings(settings)
        hashed = masker.author(handle)
        if not hashed:
            raise OptionError("--author is empty; give the handle as the source has it, such as @ann or ann.example")
        found = written_by(settings, hashed)
        if not yes:
            typer.confirm(_question(found, settings.run), abort=True)
        sent = take_back(settings, found.items, SystemClock())
        refused = erase_refused(settings, handle, masker.author)
        with connect(settings.redis) as client:
            told = f"{count(found.documents, 'document')}, {count(sent, 'deletion')}, {count(refused, 'refused item')}"
            noted(client, "erase author", hashed, told)  # never the handle
    answer = {
        "run": settings.run,
        "author": hashed,
        "documents": found.documents,
        "items": len(found.items),
        "deletions_sent": sent,
        "without_item": found.nameless,
        "rejected_erased": refused,
        "not_reached": list(NOT_REACHED),
    }
    say(answer, _words(answer), as_json=as_json)
    if not found.documents:
        note("nothing of this author was found; authors are told apart by the key in STATE/author.key")


def _question(found: Found, run: str) -> str:
    return (
        f"Erase {count(found.documents, 'document')} of this author from run {run}, at every door, "
        "and what was refused and names the author? This cannot be undone."
    )


def _words(answer: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{count(answer['documents'], 'document')} of this author in run {answer['run']}: "
        f"{count(answer['deletions_sent'], 'deletion')} sent, "
        f"{answer['items'] - answer['deletions_sent']:,} deleted before"
    )
    yield f"{count(answer['rejected_erased'], 'refused item')} erased"
    yield "reached: pages, API, search, Ask, exports, alerts, as-of answers, within a minute while the workers run;"
    yield "the archive's files within the hour (at once: bellwether archive compact)"
    if answer["without_item"]:
        yield f"not reached: {count(answer['without_item'], 'document')} of a former version, which have no item"
    for each in answer["not_reached"]:
        yield f"not reached: {each}"
