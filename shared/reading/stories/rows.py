"""Stories as programs get them: times in ISO 8601, scores as fractions. The API and `bellwether stories` say the same.

Text from outside stays data. Of a story that is gone at its source the words are null, with the reason.
"""

from __future__ import annotations

from typing import Any, Final

from shared.clock import DAY, to_iso
from shared.contract.events import MICRO
from shared.links import safe_link
from shared.reading.deleted import DELETED
from shared.reading.stories.detail import Copy, Effect, Whole
from shared.reading.stories.following import Link
from shared.reading.stories.headlines import Headline
from shared.reading.stories.listing import Told
from shared.reading.stories.story import About, Lean, Story

SOURCES: Final = 5  # named
COMPANIES: Final = 20  # named


def told_row(told: Told) -> dict[str, Any]:
    """A story of a list; `recent` counts its documents in the stretch that was asked about."""
    return _row(told.story, told.headline) | {"recent": told.recent}


def whole_row(whole: Whole) -> dict[str, Any]:
    """One story, with what is inside and what it is linked with."""
    return _row(whole.story, whole.headline) | {
        "told": [_copy(each) for each in whole.documents],
        "effects": [_effect(each) for each in whole.effects],
        "follows": [_link(each) for each in whole.linked.before],
        "followed_by": [_link(each) for each in whole.linked.after],
    }


def _row(story: Story, headline: Headline | None) -> dict[str, Any]:
    return {
        "key": story.key,
        **_words(headline),
        "first_at": to_iso(story.first_at),
        "last_at": to_iso(story.last_at),
        "age_days": (story.last_at - story.first_at) / DAY,
        "documents": story.documents,
        "news": story.news,
        "social": story.social,
        "sources": len(story.sources),
        "authors": story.authors,
        "event": story.event or None,
        **_lean(story.lean),
        "most_by": [{"source": name, "documents": count} for name, count in story.sources[:SOURCES]],
        "companies": [_about(each) for each in story.companies[:COMPANIES]],
    }


def _words(headline: Headline | None) -> dict[str, Any]:
    if headline is None:
        return {"title": None, "document": None, "url": None, "synthetic": False, "withheld": DELETED}
    return {
        "title": headline.words,
        "document": headline.document,
        "url": safe_link(headline.url) or None,
        "synthetic": headline.synthetic,
        "withheld": None,
    }


def _lean(lean: Lean) -> dict[str, Any]:
    return {
        "sentiment": _fraction(lean.mean),
        "sentiment_first": _fraction(lean.first),
        "sentiment_last": _fraction(lean.last),
        "moved": _fraction(lean.moved),
    }


def _about(about: About) -> dict[str, Any]:
    return {
        "company": about.company,
        "documents": about.documents,
        "weight": about.weight / MICRO,
        **_lean(about.lean),
    }


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "id": copy.document,
        "available_at": to_iso(copy.at),
        "channel": copy.channel,
        "source": copy.source,
        "author": copy.author or None,
        "title": copy.headline.words if copy.headline else None,
        "url": (safe_link(copy.headline.url) or None) if copy.headline else None,
        "copy_of": copy.copy_of or None,
        "sentiment_so_far": _fraction(copy.mean),
        "withheld": None if copy.headline else DELETED,
    }


def _effect(effect: Effect) -> dict[str, Any]:
    change = effect.since - effect.before if effect.since is not None and effect.before is not None else None
    return {
        "company": effect.company,
        "sentiment_before": _fraction(effect.before),
        "sentiment_since": _fraction(effect.since),
        "change": _fraction(change),
        "by_this_story": _fraction(effect.by_story),
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "key": link.story.key,
        "title": link.headline.words,
        "first_at": to_iso(link.story.first_at),
        "documents": link.story.documents,
        "companies": [about.company for about in link.story.companies[:COMPANIES]],
        "event": link.story.event or None,
        "sentiment": _fraction(link.story.lean.mean),
        "likeness": link.likeness / MICRO,
        "by": link.by,
        "copy": link.copy,
    }


def _fraction(value: int | None) -> float | None:
    return None if value is None else value / MICRO
