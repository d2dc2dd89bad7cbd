"""From a document to its opinions, without Kafka, clocks or batches: the same code live, in a replay and in tests.

`read` says what the model is asked, `opinions_of` turns its answer into messages. Both are pure; numbers are integers.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.model.interface import Answer, Request, Sentiment
from services.scoring.linking.linker import Link, Linker
from shared.clock import to_datetime
from shared.contract.events import (
    DEAD,
    EXCERPT_CHARS,
    MARKET,
    MAX_TITLE_CHARS,
    MICRO,
    PEERS,
    ROLES,
    Deletion,
    Document,
    InvalidMessage,
    Opinion,
    Origin,
    Tick,
)
from shared.story import story_of

FIRST_INSTANT = -62_135_596_800_000_000  # year 1
LAST_INSTANT = 253_402_300_799_999_999  # the end of year 9999
RESERVED = (MARKET, DEAD)  # keys on `opinions` that are no company
MAX_COMPANIES = 256  # named by the source; more is no list of companies
MAX_NAME_CHARS = 256
MAX_URL_CHARS = 8_192


def check(document: Document | Deletion | Tick) -> None:
    """Raise InvalidMessage when a field is outside what readers of `opinions` can hold."""
    if isinstance(document, Tick):
        _check_instants(document, "watermark")
        return
    if isinstance(document, Deletion):
        _check_instants(document, "deleted_at")
        if not 0 < len(document.item) <= MAX_NAME_CHARS:
            raise InvalidMessage(f"item has {len(document.item)} characters, expected 1 to {MAX_NAME_CHARS}")
        return
    if not 0 < len(document.id) <= MAX_NAME_CHARS:
        raise InvalidMessage(f"id has {len(document.id)} characters, expected 1 to {MAX_NAME_CHARS}")
    _check_instants(document, "published_at", "received_at", "available_at")
    for name in ("story", "item", "source", "author", "language"):
        if len(getattr(document, name)) > MAX_NAME_CHARS:
            raise InvalidMessage(f"{name} has more than {MAX_NAME_CHARS} characters")
    if len(document.url) > MAX_URL_CHARS:
        raise InvalidMessage(f"url has more than {MAX_URL_CHARS} characters")
    if len(document.companies) > MAX_COMPANIES:
        raise InvalidMessage(f"companies has {len(document.companies)} entries, at most {MAX_COMPANIES} are read")
    if any(company in RESERVED for company in document.companies):
        raise InvalidMessage(f"companies names a reserved key, one of {', '.join(RESERVED)}; leave it empty instead")
    if any(company.startswith(PEERS) for company in document.companies):
        raise InvalidMessage(f"companies has an entry that begins with {PEERS}, which is reserved")
    if any(not 0 < len(company) <= MAX_NAME_CHARS for company in document.companies):
        raise InvalidMessage(f"companies has an entry that is empty or longer than {MAX_NAME_CHARS} characters")


def _check_instants(message: Document | Deletion | Tick, *names: str) -> None:
    for name in names:
        if not FIRST_INSTANT <= getattr(message, name) <= LAST_INSTANT:
            raise InvalidMessage(f"{name} is {getattr(message, name)}, expected microseconds in the years 1 to 9999")


def read(document: Document, linker: Linker) -> tuple[tuple[Link, ...], Request]:
    """The companies that a document speaks of, in the linker's order, and what the model is asked about them."""
    day = to_datetime(document.available_at).date()
    linked = linker.link(document.text, document.title, document.companies, day)
    return linked.links, Request(linked.text, tuple(link.spans for link in linked.links), document.language)


def opinions_of(
    document: Document,
    origin: Origin,
    links: Sequence[Link],
    answer: Answer,
    model_id: str,
    requeued_from: str = "",
    universe: str = "",
) -> list[Opinion]:
    """One opinion per company, index 0..n-1 in the order of `links`; without a company one on the market as a whole.

    `model_id` stands where the answer does not name its model; `universe` is the catalogue's digest. `origin.index` is
    ignored. Raises ValueError when the answer has not one sentiment per link, or roles that are none.
    """
    if len(answer.companies) != len(links):
        raise ValueError(f"the model answered for {len(answer.companies)} companies, {len(links)} were asked")
    roles = _roles(answer, len(links))
    heard = zip(links, answer.companies, roles, strict=True)
    rows = [(link.company, link.relevance, said, role) for link, said, role in heard]
    rows = rows or [(MARKET, MICRO, answer.document, "")]
    relevances = sum(relevance for _, relevance, _, _ in rows)
    shared = relevances if relevances > MICRO else 0
    story = story_of(document)
    title, excerpt = document.title[:MAX_TITLE_CHARS], document.text[:EXCERPT_CHARS]

    def opinion(index: int, company: str, relevance: int, said: Sentiment, role: str) -> Opinion:
        return Opinion(
            origin=Origin(origin.topic_id, origin.partition, origin.offset, index),
            document_id=document.id,
            company=company,
            relevance=relevance,
            channel=document.channel,
            source=document.source,
            author=document.author,
            story=story,
            title=title,
            excerpt=excerpt,
            url=document.url,
            language=document.language,
            published_at=document.published_at,
            available_at=document.available_at,
            negative=said.negative,
            neutral=said.neutral,
            positive=said.positive,
            event=answer.event,
            event_probability=answer.event_probability,
            model=answer.model or model_id,
            companies=len(rows),
            requeued_from=requeued_from,
            truncated=document.truncated,
            synthetic=document.synthetic,
            item=document.item,
            shared_relevance=shared,
            universe=universe,
            second_event=answer.second_event,
            second_probability=answer.second_probability,
            role=role,
            rumour=bool(answer.rumour),
        )

    return [opinion(index, *row) for index, row in enumerate(rows)]


def _roles(answer: Answer, count: int) -> tuple[str, ...]:
    """One a company; none where the model has no head for them."""
    if not answer.roles:
        return ("",) * count
    if len(answer.roles) != count or not set(answer.roles) <= set(ROLES):
        raise ValueError(f"the model gave the roles {answer.roles} for {count} companies")
    return answer.roles
