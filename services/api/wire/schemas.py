"""The answers as OpenAPI describes them. They describe: rows are made in wire/rows.py and shared/reading."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of rows."""

    data: list[T]
    next: str | None
    as_of: str
    model: str | None
    universe: str | None


class Answer(BaseModel, Generic[T]):
    """One thing."""

    data: T
    next: None
    as_of: str
    model: str | None
    universe: str | None


class ProblemDetails(BaseModel):
    """RFC 9457, with what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None


class Instrument(BaseModel):
    id: str
    kind: str
    name: str
    ticker: str
    country: str | None
    exchange: str | None
    sector: str | None
    industry: str | None
    parent: str | None
    names: list[dict[str, str | None]]
    listings: list[dict[str, str | None]]
    identifiers: list[dict[str, str | None]]


class Measured(BaseModel):
    documents: int
    positive: int
    neutral: int
    negative: int
    sentiment: float | None
    low: float | None
    high: float | None
    weight: float


class BucketRow(Measured):
    start: str
    authors: int | None
    stories: int | None


class Compared(Measured):
    sentiment_before: float | None
    documents_before: int
    change: float | None
    strength: float | None


class MarketRow(Compared):
    company: str
    ticker: str
    name: str
    sector: str | None


class SectorRow(Compared):
    sector: str
    companies: int


class EventClassRow(BaseModel):
    number: int
    event: str
    group: str
    words: str
    direction: Literal["up", "down"] | None
    meaning: str
    former: list[str]


class EventRow(BaseModel):
    company: str
    event: str
    group: str
    documents: int
    documents_before: int


class DocumentRow(BaseModel):
    id: str
    company: str
    available_at: str
    published_at: str
    channel: str
    source: str
    title: str | None
    excerpt: str | None
    url: str | None
    author: str | None
    story: str | None
    sentiment: float
    negative: float
    neutral: float
    positive: float
    relevance: float
    weight: float
    event: str | None
    event_probability: float | None
    second_event: str | None
    role: str | None
    rumour: bool
    rules: list[str]
    flags: list[str]
    dropped: bool
    model: str | None
    synthetic: bool
    updated: bool
    withheld: str | None


class SignalRow(BaseModel):
    id: str
    strategy: str
    company: str
    at: str
    available_at: str
    revision: int
    score: float
    confidence: float
    action: str
    horizon_hours: int
    documents: int
    reasons: list[dict[str, Any]]
    evidence: list[str]


class AlertRow(BaseModel):
    number: int
    id: str
    rule: str
    kind: str
    company: str
    strategy: str
    at: str
    available_at: str
    action: str
    score: float
    confidence: float
    text: str
    documents: list[dict[str, Any]]


class RunRow(BaseModel):
    name: str
    summary: dict[str, Any]
    backtests: list[str]


class WholeDocument(BaseModel):
    id: str
    available_at: str
    published_at: str
    channel: str
    source: str
    title: str | None
    text: str | None
    url: str | None
    language: str | None
    synthetic: bool
    opinions: list[dict[str, Any]]
    explanation: dict[str, Any] | None = None


class DocumentAnswer(Answer[WholeDocument]):
    pass


class InstrumentPage(Page[Instrument]):
    pass


class InstrumentAnswer(Answer[Instrument]):
    pass


class BucketPage(Page[BucketRow]):
    pass


class DocumentPage(Page[DocumentRow]):
    pass


class MarketPage(Page[MarketRow]):
    pass


class SectorPage(Page[SectorRow]):
    pass


class EventPage(Page[EventRow]):
    pass


class EventClassPage(Page[EventClassRow]):
    pass


class SignalPage(Page[SignalRow]):
    pass


class AlertPage(Page[AlertRow]):
    pass


class RunPage(Page[RunRow]):
    pass


class ScoreRow(BaseModel):
    text: int
    document: dict[str, float] | None = Field(description="None where the text is unscored.")
    unscored: str | None = Field(None, description="The language of a text that no model reads.")
    companies: list[dict[str, Any]]
    event: str | None = None
    event_probability: float | None = None
    second_event: str | None = None
    second_probability: float | None = None
    rumour: bool | None = None
    unlinked: list[str]
    model_id: str
    rules: list[str] | None = Field(
        None, description="Names of the rules that spoke of it as of a text on nobody; each company has its own."
    )
    flags: list[str] | None = None
    dropped: bool | None = Field(None, description="By a rule: it counts nowhere.")
    weight_left: float | None = Field(None, description="What rules left of its weight, 0 to 1.")
    rules_digest: str | None = Field(None, description="Of all rules that were asked; empty: there are none.")
    explanation: dict[str, Any] | None = None


class PushRow(BaseModel):
    row: int
    outcome: str
    id: str | None
    reason: str | None
    detail: str | None


class FoundRow(BaseModel):
    id: str
    score: float
    words: float | None
    meaning: float | None
    available_at: str
    published_at: str
    channel: str
    source: str
    title: str | None
    text: str | None
    url: str | None
    language: str
    opinions: list[dict[str, Any]]


class FoundPage(Page[FoundRow]):
    pass


class StoryRow(BaseModel):
    key: str
    title: str | None
    document: str | None
    url: str | None
    synthetic: bool
    withheld: str | None
    first_at: str
    last_at: str
    age_days: float
    documents: int
    news: int
    social: int
    sources: int
    authors: int
    event: str | None
    sentiment: float | None
    sentiment_first: float | None
    sentiment_last: float | None
    moved: float | None
    most_by: list[dict[str, Any]]
    companies: list[dict[str, Any]]
    recent: int | None = None


class WholeStory(StoryRow):
    told: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    follows: list[dict[str, Any]]
    followed_by: list[dict[str, Any]]


class StoryPage(Page[StoryRow]):
    pass


class StoryAnswer(Answer[WholeStory]):
    pass


class QuoteRow(BaseModel):
    text: str
    external_id: str
    document_id: str
    title: str
    source: str
    published_at: str
    url: str


class PhrasedRow(BaseModel):
    text: str
    note: str = Field(description="Why there are no sentences.")
    model: str


class AskRow(BaseModel):
    question: str
    kind: str
    asked_at: str
    begin: str
    end: str
    companies: list[str]
    refused: bool
    answer: str
    quotes: list[QuoteRow]
    count: int | None
    value: int | str | list[str] | None
    query: str
    confidence: float
    retrieved: list[str]
    phrased: PhrasedRow | None = Field(
        default=None, description="The answer in sentences of a model, checked; only where the settings name one."
    )


class AskAnswer(Answer[AskRow]):
    pass


class ScorePage(Page[ScoreRow]):
    pass


class PushPage(Page[PushRow]):
    pass


class WhyRow(BaseModel):
    company: str
    begin: str = Field(alias="from")
    to: str
    against: str
    sentiment: float | None
    sentiment_before: float | None
    change: float | None
    documents: int
    documents_before: int
    text: list[str]
    events: list[dict[str, Any]]
    others: dict[str, Any]
    reason: str | None


class PeerRow(BaseModel):
    company: str
    name: str
    kind: str
    weight: float
    begin: str | None = Field(alias="from")
    until: str | None
    source: str | None
    documents: int
    documents_before: int
    sentiment: float | None
    sentiment_before: float | None
    change: float | None


class PeersRow(BaseModel):
    company: str
    begin: str = Field(alias="from")
    to: str
    level: float | None
    level_before: float | None
    relations: str | None
    peers: list[PeerRow]


class PeersAnswer(Answer[PeersRow]):
    pass


class WhyAnswer(Answer[WhyRow]):
    pass


class RunAnswer(Answer[dict[str, Any]]):
    pass


_TABLES = ("text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream")
_PROBLEM = {"model": ProblemDetails, "content": {"application/problem+json": {}}}


def answers(model: type[BaseModel] | None = None, *, tables: bool = True) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: what it gives when all is well, and the problems that every route may have."""
    well: dict[str, Any] = {"description": "What was asked for."}
    if model is not None:
        well["model"] = model
    if tables:
        well["content"] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TABLES}
    told = {304: "Not changed since the ETag that was sent.", 400: "The cursor is not of this question."}
    found: dict[int | str, dict[str, Any]] = {200: well, 304: {"description": told[304]}}
    for status in (400, 401, 403, 404, 406, 409, 413, 415, 422, 429, 503, 504):
        found[status] = {"description": told.get(status, "See `detail` and `remedy`."), **_problem()}
    return found


def _problem() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"content": {"application/problem+json": {"schema": schema}}}
