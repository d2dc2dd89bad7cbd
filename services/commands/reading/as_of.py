"""`bellwether as-of` and `bellwether verify`: what the live system said at a moment, and whether that holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.commands.options import Json, OptionError, Run, State, instant, note, say, settings_of

if TYPE_CHECKING:
    from services.archive.as_of.proof import Proof
    from shared.settings import Settings

At = Annotated[
    str | None,
    typer.Option("--at", help="The moment, wall clock: ISO 8601, UTC if no zone is given (default: now, from Redis)."),
]


def as_of(
    company: Annotated[str, typer.Argument(help="Id of a company (left out: the whole market, with --at).")] = "",
    at: At = None,
    proof: Annotated[Path | None, typer.Option("--proof", help="Write the answer with its proof to this file.")] = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Show what the live system said of a company at a moment: buckets, documents, signals.

    Without a company: of all of them the counts of two months, the latest signals, and the newest documents.

    With --proof the answer goes to a file that names every record it follows from: bellwether verify FILE.
    """
    import msgspec

    from services.archive.as_of.moments import newest_known
    from services.archive.as_of.past import PastRuns, without_deleted
    from services.archive.as_of.proof import live_proof, past_proof
    from shared.clients.redis import connect
    from shared.clients.state_folder import write_atomically
    from shared.clock import SystemClock
    from shared.reading.archive.tables import ArchiveTables

    settings, now = settings_of(state, run), SystemClock().now()
    moment = now if at is None else instant(at, "--at")
    if moment > now:
        raise OptionError(f"--at {at} is still to come")
    if not company:
        if at is None or proof is not None:
            raise OptionError("the whole market is told of a moment, --at, and without --proof; name a company")
        _market(settings, moment, as_json=as_json)
        return
    with connect(settings.redis) as client:
        newest = 0
        if at is None:
            found = live_proof(settings, client, company, now)
        else:
            past = PastRuns(settings, client).slot(company, moment)
            found = past_proof(settings, past, company, moment)
            newest = newest_known(ArchiveTables.of(settings), found.slots, moment)
        found.answer = without_deleted(found.answer, client, settings.run, found.slots)
    if proof is not None:
        write_atomically(proof, msgspec.json.format(msgspec.json.encode(found), indent=1))
        note(f"written to {proof}; check it with: bellwether verify {proof}")
    values = msgspec.to_builtins(found) | ({"newest": newest} if newest else {})
    say(values, _lines(found), as_json=as_json)


def _market(settings: Settings, at: int, *, as_json: bool) -> None:
    from services.archive.as_of.market import PastMarkets, plain
    from services.archive.as_of.past import PastRuns
    from shared.clients.redis import connect
    from shared.contract.events import CHANNELS
    from shared.reading.measuring.market import company_rows, snapshot
    from shared.reading.measuring.windows import WINDOWS

    with connect(settings.redis) as client:
        past = PastMarkets(PastRuns(settings, client)).at(at)
        if as_json:
            say(plain(past), "", as_json=True)
            return
    found = snapshot(past, WINDOWS["24h"], CHANNELS, at)
    for row in company_rows(found)[:50] if found is not None else ():
        moved = f"{row['change']:+.2f}" if row["change"] is not None else ""
        score = f"{row['sentiment']:+.2f}" if row["sentiment"] is not None else ""
        say(
            None,
            f"{row['company']:10} {score:>6} {moved:>6}  {row['documents']:,} documents in 24 hours",
            as_json=False,
        )


def _lines(found: Proof) -> Iterator[str]:
    from shared.clock import SECOND, to_iso

    yield f"{found.company} as of {found.as_of}: {found.offset:,} records of opinions[{found.slot}] had been applied"
    for row in found.answer["buckets"]:
        if row["resolution"] == "day":
            documents, weight, score = row["bucket"][0], row["bucket"][4], row["bucket"][5]
            mean = score / weight if weight else 0.0
            yield f"{to_iso(row['start'] * SECOND)[:10]}  {row['channel']:6}  {documents:6,} documents  {mean:+.3f}"
    for each in (found.answer["signals"] or [])[-5:]:
        yield f"{to_iso(each['at'])}  {each['strategy']:8} {each['action']}"
    if why := found.answer.get("signals_not_known"):
        yield f"signals: not known ({why})"


def verify(
    file: Annotated[Path, typer.Argument(help="File written by `bellwether as-of --proof`, or an answer of the API.")],
    source: Annotated[
        str,
        typer.Option("--from", help="Which records are read: log (Kafka's own) or archive (their copy)."),
    ] = "log",
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Check that an answer follows from the log: yes, or the first difference (exit code 1).

    It does not protect against an owner who rewrites the log and the chain together.
    """
    from services.archive.as_of.log_copy import archived_log, kafka_log
    from services.archive.as_of.proof import read_proof
    from services.archive.as_of.proof import verify as verified
    from shared.clients.redis import connect
    from shared.reading.archive.tables import ArchiveTables

    proof = read_proof(file)
    settings = settings_of(state, run or proof.run)
    if source not in ("log", "archive"):
        raise OptionError(f"--from {source}: use log or archive")
    log = kafka_log(settings) if source == "log" else archived_log(ArchiveTables.of(settings))
    with connect(settings.redis) as client:
        difference = verified(settings, client, proof, log)
    values: dict[str, Any] = {"file": str(file), "holds": not difference, "difference": difference or None}
    proven = "" if proof.links else " (without a chain: an older version had applied these records)"
    words = difference or f"yes: the answer follows from {proof.offset:,} records of opinions[{proof.slot}]{proven}"
    say(values, words, as_json=as_json)
    if difference:
        raise typer.Exit(1)
