"""Ask: a question in your words, answered with sentences of cited documents and exact counts; and what follows it."""

from __future__ import annotations

import streamlit as st

from dashboard import components, live
from dashboard.drawing import formats
from dashboard.reading.asking import Turn, answered
from dashboard.reading.companies import label
from dashboard.view import View
from shared.asking.ask import MOST_CHARS
from shared.asking.reply import Quote, Reply
from shared.links import safe_link

MOST_TURNS = 20  # of a conversation, that the page keeps
HOW = (
    "Answers are sentences that stand word for word in archived documents, and exact counts. "
    "A question after the first may leave out what the one before it said."
)
EXAMPLES = ("Why did Boeing fall on Tuesday?", "How many Nike stories last week?", "苹果为什么下跌？")  # noqa: RUF001
_TURNS = "ask turns"
_ASKED = "ask asked"  # how many questions there were: each has a box of its own


def draw(view: View) -> None:
    components.heading("Ask", HOW)
    turns: list[Turn] = st.session_state.setdefault(f"{_TURNS} {view.as_of or ''}", [])  # a moment has one of its own
    _box(turns, view.as_of)
    if not turns:
        live.nothing("Nothing asked yet", "For example: " + " · ".join(formats.plain(each) for each in EXAMPLES))
        return
    for number, turn in reversed(list(enumerate(turns))):
        with st.container(border=True, key=f"ask-turn-{number}"):
            _turn(turn)


def _box(turns: list[Turn], as_of: int | None) -> None:
    """Another box for every question: a message under way with the last one's text would ask it again."""
    number = int(st.session_state.setdefault(_ASKED, 0))
    key = f"ask question {number}"

    def ask() -> None:
        question = str(st.session_state.get(key) or "").strip()
        if question and st.session_state[_ASKED] == number:
            st.session_state[_ASKED] = number + 1
            turns.append(answered(live.settings, question, tuple(turn.question for turn in turns), as_of))
            del turns[:-MOST_TURNS]

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text_input(
            "Question",
            key=key,
            max_chars=MOST_CHARS,
            placeholder="Ask a question" if not turns else "Ask what follows",
            on_change=ask,
            label_visibility="collapsed",
        )
        if turns:
            st.button("New conversation", on_click=turns.clear, width="content")


def _turn(turn: Turn) -> None:
    st.markdown(f"**{formats.plain(turn.question)}**")
    reply = turn.reply
    if reply is None:
        st.caption(formats.plain(turn.problem))
        return
    if reply.refused or reply.count is not None:
        st.markdown(formats.plain(reply.answer))
    for number, quotes in enumerate(_by_document(reply), 1):
        _cited(number, quotes)
    st.caption(_understood(reply))


def _by_document(reply: Reply) -> list[list[Quote]]:
    found: dict[str, list[Quote]] = {}
    for quote in reply.quotes:
        found.setdefault(quote.document_id, []).append(quote)
    return list(found.values())


def _cited(number: int, quotes: list[Quote]) -> None:
    """One document: its sentences, and where and when it was published."""
    said = " ".join(f"“{formats.plain(quote.text)}”" for quote in quotes)
    first, link = quotes[0], safe_link(quotes[0].url)
    place = f"{formats.plain(first.source)}, {first.published_at[:10]}"
    st.markdown(f"{number}\\. {said} :gray[{f'[{place}]({link})' if link else place}]")


def _understood(reply: Reply) -> str:
    """How the question was read."""
    companies = ", ".join(formats.plain(label(company).ticker) for company in reply.companies)
    days = f"{reply.begin} to {reply.end}" if reply.begin else f"until {reply.asked_at}"
    return " · ".join(part for part in (reply.kind, companies, days) if part)
