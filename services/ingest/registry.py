"""Which sources the settings name, and how each is built. A new kind of source is one more line in `KINDS`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from services.ingest.sources.kind import SourceKind, Surroundings
from services.ingest.sources.post_filter import PostFilter
from services.ingest.sources.source import LiveSource, SourceError
from shared.clock import Clock
from shared.contract.events import CHANNELS
from shared.settings import IngestSettings, SourceSettings
from shared.universe.securities import Catalogue

KINDS: Final[dict[str, str]] = {  # kind -> the module whose KIND says what it is
    "rss": "services.ingest.sources.syndication.rss_list",
    "edgar": "services.ingest.sources.web_apis.edgar",
    "kafka": "services.ingest.sources.in_house.kafka_topic",
    "folder": "services.ingest.sources.in_house.folder",
    "gdelt": "services.ingest.sources.web_apis.gdelt",
    "reddit": "services.ingest.sources.web_apis.reddit",
    "stocktwits": "services.ingest.sources.web_apis.stocktwits",
    "hackernews": "services.ingest.sources.web_apis.hackernews",
}


def kind_of(source: SourceSettings) -> SourceKind[Any]:
    """Raises SourceError for a kind that there is not."""
    if source.kind not in KINDS:
        raise SourceError(f"source {source.name}: there is no kind {source.kind!r}; kinds: {', '.join(KINDS)}")
    return load_kind(source.kind)


def load_kind(kind: str) -> SourceKind[Any]:
    found: SourceKind[Any] = importlib.import_module(KINDS[kind]).KIND
    return found


def build_source(source: SourceSettings, settings: IngestSettings, catalogue: Catalogue, clock: Clock) -> LiveSource:
    """One entry of `ingest.sources`. Raises SourceError."""
    return kind_of(source).make(source, Surroundings(settings, catalogue, clock))


# -- settings of single sources, older than the list


Builder = Callable[[IngestSettings, Catalogue, Clock], Iterator[LiveSource]]


def _feeds(settings: IngestSettings, _: Catalogue, clock: Clock) -> Iterator[LiveSource]:
    from services.ingest.sources.syndication.rss import FeedSource

    for url in settings.rss:
        yield FeedSource(url, settings, clock)


def _bluesky(settings: IngestSettings, catalogue: Catalogue, clock: Clock) -> Iterator[LiveSource]:
    if settings.bluesky_url:
        from services.ingest.sources.streams.bluesky import JetstreamSource

        wanted = PostFilter(settings.keywords, catalogue).wanted
        yield JetstreamSource(settings.bluesky_url, settings, wanted, clock=clock)


def _mastodon(settings: IngestSettings, catalogue: Catalogue, clock: Clock) -> Iterator[LiveSource]:
    if settings.mastodon_url:
        from services.ingest.sources.streams.mastodon import MastodonSource

        wanted = PostFilter(settings.keywords, catalogue).wanted
        yield MastodonSource(settings.mastodon_url, settings, wanted, clock=clock)


def _sample(settings: IngestSettings, _: Catalogue, __: Clock) -> Iterator[LiveSource]:
    if settings.sample:
        from services.ingest.sample.source import SampleSource

        for channel in CHANNELS:
            yield SampleSource(channel, settings.sample_speed)


BUILDERS: Final[tuple[Builder, ...]] = (_feeds, _bluesky, _mastodon, _sample)


def single_sources(settings: IngestSettings, catalogue: Catalogue, clock: Clock) -> list[LiveSource]:
    """Every source that a setting of its own names. Raises SourceError for one that cannot be."""
    return [source for build in BUILDERS for source in build(settings, catalogue, clock)]
