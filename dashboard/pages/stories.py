"""Stories: what is being told, since when, by how many, about whom, how it leans, and what followed."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from dashboard import address, components, live
from dashboard.drawing import formats, story_list
from dashboard.drawing.figures import Figure
from dashboard.reading import told
from dashboard.reading.companies import label, searched
from dashboard.view import View
from shared.clock import SECOND
from shared.contract.events import MICRO
from shared.event_classes.selection import event_words
from shared.reading.measuring.windows import Window
from shared.reading.stories.detail import COMPARED, Whole
from shared.reading.stories.listing import Answer, Told

MEANING = (
    "A story is one headline, by whomever. The bar runs from its lean in its first hour (ring) to that in its last "
    "(dot), from -1 to +1; the figure is its lean all in all. A click opens it."
)
KEPT_SECONDS = 15  # how long an answer of the archive is shown
EVERYTHING = "All companies"


@st.cache_data(ttl=KEPT_SECONDS, max_entries=64, show_spinner=False)
def _listed(window: Window, company: str, order: str, as_of: int | None) -> Answer:
    return told.listed(live.archive(), window, company, order, as_of)


@st.cache_data(ttl=KEPT_SECONDS, max_entries=64, show_spinner=False)
def _whole(key: str, window: Window, as_of: int | None) -> Whole | None:
    return told.whole(live.archive(), key, window, as_of)


def draw(view: View) -> None:
    row = components.heading("What is being told", MEANING)
    with row:
        company, order = controls()
    try:
        answer = _listed(view.window, company, order, view.as_of)
        if not answer.told:
            live.nothing("No stories", f"Nothing was told in {stretch(view)} that passes these choices.")
            return
        headline(answer, view)
        chosen = address.value("story") or answer.told[0].story.key
        left, right = st.columns([1.25, 1], gap="medium")
        with left:
            listing(answer, chosen, row, view)
        with right, live.part("story", chosen):
            opened(_whole(chosen, view.window, view.as_of), view)
    except told.Away as problem:
        live.nothing("No stories now", str(problem))


def stretch(view: View) -> str:
    return view.window.label if view.window.end is not None else f"the {view.window.label} up to the newest opinion"


def controls() -> tuple[str, str]:
    """Company ("" for all) and order."""
    companies = [EVERYTHING, *live.written_of()]
    about = address.value("about")
    options = companies if not about or about in companies else [*companies, about]
    key = address.ready("about", options)
    st.selectbox(
        "Company",
        options,
        key=key,
        format_func=lambda each: each if each == EVERYTHING else searched(each),
        label_visibility="collapsed",
        width=220,
    )
    order = list(told.ORDERS)
    st.segmented_control(
        "Order", order, key=address.ready("told", order), required=True, label_visibility="collapsed", width="content"
    )
    about = address.one_of("about", options)
    return "" if about == EVERYTHING else about, address.one_of("told", order)


def headline(answer: Answer, view: View) -> None:
    """The strip of figures on top."""
    stories = [each.story for each in answer.told]
    most = answer.told[0] if not stories else max(answer.told, key=lambda each: each.story.documents)
    turned = max(stories, key=lambda story: (abs(story.lean.moved or 0), story.key))
    companies = Counter(about.company for story in stories for about in story.companies)
    fresh = sum(story.first_at >= answer.begin for story in stories)
    events = Counter(story.event for story in stories if story.event)
    shown = f"of the {len(stories):,} listed"
    figures = [
        Figure("Stories", f"{answer.stories:,}", f"Told in {stretch(view)}.", note=f"{len(stories):,} listed"),
        Figure("New", f"{fresh:,}", "Listed stories whose first telling lies in this stretch.", note=shown),
        Figure(
            "Most told",
            f"{most.story.documents:,}",
            title(most),
            note=f"documents of {len(most.story.sources):,} sources",
        ),
        Figure(
            "Turned most",
            formats.score((turned.lean.moved or 0) / MICRO),
            "The largest difference between a story's lean in its last hour and in its first.",
            note=story_list.moved(turned).partition(",")[0],
        ),
        Figure(
            "Most told of",
            label(companies.most_common(1)[0][0]).ticker,
            "The company in the most stories listed.",
            note=f"in {companies.most_common(1)[0][1]:,} stories",
        ),
        Figure(
            "Most frequent event",
            event_words(events.most_common(1)[0][0]) if events else formats.NOTHING,
            "The class of the most stories listed.",
            note=f"{events.most_common(1)[0][1]:,} stories" if events else "",
        ),
    ]
    components.strip(figures, view.colours, key="story_figures")


def title(each: Told) -> str:
    return each.headline.words[:160] if each.headline else "Its texts are gone at their source."


def listing(answer: Answer, chosen: str, row: object, view: View) -> None:
    """The list; a click on a headline opens the story, on a ticker the company."""
    components.csv_button(row, "stories", lambda: story_list.table(answer.told, view.zone))
    items = story_list.told_items(answer.told, chosen, view.zone, view.colours)
    components.stories(items, 700, "stories_list", open_story, live.open_company)
    if answer.more:
        st.caption(f"The first {len(answer.told):,} of {answer.stories:,}; `bellwether stories` and the API have all.")


def open_story(key: str) -> None:
    """For callbacks."""
    address.choose(story=key)


def opened(whole: Whole | None, view: View) -> None:
    """One story."""
    if whole is None:
        live.nothing("No such story", "Nothing was told under this key up to the end of this stretch.")
        return
    story = whole.story
    st.markdown(
        f"**{formats.plain(whole.headline.words if whole.headline else 'Its texts are gone at their source')}**"
    )
    first, last = (formats.moment(at, view.zone, year=True) for at in (story.first_at, story.last_at))
    facts = [
        f"from {first} to {last} {view.zone_name}",
        f"{story.documents:,} documents: {story.news:,} news, {story.social:,} social",
        f"{len(story.sources):,} sources, {story.authors:,} authors",
        story_list.moved(story),
    ]
    st.caption(" · ".join(facts))
    st.plotly_chart(
        story_list.curve(whole, view.zone, view.colours), key=f"curve-{story.key}", config={"displayModeBar": False}
    )
    effects(whole)
    inside(whole, view)
    chain(whole, view)


def effects(whole: Whole) -> None:
    """What it did to its companies."""
    days = COMPARED // (24 * 3600 * SECOND)
    components.heading(
        "What it did",
        f"Sentiment of each company in the {days} days before the story began and from then to its last telling, over "
        "all documents; and how much of the difference is this story's own.",
    )
    number = st.column_config.NumberColumn(format="%+.2f")
    frame = story_list.effect_table(whole).rename(columns=str.capitalize)
    columns = dict.fromkeys(frame.columns[1:], number)
    components.table(frame, key=f"effects-{whole.story.key}", column_config=columns)


def inside(whole: Whole, view: View) -> None:
    """Its documents, and which are copies."""
    copies = sum(1 for each in whole.documents if each.copy_of)
    components.heading(
        f"Inside: {len(whole.documents) - copies:,} texts, {copies:,} near-copies",
        "In the order of time. A near-copy shares four fifths of its words with an earlier one.",
    )
    colours = (view.colours.negative, view.colours.neutral, view.colours.positive)
    items = story_list.copy_items(whole, view.zone)
    components.documents(items, colours, 260, key=f"inside-{whole.story.key}")


def chain(whole: Whole, view: View) -> None:
    """What it follows, and what followed."""
    parts = (("It follows", whole.linked.before), ("What followed", whole.linked.after))
    for name, links in parts:
        if links:
            components.heading(name, "Same companies, at most 14 days apart, near in meaning; the likest first.")
            items = story_list.link_items(links, view.zone, view.colours)
            components.stories(items, 240, f"{name}-{whole.story.key}", open_story, live.open_company)
