"""The page of one document as data of our components. Pure; texts are from outside and go on as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from itertools import pairwise
from typing import Any, Final

from dashboard.drawing import formats, palette, plots
from dashboard.drawing.figures import Figure
from dashboard.drawing.palette import Palette
from dashboard.reading.documents.explanations import Explanation
from shared.contract.aggregates import RecentDocument, as_recent
from shared.contract.events import MICRO, Document, Opinion
from shared.contract.weighing import contribution
from shared.event_classes.selection import event_words
from shared.links import safe_link
from shared.reading.unfolding.dossier import Dossier, Told
from shared.story import story_of

FAINTEST: Final = 0.08  # of the largest share: what moves less is not coloured
_STRONGEST: Final = 0.62  # opacity
_EVENT_WORDS: Final = 6
NO_RULES: Final = "none: no rules are set up"
SILENT: Final = "none of them matched"

Row = dict[str, str]


def coloured(explanation: Explanation, colours: Palette) -> list[dict[str, Any]]:
    """The text in pieces: a word is coloured as what it speaks for, the stronger the more it moved the answer."""
    title = explanation.text.partition("\n")[0] if "\n" in explanation.text else ""
    of = explanation.sentiment
    largest = max((abs(each.share) for each in of.shares), default=0.0)
    pieces: list[dict[str, Any]] = []
    at = 0
    for word in of.shares:
        strength = abs(word.share) / largest if largest else 0.0
        if strength < FAINTEST or word.start < at:
            continue
        pieces += _plain(explanation.text, at, word.start, len(title))
        shade = palette.faint(_speaks_for(of.answer, word.share, colours), _STRONGEST * strength)
        way = "for" if word.share > 0 else "against"
        meaning = f"{way} {of.answer}: {formats.score(word.share)}"
        inside = {"text": explanation.text[word.start : word.end], "title": word.end <= len(title)}
        pieces.append(inside | {"colour": shade, "meaning": meaning})
        at = word.end
    return pieces + _plain(explanation.text, at, len(explanation.text), len(title))


def uncoloured(title: str, text: str) -> list[dict[str, Any]]:
    """The same of a text that nobody explained."""
    whole = f"{title}\n{text}".strip()
    return _plain(whole, 0, len(whole), len(title))


def _plain(text: str, start: int, end: int, title: int) -> list[dict[str, Any]]:
    """One piece, or two where the title ends in it."""
    cuts = [start, title, end] if start < title < end else [start, end]
    return [
        {"text": text[a:b], "title": b <= title} for a, b in pairwise(cuts) if b > a
    ]  # fmt: skip


def _speaks_for(answer: str, share: float, colours: Palette) -> str:
    """What speaks for "positive" is blue, for "negative" orange; against either, the other. "neutral" has its own."""
    if answer == "neutral":
        return colours.muted if share > 0 else colours.social
    return colours.positive if (answer == "positive") == (share > 0) else colours.negative


def figures(shown: RecentDocument, dossier: Dossier | None, zone: tzinfo) -> list[Figure]:
    """The strip on top: what the document says of one company."""
    score = (shown.positive - shown.negative) / MICRO
    chances = {"negative": shown.negative, "neutral": shown.neutral, "positive": shown.positive}
    most = max(chances, key=lambda name: chances[name])
    chance = formats.percent(shown.event_probability / MICRO, sign=False) if shown.event else formats.NOTHING
    return [
        Figure("Sentiment", formats.score(score), _CHANCES.format(**{k: v / MICRO for k, v in chances.items()}),
               note=f"{most} {chances[most] / MICRO:.0%}"),
        Figure("Event", chance, "The class that the model finds most probable, and how probable.",
               note=event_words(shown.event) or "none"),
        Figure("Relevance", formats.percent(shown.relevance / MICRO, sign=False),
               "How much of the text is about this company, as the linker reads it."),
        Figure("Weight", f"{shown.weight / MICRO:.2f}",
               "How much it counts in every mean: relevance shared among its companies, times confidence."),
        Figure("Story", _place_in_story(dossier), "Near copies: the same headline, whoever tells it.",
               note=_since(dossier)),
        Figure("Available", formats.moment(shown.available_at, zone), "From then on it could be known here.",
               note=f"published {formats.moment(shown.published_at, zone)}"),
    ]  # fmt: skip


_CHANCES: Final = "Negative {negative:.0%}, neutral {neutral:.0%}, positive {positive:.0%}; from -1 to +1."


def _place_in_story(dossier: Dossier | None) -> str:
    if dossier is None:
        return formats.NOTHING
    return f"{dossier.earlier + 1:,} of {len(dossier.story):,}"


def _since(dossier: Dossier | None) -> str:
    if dossier is None:
        return "needs the archive"
    if not dossier.earlier:
        return "first here" if len(dossier.story) > 1 else "told once"
    first = dossier.story[0].document.available_at
    return f"first told {formats.seconds_ago(dossier.document.available_at, first).replace(' ago', ' earlier')}"


def event_facts(shown: RecentDocument, dossier: Dossier | None, explanation: Explanation | None) -> dict[str, Any]:
    """The class, what else was probable, and the words that led there."""
    chance = f" {shown.event_probability / MICRO:.0%}" if shown.event else ""
    rows = [_row("Class", f"{event_words(shown.event) or 'none'}{chance}")]
    others = [
        f"{event_words(name)} {chance / MICRO:.0%}"
        for name, chance in (dossier.reading.events if dossier and dossier.reading else ())
        if name != shown.event
    ]
    rows += [_row("Then", ", ".join(others), "The next most probable classes.")] if others else []
    if explanation and explanation.event and (words := event_words_of(explanation)):
        rows.append(_row("Its words", words, f"What speaks for {event_words(explanation.event.answer)}."))
    return {"title": "Event", "rows": rows}


def event_words_of(explanation: Explanation) -> str:
    """The words that speak for the event, strongest first: `outlook +0.61, cuts +0.40`; "" where none does."""
    if explanation.event is None:
        return ""
    strongest = sorted(explanation.event.shares, key=lambda each: (-each.share, each.start))[:_EVENT_WORDS]
    words = [(explanation.text[each.start : each.end], each.share) for each in strongest if each.share > 0]
    return ", ".join(f"{word} {formats.score(share)}" for word, share in words)


def origin_facts(shown: RecentDocument, dossier: Dossier | None, zone: tzinfo, zone_name: str) -> dict[str, Any]:
    """Where it comes from, and when it was known."""
    rows = [_row("Source", shown.source), _row("Channel", shown.channel)]
    if url := safe_link(shown.url):
        rows.append(_row("Address", url, url=url))
    rows += _times(shown, dossier, zone, zone_name)
    if dossier is not None:
        document, place = dossier.document, dossier.place
        rows.append(_row("Language", document.language))
        rows += [_row("Id at its source", document.external_id)] if document.external_id else []
        where = f"documents.{document.channel}, partition {place.partition}, offset {place.offset:,}"
        rows.append(_row("In the log", where, f"Topic id {place.topic_id}."))
    rows += [_row("Author", shown.author, "A keyed hash: nobody is named.")] if shown.author else []
    rows.append(_row("Story", shown.story or formats.NOTHING, "Key that near copies share."))
    rows.append(_row("Id", shown.id))
    rows += [_row("Synthetic", "yes: invented")] if shown.synthetic else []
    return {"title": "Origin", "rows": rows}


def _times(shown: RecentDocument, dossier: Dossier | None, zone: tzinfo, zone_name: str) -> list[Row]:
    def moment(at: int) -> str:
        return f"{formats.moment(at, zone, seconds=True, year=True)} {zone_name}"

    rows = [_row("Published", moment(shown.published_at), "As the source says.")]
    if dossier is not None:
        rows.append(_row("Received", moment(dossier.document.received_at), "When ingest read it."))
    rows.append(_row("Available", moment(shown.available_at), "Market time: it counts from then on."))
    return rows


def version_facts(dossier: Dossier, zone: tzinfo) -> dict[str, Any]:
    """The versions of its item, oldest first; of one alone nothing."""
    rows = []
    for number, told in enumerate(dossier.versions, 1):
        here = " (this one)" if told.document.id == dossier.document.id else ""
        at = formats.moment(told.document.available_at, zone, year=True)
        rows.append(_row(f"{number}{here}", f"{at}: {told.document.title or told.document.text[:120]}"))
    return {"title": "Versions", "rows": rows if len(rows) > 1 else []}


def model_facts(shown: RecentDocument, opinions: Sequence[Opinion]) -> dict[str, Any]:
    """Who read it, among which companies, and by which rules."""
    own = next((each for each in opinions if each.company == shown.company), None)
    universe = own.universe[:16] if own and own.universe else formats.NOTHING
    rows = [
        _row("Model", shown.model or formats.NOTHING, "Name and digest of the model that read it."),
        _row("Universe", universe, "Digest of the list of companies that it was linked by."),
        _row("Rules that spoke", *_rules(own)),
    ]
    if own and own.flags:
        rows.append(_row("Flags", ", ".join(own.flags), "What rules call it."))
    return {"title": "Read by", "rows": rows}


def _rules(own: Opinion | None) -> tuple[str, str]:
    """Which spoke, what came of it, and of which digest they are."""
    if own is None or not own.rules:
        return NO_RULES, "See docs/rules.md."
    of = f"Digest of the rules: {own.rules[:16]}."
    if not own.spoke:
        return SILENT, of
    done = "dropped: it counts nowhere" if own.dropped else ""
    if not own.dropped and own.weight_left != MICRO:
        done = f"it weighs {own.weight_left / MICRO:.0%} of what it would"
    return f"{', '.join(own.spoke)}{f' ({done})' if done else ''}", of


def _row(name: str, value: str, meaning: str = "", url: str = "") -> Row:
    return {"name": name, "value": value, "meaning": meaning, "url": url}


def heard_of(opinions: Sequence[Opinion], company: str) -> RecentDocument | None:
    """What was heard about this company, else about the first one; None where there is no opinion."""
    chosen = next((each for each in opinions if each.company == company), opinions[0] if opinions else None)
    return as_recent(chosen, contribution(chosen).weight) if chosen else None


def told_items(
    told: Iterable[tuple[Document, Sequence[Opinion], str]], company: str, zone: tzinfo, colours: Palette
) -> list[dict[str, Any]]:
    """Other documents as data of the list component, each with a note; without those that no model has read."""
    found = []
    for document, opinions, note in told:
        heard = heard_of(opinions, company)
        if heard is not None:
            (item,) = plots.document_items([heard], zone, colours, detailed=True)
            found.append(item | {"excerpt": "" if document.title else item["excerpt"], "why": note})
    return found


def story_note(told: Told, of: Dossier) -> str:
    """How long before or after this document a near copy came."""
    if story_of(told.document) != story_of(of.document):
        return ""
    apart = told.document.available_at - of.document.available_at
    length = formats.seconds_ago(abs(apart), 0).replace(" ago", "")
    return "at the same moment" if not apart else f"{length} {'later' if apart > 0 else 'earlier'}"


def likeness(micro: int | None) -> str:
    """How near in meaning: the cosine of two embeddings."""
    return "" if micro is None or not math.isfinite(micro) else f"nearness {micro / MICRO:.2f}"
