"""Document: one text with all that is known of it: which words led to its score, its event, its story, its origin."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from dashboard import address, components, live
from dashboard.drawing import formats
from dashboard.drawing.unfolding import document_page
from dashboard.reading.companies import label
from dashboard.reading.documents.explanations import Explanation, NotExplained, explanation
from dashboard.view import View
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO, Opinion
from shared.reading.archive.tables import NoArchive
from shared.reading.deleted import DELETED
from shared.reading.unfolding.dossier import Dossier, dossier

KEEP_SECONDS = 600.0  # what is archived of a document changes only when its story goes on
RETRY_SECONDS = 3.0


class Subject(NamedTuple):
    """What is known so far. `problem`: why there is no dossier; "" while it is looked for, too."""

    shown: RecentDocument | None  # as heard about the chosen company
    opinions: list[Opinion]
    dossier: Dossier | None
    waiting: bool
    problem: str


def draw(view: View) -> None:
    name = address.value("document")
    if not name:
        live.nothing("Choose a document", "A click on a headline, on any page, opens it here.")
        return
    subject = _subject(name, view.company)
    if subject.shown is None:
        _nothing(subject)
        return
    if subject.shown.deleted:
        live.nothing("This document is gone", f"It was {DELETED}; its numbers still count.")
        return
    company = _chosen(subject)
    shown = document_page.heard_of(subject.opinions, company) or subject.shown
    components.strip(document_page.figures(shown, subject.dossier, view.zone), view.colours, key="document_figures")
    left, right = st.columns([1.62, 1], gap="medium")
    with left:
        explained = _text(shown, subject, view)
        _others(shown, subject, view)
    with right:
        _facts(shown, subject, explained, view)


def _subject(name: str, company: str) -> Subject:
    """Of the archive; at once, and where there is no archive, what the aggregates keep of it."""
    found, problem, waiting = None, "", False
    try:
        tables = live.archive()
        answer = live.ask(("dossier", name), lambda: (dossier(tables, name),), KEEP_SECONDS)
        waiting, found = answer is None, answer[0] if answer else None
        problem = "" if answer is None or found else "The archive does not have this document."
    except NoArchive as error:
        problem = f"{str(error).capitalize()}."
    except (OSError, RuntimeError, ValueError) as error:
        problem = f"The archive cannot be read now: {error}"
    opinions = found.opinions if found else []
    shown = document_page.heard_of(opinions, company)
    if shown is None and company:
        kept = live.read_aggregates(
            ("kept document", company, name), lambda run: run.documents.named(company, [name], ())
        )
        shown = kept[0] if kept else None
    return Subject(shown, opinions, found, waiting, problem)


def _nothing(subject: Subject) -> None:
    if subject.waiting:
        live.nothing("Looking for the document", "The archive is being read.")
    else:
        live.nothing(
            "No document of this name is kept",
            f"{formats.plain(subject.problem)} The aggregates keep a company's latest 200 documents.",
        )


def _chosen(subject: Subject) -> str:
    """The company whose words are shown: chosen among those that the document speaks of."""
    names = [each.company for each in subject.opinions] or [subject.shown.company if subject.shown else ""]
    scores = {each.company: (each.positive - each.negative) / MICRO for each in subject.opinions}

    def words(company: str) -> str:
        score = f" {formats.score(scores[company])}" if company in scores else ""
        return f"{label(company).ticker}{score}"

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if len(names) > 1:
            st.segmented_control(
                "Read for",
                names,
                key=address.ready("company", names),
                format_func=words,
                required=True,
                label_visibility="collapsed",
            )
        company = address.one_of("company", names)
        named = label(company)
        st.markdown(f"read for **{formats.plain(named.long)}**", width="content")
        if company != "_MARKET":
            st.button("Open company", key="open", type="tertiary", on_click=live.open_company, args=(company,))
    return company


def _text(shown: RecentDocument, subject: Subject, view: View) -> Explanation | None:
    """The text, coloured where the API says which words led to the answer."""
    found, problem = None, ""
    key = ("explanation", shown.id, shown.company)
    try:
        asked = live.settings()
        found = live.ask(key, lambda: explanation(asked, shown.id, shown.company), KEEP_SECONDS, RETRY_SECONDS)
        problem = "" if found else "Asking which words led to the score …"
    except NotExplained as error:
        problem = str(error)
    if found is None:
        whole = subject.dossier.document if subject.dossier else None
        text = whole.text if whole else shown.excerpt
        components.reading(document_page.uncoloured(whole.title if whole else shown.title, text), key="document_text")
        st.caption(formats.plain(problem))
    else:
        components.reading(document_page.coloured(found, view.colours), key="document_text")
        whom = label(shown.company).ticker if found.of_company else "the text as a whole"
        st.caption(
            f"Blue words speak for positive, orange ones for negative; the stronger, the more they moved the answer "
            f"(**{found.sentiment.answer}**, of {formats.plain(whom)}). Point at a word for its share."
        )
    if subject.dossier is None and not subject.waiting:
        st.caption(f"{formats.plain(subject.problem)} An excerpt is all that is kept besides.")
    return found


def _others(shown: RecentDocument, subject: Subject, view: View) -> None:
    """Near copies, and what is near in meaning."""
    of, colours = subject.dossier, view.colours
    if of is None:
        return
    bars = (colours.negative, colours.neutral, colours.positive)
    copies = [each for each in of.story if each.document.id != of.document.id]
    components.heading(f"Story: told {len(of.story):,} times", "The same headline, whoever tells it, oldest first.")
    if copies:
        told = [(each.document, each.opinions, document_page.story_note(each, of)) for each in copies[:40]]
        items = document_page.told_items(told, shown.company, view.zone, colours)
        components.documents(items, bars, 260, key=f"story-{of.document.id}", opened=live.open_company)
    else:
        st.caption("Nobody else told it in these words.")
    components.heading("Nearest in meaning", "By the model's embedding of the text; other stories, nearest first.")
    near = [(each.document, each.opinions, document_page.likeness(each.meaning)) for each in of.near]
    items = document_page.told_items(near, shown.company, view.zone, colours)
    if items:
        components.documents(items, bars, 420, key=f"near-{of.document.id}", opened=live.open_company)
    else:
        st.caption("Nothing to compare with: the model gave no embedding of it, or nothing else is archived.")


def _facts(shown: RecentDocument, subject: Subject, explained: Explanation | None, view: View) -> None:
    of = subject.dossier
    event = document_page.event_facts(shown, of, explained)
    groups = [
        event,
        document_page.origin_facts(shown, of, view.zone, view.zone_name),
        *([document_page.version_facts(of, view.zone)] if of else []),
        document_page.model_facts(shown, subject.opinions),
    ]
    components.facts([group for group in groups if group["rows"]], key="document_facts")
