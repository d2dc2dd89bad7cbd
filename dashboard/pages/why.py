"""Why did it move? A part of the Company page: a marked stretch against the equally long one before it, unfolded."""

from __future__ import annotations

import streamlit as st

from dashboard import address, components, live
from dashboard.drawing import formats
from dashboard.drawing.unfolding import movement_tree
from dashboard.reading.companies import label
from dashboard.view import View
from shared.reading.measuring.windows import Period
from shared.reading.unfolding.company import MOST_SECONDS, archived_opinions, movement, stretch
from shared.reading.unfolding.words import in_words

WINDOW = "window"  # the stretch is the page's own window
KEEP_SECONDS = 60.0


def marked(span: Period) -> tuple[int, int] | None:
    """[start, end) seconds that the address asks about; None where it asks about nothing."""
    chosen = address.value("why")
    if chosen == WINDOW:
        return span.start, span.end
    first, _, last = chosen.partition("-")
    if not (first.isdecimal() and last.isdecimal() and len(first) < 12 and len(last) < 12):
        return None
    start, end = sorted((int(first), int(last)))
    return (start, end) if 0 < end - start <= MOST_SECONDS else None


def ask(span: Period) -> None:
    """The buttons above the chart."""
    asked = marked(span)
    st.button(
        "Why did it move?",
        key="ask_why",
        icon=":material/help_center:",
        type="tertiary",
        on_click=lambda: address.choose(why=WINDOW),
        disabled=asked == (span.start, span.end),
        help="What moved sentiment in the window, against the one before. Or mark a stretch: the chart's Box Select.",
    )


def draw(company: str, span: Period, view: View) -> None:
    """Sentences, and the tree that they come from; nothing where nothing is asked."""
    asked = marked(span)
    if asked is None:
        return
    wanted = stretch(*asked)
    tables = live.archive()
    known = "" if view.as_of is None else live.past_company(company, view.as_of).records(view.as_of)
    key = ("archived opinions", company, wanted, known)
    problem = ""
    try:
        archived = live.ask(key, lambda: archived_opinions(tables, company, wanted, known), KEEP_SECONDS)
    except (OSError, RuntimeError, ValueError) as error:
        archived, problem = [], f"The archive cannot be read now: {error}"
    with st.container(border=True, key="why_part"):
        row = components.heading("Why did it move?", MEANING)
        row.button("Close", key="why_close", type="tertiary", on_click=lambda: address.choose(why=""))
        if archived is None:
            st.caption("Reading the archive …")
            return
        may_be_shown = live.read(("shown", *key, len(archived)), lambda run: run.documents.shown(archived))
        found = live.read_known(
            company,
            view.as_of,
            ("movement", company, wanted, view.channel, len(archived)),
            lambda run: movement(run, may_be_shown, company, view.channels, *asked),
        )
        told = in_words(found, label(company).name, lambda at: formats.moment(at, view.zone))
        st.markdown(f"**{formats.plain(told[0])}** {formats.plain(' '.join(told[1:]))}")
        if problem:
            st.caption(formats.plain(problem))
        unnamed = f"{found.unnamed:,} documents that are not kept one by one" if found.unnamed else ""
        nodes = movement_tree.nodes(found.events, found.others, unnamed, view.zone)
        if nodes:
            components.unfolding(nodes, (view.colours.negative, view.colours.positive), key=f"why-{company}")


MEANING = (
    "A document's part in the change: (its share of the weight now less before) x (its sentiment less the middle of "
    "both means). All parts together are the change, exactly. Faded: it was there before, and weighs less now."
)
