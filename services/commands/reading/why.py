"""`bellwether why`: what moved a company's sentiment over a stretch of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.options import Begin, End, Json, OptionError, Run, State, between, channel_of, say, settings_of
from services.commands.then import AsOf, asked

if TYPE_CHECKING:
    from shared.reading.run import RunView
    from shared.reading.unfolding.company import Movement


def why(
    company: Annotated[str, typer.Argument(help="A company's id, ticker or name.")],
    begin: Begin = None,
    end: End = None,
    channel: Annotated[str | None, typer.Option("--channel", help="news or social (default: both).")] = None,
    as_of: AsOf = None,
    state: State = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Say why sentiment moved: a stretch (default: the last day) against the equally long one before it.

    Events, stories and documents stand by what each added; together they are the change, exactly.
    """
    from shared.clients.redis import connect
    from shared.clock import DAY_SECONDS, SECOND
    from shared.contract.events import CHANNELS
    from shared.reading.archive.tables import ArchiveTables
    from shared.reading.run import RunView
    from shared.reading.unfolding.company import MOST_SECONDS, moved, newest_stretch
    from shared.reading.unfolding.plain import plain

    settings = settings_of(state, run)
    first, last = between(begin, end)
    channels = (channel_of(channel),) if channel else CHANNELS
    with connect(settings.redis) as client:
        name, title = _named(company, RunView.open(client, settings.run))
        then = asked(settings, client, as_of, name)
        start, stop = newest_stretch(then.run, then.wall)
        stop = stop if last is None else -(-last // SECOND)
        start = (stop - DAY_SECONDS if last is not None else start) if first is None else max(first // SECOND, 0)
        if not 0 < stop - start <= MOST_SECONDS:
            raise OptionError(f"--from and --to: between them are no {MOST_SECONDS // DAY_SECONDS} days or less")
        known = then.past.records(name) if then.past else ""
        found = moved(then.run, ArchiveTables.of(settings), name, channels, start, stop, known)
    say(plain(found, title), _lines(found, title), as_json=as_json)


def _named(text: str, view: RunView) -> tuple[str, str]:
    """(id, name) of the company that somebody means. Raises OptionError."""
    from shared.universe.securities import Catalogue

    known = Catalogue.load()
    found = known.by_id.get(text) or known.resolve(text)
    if found is not None:
        return found.id, found.name
    if text in view.newest():  # `_MARKET`, or a company of another universe
        return text, text
    raise OptionError(f"no company is known as {text!r}; find it: bellwether universe search {text!r}")


def _lines(found: Movement, title: str) -> Iterator[str]:
    """The sentences, and then the tree."""
    from shared.clock import to_iso
    from shared.event_classes.selection import event_words
    from shared.reading.unfolding.words import in_words, signed

    yield from in_words(found, title, to_iso)
    for event in found.events:
        yield f"{signed(event.contribution):>7}  {event_words(event.event) or 'no event'}, {event.documents} documents"
        for story in event.stories[:5]:
            faded = "  (faded)" if story.faded else ""
            title_of = " ".join(story.title.split())[:100]
            yield f"{signed(story.contribution):>7}      {title_of}, told {len(story.documents)} times{faded}"
        if rest := event.stories[5:]:
            yield f"{signed(sum(each.contribution for each in rest)):>7}      {len(rest)} other stories"
    if found.events and (found.unnamed or found.others):
        yield f"{signed(found.others):>7}  {found.unnamed} documents that are not kept one by one"
