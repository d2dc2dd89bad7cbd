"""What the answers about review look like, as OpenAPI describes them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.api.wire.schemas import Answer, Page


class Other(BaseModel):
    answer: str
    probability: float


class QuestionRow(BaseModel):
    document_id: str
    aspect: str
    company: str | None
    said: str
    probability: float
    others: list[Other]
    state: str = Field(description="open; once: one other reviewer answered; disputed: two differ, a third decides.")
    priority: float = Field(description="uncertainty x weight x novelty; half of it where one other answered.")
    uncertainty: float
    weight: float
    novelty: float
    model: str
    title: str
    text: str
    source: str
    url: str | None
    language: str
    available_at: str


class QuestionPage(Page[QuestionRow]):
    pass


class Vote(BaseModel):
    reviewer: str
    answer: str | None = Field(description="null: could not tell.")


class ResolutionRow(BaseModel):
    document_id: str
    aspect: str
    company: str | None
    state: str = Field(description="open, once, agreed, disputed or decided.")
    answer: str | None = Field(description="null: there is none, or none yet.")
    votes: list[Vote]


class ResolutionPage(Page[ResolutionRow]):
    pass


class ResolutionAnswer(Answer[ResolutionRow]):
    pass
