"""Ask: a question in your words, answered with sentences of cited documents and exact counts; and what follows it."""

from __future__ import annotations

import streamlit as st

from dashboard import components, live
from dashboard.drawing import formats
from dashboard.reading.asking import Telling, Turn, answered
from dashboard.reading.companies import label
from dashboard.view import View
from shared.asking.ask import MOST_CHARS
from shared.asking.phrasing.checking import Part, parts
from shared.asking.reply import Quote, Reply, by_number
from shared.links import safe_link

MOST_TURNS = 20  # of a conversation, that the page keeps
HOW = (
    "Answers are sentences that stand word for word in archived documents, and exact counts. "
    "A question after the first may leave out what the one before it said."
)
EXAMPLES = ("Why did Boeing fall on Tuesday?", "How many Nike stories last week?", "苹果为什么下跌？")  # noqa: RUF001
PHRASED = (
    "A model that this installation names put the quotes beside it into sentences. Each part cites, and every figure, "
    "name, date, direction and negation in it stands in what it cites; how they are joined is not checked. The quotes "
    "are the answer."
)
BESIDE = (3, 2)  # widths of the quotes and of the sentences
_TURNS = "ask turns"
_BOX = "ask question"


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
    """One box that stays: what it sends comes once, and a message under way with its text does not ask again."""

    def ask() -> None:
        if question := str(st.session_state.get(_BOX) or "").strip():
            turns.append(answered(live.settings, question, tuple(turn.question for turn in turns), as_of))
            del turns[:-MOST_TURNS]

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.chat_input("Ask a question, or what follows", key=_BOX, max_chars=MOST_CHARS, on_submit=ask)
        if turns:
            st.button("New conversation", on_click=turns.clear, width="content")


def _turn(turn: Turn) -> None:
    st.markdown(f"**{formats.plain(turn.question)}**")
    reply = turn.reply
    if reply is None:
        st.caption(formats.plain(turn.problem))
        return
    if turn.telling is None:
        _quoted(reply)
    else:
        quoted, told = st.columns(BESIDE, gap="medium")
        with quoted:
            _quoted(reply)
        with told.container(border=True):
            _told(turn.telling, reply)
    st.caption(_understood(reply))


def _quoted(reply: Reply) -> None:
    """The answer as it is: counts or why there is none, and sentences word for word."""
    if reply.refused or reply.count is not None:
        st.markdown(formats.plain(reply.answer))
    for number, quotes in by_number(reply.quotes).items():
        _cited(number, quotes)


def _cited(number: int, quotes: list[Quote]) -> None:
    """One document: its sentences, and where and when it was published."""
    said = " ".join(f"“{formats.plain(quote.text)}”" for quote in quotes)
    first = quotes[0]
    place = _linked(f"{formats.plain(first.source)}, {first.published_at[:10]}", first)
    st.markdown(f"{number}\\. {said} :gray[{place}]")


def _told(telling: Telling, reply: Reply) -> None:
    """The same in a model's sentences, once they are there and hold."""
    model, outcome = formats.plain(telling.model), telling.outcome()
    if outcome is None:
        waiting = f"{model} puts it into sentences (at most {telling.seconds:g} seconds) …"
        st.status(waiting, state="running", expanded=False)
        return
    st.caption(f"**Phrased by {model}**, not by Bellwether", help=PHRASED)
    if not outcome.text:
        st.markdown(f":material/info: {formats.plain(outcome.note)}")
        return
    numbered = by_number(reply.quotes)
    st.markdown(" ".join(_part(part, numbered) for part in parts(outcome.text)))


def _part(part: Part, numbered: dict[int, list[Quote]]) -> str:
    """What is said, and the numbers of the documents that it cites, each a link to its document where it has one."""
    cited = " ".join(_linked(f"\\[{number}\\]", numbered[number][0]) for number in part.numbers)
    return f"{formats.plain(part.said)} {cited}{formats.plain(part.stop)}"


def _linked(words: str, quote: Quote) -> str:
    link = safe_link(quote.url)
    return f"[{words}]({link})" if link else words


def _understood(reply: Reply) -> str:
    """How the question was read."""
    companies = ", ".join(formats.plain(label(company).ticker) for company in reply.companies)
    days = f"{reply.begin} to {reply.end}" if reply.begin else f"until {reply.asked_at}"
    return " · ".join(part for part in (reply.kind, companies, days) if part)
