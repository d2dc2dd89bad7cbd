"""`--as-of` of commands that read a run: the run of now, or as the live system knew it at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from services.commands.options import OptionError, instant

if TYPE_CHECKING:
    import redis

    from services.archive.as_of.view import PastRun
    from shared.reading.run import RunView
    from shared.settings import Settings

AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="What the live system said at this moment, wall clock: ISO 8601, UTC if no zone is given (default: now).",
    ),
]


class Asked(NamedTuple):
    """What a question is answered from. `wall`: the clock of then, microseconds; `past`: the run once more, where it is
    one as it was."""

    run: RunView | PastRun
    wall: int
    past: PastRun | None


def moment_of(as_of: str | None) -> int | None:
    """Microseconds of `--as-of`; None without one. Raises OptionError, for a moment to come, too."""
    from shared.clock import SystemClock

    at = None if as_of is None else instant(as_of, "--as-of")
    if at is not None and at > SystemClock().now():
        raise OptionError(f"--as-of {as_of} is still to come")
    return at


def asked(settings: Settings, client: redis.Redis, as_of: str | None, company: str | None) -> Asked:
    """`company`: the one that is asked about; None: all of them. Raises NotKnown, NoArchive, UnknownRun."""
    from shared.clock import SystemClock
    from shared.reading.archive.tables import ArchiveTables
    from shared.reading.run import RunView

    at = moment_of(as_of)
    if at is None:
        view = RunView.open(client, settings.run, ArchiveTables.of(settings))
        return Asked(view, SystemClock().now(), None)
    from services.archive.as_of.market import PastMarkets
    from services.archive.as_of.past import PastRuns
    from services.archive.as_of.view import past_company

    runs = PastRuns(settings, client)
    past = PastMarkets(runs).at(at) if company is None else past_company(runs, company, at)
    return Asked(past, at, past)
