"""For you: companies and articles ranked for one analyst, with the reasons, and what is followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from dashboard import components, live
from dashboard.drawing import formats, recommended_list
from dashboard.drawing.figures import Figure
from dashboard.reading import recommendations
from dashboard.reading.companies import label
from dashboard.reading.recommendations import Profile
from dashboard.view import View
from shared.analyst.following import event_class
from shared.analyst.ranking import Ranked
from shared.clock import SystemClock
from shared.contract.events import MICRO, event_words
from shared.contract.names import NAME
from shared.contract.signals import EVENT_PREFIX, Signal
from shared.reading.profiles import (
    DEFAULT_LIST,
    FOLLOW_KINDS,
    Follow,
    FollowKind,
    Interests,
    ProfileError,
    Rating,
)
from shared.universe.securities import Catalogue

COMPANIES = 40
ARTICLES = 60
HEIGHT = 760
ALL = "All lists"
MODEL = (
    "What you follow and your thumbs move the odds of everything that shares a company, a sector, an event class or a "
    "source with it. Press a thumb again to take it back."
)
_WORDS: dict[FollowKind, str] = {"company": "Companies", "sector": "Sectors", "event": "Event classes"}


def draw(view: View) -> None:
    profile = live.read(
        ("profile", view.profile), lambda run: recommendations.read_profile(run, view.profile), max_age=0
    )
    signals = live.read_aggregates("latest signals", lambda run: run.signals.latest())
    chosen, followed_only = controls(profile, signals)
    interests = profile.interests(chosen)
    headline(profile, interests, signals, view)
    with st.container(gap=None):  # always there, so that the lists below are not drawn anew when it empties
        if not profile.follows:
            live.nothing(
                "You follow nothing yet",
                "Below is what is strongest and newest for everyone. Choose companies, sectors and event classes "
                "under Edit watchlist, or with `bellwether watchlist add AAPL sector:Energy event:earnings`.",
            )
    left, right = st.columns(2, gap="medium")
    with left:
        recommended_companies(profile, interests, signals, followed_only, view)
    with right:
        recommended_articles(profile, interests, followed_only, view)


# -- who and what
def controls(profile: Profile, signals: Sequence[Signal]) -> tuple[str, bool]:
    """Profile, list and filter; the chosen list ("" for all) and whether only what is followed is shown."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _profile_box(profile)
        lists = [ALL, *profile.lists]
        if st.session_state.get("list") not in lists:
            st.session_state.pop("list", None)
        chosen = st.segmented_control(
            "List", lists, default=ALL, key="list", required=True, label_visibility="collapsed", width="content"
        )
        followed_only = st.toggle(
            "Followed only", key="followed", help="Hide what is not on any of these lists.", width="content"
        )
        with st.popover("Edit watchlist", icon=":material/edit:", width="content"):
            edit(profile, "" if chosen == ALL else chosen, signals)
    return ("" if chosen == ALL else chosen), followed_only


def _profile_box(profile: Profile) -> None:
    def choose() -> None:
        wanted = str(st.session_state.get("profile_box") or "")
        if NAME.fullmatch(wanted):
            st.query_params["profile"] = wanted
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


def edit(profile: Profile, chosen: str, signals: Sequence[Signal]) -> None:
    """The lists of what is followed; every change is kept at once."""
    lists = [*dict.fromkeys([chosen or DEFAULT_LIST, *profile.lists, DEFAULT_LIST])]
    name = st.selectbox(
        "List", lists, key=f"edited-{profile.name}", accept_new_options=True, help="Type a new name to create a list."
    )
    if not NAME.fullmatch(name or ""):
        st.caption("A list's name has letters, digits, - and _.")
        return
    held = {kind: [f.value for f in profile.follows if f.list == name and f.kind == kind] for kind in FOLLOW_KINDS}
    heard = {
        feature.removeprefix(EVENT_PREFIX)
        for signal in signals
        for feature in signal.features
        if feature.startswith(EVENT_PREFIX)
    }
    options: dict[FollowKind, list[str]] = {
        "company": live.company_options(),
        "sector": list(Catalogue.load().sectors),
        "event": sorted(heard | {f.value for f in profile.follows if f.kind == "event"}),
    }
    for kind in FOLLOW_KINDS:
        _edit_kind(profile.name, name, kind, held[kind], options[kind])


def _edit_kind(profile: str, chosen: str, kind: FollowKind, held: list[str], options: list[str]) -> None:
    key = f"follow-{profile}-{chosen}-{kind}"

    def change() -> None:
        try:
            wanted = [event_class(each) if kind == "event" else each for each in st.session_state[key]]
        except ProfileError as error:
            st.toast(str(error), icon=":material/error:")
            return
        _change(profile, chosen, kind, set(wanted), set(held))

    _show(key, [each for each in held if each in options])
    st.multiselect(
        _WORDS[kind],
        options,
        key=key,
        on_change=change,
        format_func=lambda each: _shown(kind, each),
        accept_new_options=kind == "event",
        placeholder={"company": "Name or ticker", "sector": "GICS sector", "event": "As the model names them"}[kind],
    )


def _show(key: str, value: str | list[str]) -> None:
    """Put a value that was changed elsewhere into a widget, and leave alone what its reader is about to choose."""
    known = f"{key} shown"
    if key not in st.session_state or st.session_state.get(known) != value:
        st.session_state[key] = st.session_state[known] = value


def _shown(kind: FollowKind, value: str) -> str:
    return label(value).long if kind == "company" else event_words(value)


def _change(profile: str, chosen: str, kind: FollowKind, wanted: set[str], held: set[str]) -> None:
    now = SystemClock().now()
    for value in sorted(wanted - held):
        live.write(lambda run, v=value: run.profiles.add(profile, Follow(chosen, kind, v), now))  # type: ignore[misc]
    for value in sorted(held - wanted):
        live.write(lambda run, v=value: run.profiles.remove(profile, Follow(chosen, kind, v)))  # type: ignore[misc]


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


def _sample(followed: Collection[str], most: int) -> str:
    return ", ".join(sorted(followed)[:most]) + (" …" if len(followed) > most else "")


# -- what is recommended
def recommended_companies(
    profile: Profile, interests: Interests, signals: Sequence[Signal], followed_only: bool, view: View
) -> None:
    row = components.heading("Companies", f"Strength of the signal, moved by what you follow and like. {MODEL}")
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
    row = components.heading("Articles", f"Weight and age of the text, moved by what you follow and like. {MODEL}")
    found = live.read_aggregates(
        ("for you", interests, view.channel),
        lambda run: recommendations.documents(run, interests, view.channels),
    )
    most = len(found[1]) if followed_only else ARTICLES
    ranked = recommendations.ranked_articles(found, profile, interests, most)
    shown = recommendations.only_followed(ranked)[:ARTICLES] if followed_only else ranked
    items = recommended_list.article_items(shown, found[1], view.zone, view.colours)
    titles = {item["key"]: item["title"] for item in items}
    components.csv_button(row, "for_you_articles", lambda: recommended_list.table(shown, titles))
    if not shown:
        live.nothing("No article to recommend", "Nothing that was read lately is about what you follow.")
        return
    _listed(items, shown, profile, view, "for_you_articles_list")


def _listed(items: list[dict[str, object]], ranked: Sequence[Ranked], profile: Profile, view: View, key: str) -> None:
    colours = (view.colours.negative, view.colours.neutral, view.colours.positive)
    by_key = recommendations.features_of(ranked)

    def rate(item: str, value: int) -> None:
        found = by_key.get(item)
        if found is not None:
            rating = Rating(value=value, at=SystemClock().now(), features=found.features) if value else None  # type: ignore[arg-type]
            live.write(lambda run: run.profiles.rate(profile.name, item, rating))

    clicked = components.recommended(items, colours, HEIGHT, key, rate)
    if clicked:
        live.open_company(clicked)
