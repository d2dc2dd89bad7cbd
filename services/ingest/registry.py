"""Which sources the settings name, and how each is built. A new kind of source is one more builder here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from services.ingest.sources.post_filter import PostFilter
from services.ingest.sources.source import Source
from shared.clock import Clock
from shared.contract.events import CHANNELS
from shared.settings import IngestSettings
from shared.universe.securities import Catalogue


class LiveSource(Source, Protocol):
    """A source of the worker. `trouble` says why it is down, for the report; "" while it is well."""

    trouble: str


Builder = Callable[[IngestSettings, Catalogue, Clock], Iterator[LiveSource]]


def _feeds(settings: IngestSettings, _: Catalogue, clock: Clock) -> Iterator[LiveSource]:
    from services.ingest.sources.rss import FeedSource

    for url in settings.rss:
        yield FeedSource(url, settings, clock)


def _bluesky(settings: IngestSettings, catalogue: Catalogue, clock: Clock) -> Iterator[LiveSource]:
    if settings.bluesky_url:
        from services.ingest.sources.bluesky import JetstreamSource

        wanted = PostFilter(settings.keywords, catalogue).wanted
        yield JetstreamSource(settings.bluesky_url, settings, wanted, clock=clock)


def _mastodon(settings: IngestSettings, catalogue: Catalogue, clock: Clock) -> Iterator[LiveSource]:
    if settings.mastodon_url:
        from services.ingest.sources.mastodon import MastodonSource

        wanted = PostFilter(settings.keywords, catalogue).wanted
        yield MastodonSource(settings.mastodon_url, settings, wanted, clock=clock)


def _sample(settings: IngestSettings, _: Catalogue, __: Clock) -> Iterator[LiveSource]:
    if settings.sample:
        from services.ingest.sample.source import SampleSource

        for channel in CHANNELS:
            yield SampleSource(channel, settings.sample_speed)


BUILDERS: Final[tuple[Builder, ...]] = (_feeds, _bluesky, _mastodon, _sample)


def configured_sources(settings: IngestSettings, catalogue: Catalogue, clock: Clock) -> list[LiveSource]:
    """Every source that the settings name. Raises SourceError for one that cannot be."""
    return [source for build in BUILDERS for source in build(settings, catalogue, clock)]
