"""For you: companies and articles ranked for one analyst, with the reasons, and what is followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd
import streamlit as st

from dashboard import address, components, document_filter, live
from dashboard.drawing import formats, recommended_list
from dashboard.drawing.figures import Figure
from dashboard.pages import watchlist_editor
from dashboard.reading import matching, recommendations, snapshots, stories
from dashboard.reading.companies import label
from dashboard.reading.recommendations import Profile
from dashboard.view import View
from shared.analyst.ranking import Ranked
from shared.clock import SystemClock
from shared.contract.events import MICRO
from shared.contract.names import NAME
from shared.contract.signals import Signal
from shared.event_classes.selection import event_words
from shared.reading.readers.profiles import Interests, Rating
from shared.universe.expected.dates_file import ExpectedError

COMPANIES = 40
ARTICLES = 60
HEIGHT = 760
EXPECTED = 20
ALL = "All lists"
SIGNAL_FIRST = (
    "The strongest signal first (the size of its score times its confidence), moved by what you follow and like."
)
TEXT_FIRST = (
    "The text first that weighs most now, moved by what you follow and like. Its weight is how much it counts for the "
    "company, 0 to 100 %: the company's share of the text times how sure the model is; every day halves it here."
)
MODEL = (
    "What you follow and your thumbs move the odds of everything that shares a company, a sector, an event class or a "
    "source with it. Press a thumb again to take it back."
)


def draw(view: View) -> None:
    profile = live.read(
        ("profile", view.profile), lambda run: recommendations.read_profile(run, view.profile), max_age=0
    )
    signals = live.read_aggregates(("signals", view.window.end), lambda run: snapshots.signals_at(run, view.window))
    chosen, followed_only = controls(profile)
    interests = profile.interests(chosen)
    headline(profile, interests, signals, view)
    with st.container(gap=None):  # always there, so that the lists below are not drawn anew when it empties
        if not profile.follows:
            live.nothing(
                "You follow nothing yet",
                "Below is what is strongest and newest for everyone. Choose companies, sectors and event classes "
                "under Edit watchlist, or with `bellwether watchlist add AAPL sector:Energy event:earnings`.",
            )
    expected(interests, view)
    left, right = st.columns(2, gap="medium")
    with left:
        recommended_companies(profile, interests, signals, followed_only, view)
    with right:
        recommended_articles(profile, interests, followed_only, view)


# -- who and what
def controls(profile: Profile) -> tuple[str, bool]:
    """Profile, list and filter; the chosen list ("" for all) and whether only what is followed is shown."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _profile_box(profile)
        lists = [ALL, *profile.lists]
        st.segmented_control(
            "List",
            lists,
            key=address.ready("list", lists),
            required=True,
            label_visibility="collapsed",
            width="content",
        )
        chosen = address.one_of("list", lists)
        followed_only = st.toggle(
            "Followed only", key="followed", help="Hide what is not on any of these lists.", width="content"
        )
        watchlist_editor.draw(profile, "" if chosen == ALL else chosen)
    return ("" if chosen == ALL else chosen), followed_only


def _profile_box(profile: Profile) -> None:
    def choose() -> None:
        wanted = str(st.session_state.get("profile_box") or "")
        if NAME.fullmatch(wanted):
            address.choose(profile=wanted)
        else:
            st.toast("A profile's name has letters, digits, - and _.", icon=":material/error:")

    _show("profile_box", profile.name)
    st.selectbox(
        "Profile",
        profile.known,
        key="profile_box",
        accept_new_options=True,
        on_change=choose,
        help="Whose watchlists and thumbs. Type a new name to create a profile.",
        label_visibility="collapsed",
        width=170,
    )


def _show(key: str, value: str) -> None:
    """Put a value that was changed elsewhere into a widget, and leave alone what its reader is about to choose."""
    known = f"{key} shown"
    if key not in st.session_state or st.session_state.get(known) != value:
        st.session_state[key] = st.session_state[known] = value


def headline(profile: Profile, interests: Interests, signals: Sequence[Signal], view: View) -> None:
    """The strip of figures on top."""
    own = recommendations.signals_of(signals, interests)
    buys = sum(signal.action in ("buy", "strong buy") for signal in own)
    sells = sum(signal.action in ("sell", "strong sell") for signal in own)
    strongest = max(own, key=lambda signal: (abs(signal.score), signal.company), default=None)
    liked = sum(rating.value > 0 for rating in profile.ratings.values())
    figures = [
        Figure(
            "Companies",
            f"{len(interests.companies):,}",
            "Followed by name.",
            note=_sample({label(company).ticker for company in interests.companies}, 4),
        ),
        Figure(
            "Sectors and events",
            f"{len(interests.sectors) + len(interests.events):,}",
            "Followed sectors and event classes.",
            note=_sample(interests.sectors | set(map(event_words, interests.events)), 2),
        ),
        Figure("Buy", f"{buys:,}", "Buy signals on what you follow.", note=f"of {len(own):,}"),
        Figure("Sell", f"{sells:,}", "Sell signals on what you follow.", note=f"of {len(own):,}"),
        Figure(
            "Strongest",
            label(strongest.company).ticker if strongest else formats.NOTHING,
            "The followed company with the strongest signal.",
            note=f"{strongest.action} {formats.score(strongest.score / MICRO)}" if strongest else "",
        ),
        Figure(
            "Thumbs",
            f"{len(profile.ratings):,}",
            "Articles and companies that you rated.",
            note=f"{liked:,} up, {len(profile.ratings) - liked:,} down",
        ),
    ]
    components.strip(figures, view.colours, key="foryou_figures")


def expected(interests: Interests, view: View) -> None:
    """The next dates that are expected of what is followed by name, where a list of them is laid."""
    live.settings()  # names the files
    try:
        found = stories.expected_of(interests.companies, live.now())[:EXPECTED]
    except ExpectedError as error:
        st.caption(f"Expected dates cannot be read: {formats.plain(str(error))}")
        return
    if not found:
        return
    row = components.heading("Expected", "Dates of the next 30 days on your own list (events.csv). A click opens one.")
    table = pd.DataFrame(
        {
            "company": company,
            "day": one.day.isoformat(),
            "time": "" if one.all_day else formats.moment(one.begin, view.zone)[-5:],
            "of": label(company).ticker if company else one.market.replace("*", "all"),
            "kind": one.kind,
            "note": one.note,
        }
        for company, one in found
    )
    components.csv_button(row, "expected", lambda: table)
    opened = components.row_chosen("expected", list(table["company"]), _open)
    text = st.column_config.TextColumn
    st.dataframe(
        table[["day", "time", "of", "kind", "note"]],
        key="expected",
        hide_index=True,
        on_select=opened,
        selection_mode="single-row",
        height=35 * (min(len(table), 5) + 1) + 3,
        column_config={
            "day": text("Day", width=90),
            "time": text(f"Time, {view.zone_name}", width=80),
            "of": text("Of", width=80),
            "kind": text("Expected", width=140),
            "note": text("Note"),
        },
    )


def _open(company: str) -> None:
    if company:  # what is a market's opens nothing
        live.open_company(company)


def _sample(followed: Collection[str], most: int) -> str:
    return ", ".join(sorted(followed)[:most]) + (" …" if len(followed) > most else "")


# -- what is recommended
def recommended_companies(
    profile: Profile, interests: Interests, signals: Sequence[Signal], followed_only: bool, view: View
) -> None:
    row = components.heading("Companies", f"{SIGNAL_FIRST} {MODEL}")
    ranked = recommendations.ranked_signals(signals, profile, interests, len(signals) if followed_only else COMPANIES)
    shown = recommendations.only_followed(ranked)[:COMPANIES] if followed_only else ranked
    titles = {each.item.key: each.item.basis for each in shown}
    components.csv_button(row, "for_you_companies", lambda: recommended_list.table(shown, titles))
    if not shown:
        live.nothing("No signal to recommend", "Signals appear here once a strategy emits one for what you follow.")
        return
    items = recommended_list.signal_items(shown, signals, view.zone, view.colours)
    _listed(items, shown, profile, view, "for_you_companies_list")


def recommended_articles(profile: Profile, interests: Interests, followed_only: bool, view: View) -> None:
    row = components.heading("Articles", f"{TEXT_FIRST} {MODEL}")
    found = live.read_aggregates(
        ("for you", interests, view.channel, view.window.end, view.window.seconds),
        lambda run: recommendations.documents(run, interests, view.channels, live.now(), view.window),
    )
    wanted = document_filter.draw(row, *matching.offered(found[1]))
    found = (found[0], [document for document in found[1] if wanted.keeps(document)])
    most = len(found[1]) if followed_only else ARTICLES
    ranked = recommendations.ranked_articles(found, profile, interests, most)
    shown = recommendations.only_followed(ranked)[:ARTICLES] if followed_only else ranked
    items = recommended_list.article_items(shown, found[1], view.zone, view.colours)
    titles = {item["key"]: item["title"] for item in items}
    components.csv_button(row, "for_you_articles", lambda: recommended_list.table(shown, titles))
    if not shown and wanted.count:
        live.nothing("No matching articles", "No article matches the filter; clear it under Filter.")
        return
    if not shown:
        live.nothing("No article to recommend", "Nothing read in this stretch of time is about what you follow.")
        return
    _listed(items, shown, profile, view, "for_you_articles_list")


def _listed(items: list[dict[str, object]], ranked: Sequence[Ranked], profile: Profile, view: View, key: str) -> None:
    colours = (view.colours.negative, view.colours.neutral, view.colours.positive)
    by_key = recommendations.features_of(ranked)

    def rate(item: str, value: int) -> None:
        found = by_key.get(item)
        if found is not None:
            rating = Rating(value=value, at=SystemClock().now(), features=found.features) if value else None  # type: ignore[arg-type]
            live.write(
                lambda run: run.profiles.rate(profile.name, item, rating), "rate", profile.name, f"{item} {value}"
            )

    components.recommended(items, colours, HEIGHT, key, rate, live.open_company)
