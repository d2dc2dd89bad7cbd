"""Review: the model's answers that a person should look at, one at a time; one press is one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import address, components, live
from dashboard.drawing import formats, review_card
from dashboard.reading.reviewing.pile import AT_ONCE, LOW, Answered, Pile, asked_of
from dashboard.view import View
from dashboard.who import who
from shared.contract.feedback.label import ASPECTS, Asked, Aspect, Label
from shared.contract.feedback.resolution import Resolution
from shared.reading.archive.tables import NoArchive
from shared.reading.review.answering import BadAnswer, Reviewer, label_of
from shared.reading.review.queue import Seen
from shared.reading.review.shown import review
from shared.universe.securities import Catalogue

HOW = (
    "What the model doubts, what weighs much, and what is unlike anything answered before. No count of the past "
    "changes: answers teach the next model, and are what it is measured by."
)
ALL = "All questions"
KINDS = {ALL: None, "Sentiment": "sentiment", "Event": "event", "Company": "link"}
AGAIN_SECONDS = 20.0  # until an empty queue is looked at again
LABELS_SECONDS = 10.0
LISTED = 8


def draw(view: View) -> None:
    reviewer = who().name or view.profile
    place = components.heading("Review", HOW)
    chosen = address.one_of("questions", list(KINDS))
    with place:
        st.segmented_control(
            "Questions",
            list(KINDS),
            key=address.ready("questions", list(KINDS)),
            required=True,
            label_visibility="collapsed",
        )
    if not who().may_write:
        live.nothing("Your role is viewer", "Viewers look at everything and answer nothing.")
        return
    aspect = next((each for each in ASPECTS if each == KINDS[chosen]), None)
    pile: Pile = st.session_state.setdefault(f"review {reviewer} {aspect}", Pile())
    resolutions = live.read("resolutions", lambda run: run.labels.resolutions(), LABELS_SECONDS)
    problem = _fill(pile, reviewer, aspect, resolutions)
    if pile.top is None:
        _nothing(pile, problem)
    left, right = st.columns([2.4, 1], gap="medium")
    if pile.top is not None:
        with left:
            _card(pile, reviewer, view)
    with right:
        _beside(pile, resolutions)


def _fill(pile: Pile, reviewer: str, aspect: Aspect | None, known: Mapping[Asked, Resolution]) -> str:
    """More questions where few are left; why there are none, where that is known."""
    if len(pile.left) >= LOW:
        return ""
    try:
        tables = live.archive()
        seen = Seen(known, reviewer)
        key = ("review", reviewer, aspect, pile.taken)
        found = live.ask(key, lambda: review(tables, seen, AT_ONCE, aspect), AGAIN_SECONDS)
    except NoArchive as error:
        return f"{str(error).capitalize()}."
    except (OSError, RuntimeError, ValueError) as error:
        return f"The archive cannot be read now: {error}"
    pile.add(found or [])
    return "looking" if found is None else ""


def _nothing(pile: Pile, problem: str) -> None:
    if problem == "looking":
        live.nothing("Looking for questions", "The archive is being read.")
    elif problem:
        live.nothing("Nothing to review", formats.plain(problem))
    else:
        done = f"You answered {len(pile.history):,}. " if pile.history else ""
        live.nothing("Nothing left to review", f"{done}New documents bring new questions; the page looks by itself.")


def _card(pile: Pile, reviewer: str, view: View) -> None:
    top = pile.top
    assert top is not None
    card = review_card.card(top, view.colours, view.zone, view.zone_name, live.written_of())

    def answered(said: dict[str, Any]) -> None:
        if pile.top is not None and said["turn"] == pile.turn and said["key"] == "|".join(asked_of(pile.top)):
            _answer(pile, reviewer, str(said["answer"]))

    def back(said: dict[str, Any]) -> None:
        if said["turn"] == pile.turn:
            pile.back()

    components.review({"question": card, "turn": pile.turn, "back": bool(pile.history)}, "review_card", answered, back)


def _answer(pile: Pile, reviewer: str, answer: str) -> None:
    """Write it down, and go on to the next."""
    assert pile.top is not None
    question = pile.top.queued.question
    by = Reviewer(reviewer, "dashboard", live.settings().run)
    try:
        label = label_of(question, answer, by, Catalogue.load(), live.now())
    except BadAnswer as refused:
        st.toast(formats.plain(str(refused)), icon=":material/block:")
        pile.turn += 1  # it is to be answered again
        return
    if _written(label):
        pile.answered(label.answer)
    else:
        pile.turn += 1


def _written(label: Label) -> bool:
    user = who()
    target, detail = " ".join(label.asked).strip(), f"{label.said} -> {label.answer or 'unsure'}"

    def note_and_add(run: Any) -> None:
        entry = run.audit.entry(
            user.name or "local", "dashboard", "review answer", "done", role=user.role if user.name else "",
            target=target, detail=detail if user.name else f"{detail}, as {label.reviewer}",
        )  # fmt: skip
        run.labels.add(label, entry)

    return live.write(note_and_add)


def _beside(pile: Pile, resolutions: Mapping[Asked, Resolution]) -> None:
    states = [each.state for each in resolutions.values()]
    counted = {
        "title": "So far",
        "rows": [
            _row("You, in this session", len(pile.history), "What you answered since you opened this page."),
            _row("Questions with an answer", sum(each.settled for each in resolutions.values()), "Of everybody."),
            _row("Agreed by two", states.count("agreed"), "Two or more said the same."),
            _row("Disputed", states.count("disputed"), "Two differ: a third decides."),
        ],
    }
    groups = [review_card.reasons(pile.top.queued)] if pile.top is not None else []
    components.facts([*groups, counted], key="review_facts")
    if pile.history:
        st.markdown("**Just answered**")
        for each in reversed(pile.history[-LISTED:]):
            st.caption(_line(each))


def _row(name: str, value: int, meaning: str) -> dict[str, str]:
    return {"name": name, "value": f"{value:,}", "meaning": meaning}


def _line(each: Answered) -> str:
    question, document = each.shown.queued.question, each.shown.document
    title = " ".join((document.title or document.text).split())
    return f"**{formats.plain(review_card.words_of(question, each.answer))}** · {formats.plain(title[:90])}"
