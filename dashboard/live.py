"""How a page stays live: one fragment, the toolbar and the page in it, is drawn again every few seconds.

There is one fragment and no more. Streamlit sends the presses of one moment together and names one fragment for all of
them: of two fragments, or of one and the page around it, one would not hear of its press.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import streamlit as st

from dashboard import address
from dashboard.reading import companies
from dashboard.reading.comparing import subjects
from dashboard.reading.condition import Condition, condition
from dashboard.reading.documents.background import Background
from dashboard.reading.lag import LagReader
from dashboard.reading.moment.known import Known, KnownMarket
from dashboard.reading.moment.past import PastCompany, PastReader
from dashboard.reading.moment.past_market import PastMarket
from dashboard.reading.reader import Reader, Unreachable
from dashboard.reading.snapshots import newest
from dashboard.who import who
from shared.clock import SystemClock
from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import Alert
from shared.contract.events import MARKET
from shared.reading.archive.tables import ArchiveTables
from shared.reading.offsets import Lag
from shared.reading.readers.profiles import ProfileError
from shared.reading.run import Applied, RunView
from shared.reading.supervisor import recorded_state
from shared.reading.values.alerts import NotKept
from shared.settings import Settings, load_settings

T = TypeVar("T")

DISCONNECTED: Final = ":material/cloud_off:"
UNCHANGED_SECONDS: Final = 60.0  # aggregates whose positions stand still are read again after this
LOOK_FOR_WORKERS: Final = 10.0  # seconds between two walks of the key space
STATE_VARIABLE: Final = "BELLWETHER_STATE_DIR"


def settings() -> Settings:
    """Settings of this process; the supervisor names the state folder by an environment variable."""
    state = os.environ.get(STATE_VARIABLE)
    return load_settings(Path(state) if state else None)


@st.cache_resource(show_spinner=False)
def reader() -> Reader:
    return Reader(settings)


@st.cache_resource(show_spinner=False)
def archive() -> ArchiveTables:
    """The archive of this run; whether there is one, a question to it says."""
    return ArchiveTables.of(settings())


@cache
def refresh_seconds() -> float:
    return settings().dashboard.refresh_seconds


def now() -> int:
    """The wall clock, microseconds."""
    return SystemClock().now()


def read(key: Hashable, query: Callable[[RunView], T], max_age: float | None = None) -> T:
    """The answer to `query`, shared by all sessions for one refresh, or for `max_age` seconds. Raises Unreachable."""
    return reader().read(key, query, refresh_seconds() * 0.9 if max_age is None else max_age)


def read_aggregates(key: Hashable, query: Callable[[RunView], T]) -> T:
    """The answer to a `query` of aggregates alone: asked again only when some slot's position has moved."""
    version = read("positions", lambda run: tuple(sorted(run.positions().items())))
    return reader().read(key, query, UNCHANGED_SECONDS, version)


def past_company(company: str, as_of: int) -> PastCompany:
    """A company as of a moment, with its documents as they may be shown now. Raises NotThen."""
    past = _past_reader().company(company, as_of)
    alerts = alerts_then(as_of)
    return past.shown(lambda some: read(("shown", company, as_of), lambda run: run.documents.shown(some)), alerts or ())


def past_market(as_of: int) -> PastMarket:
    """Every company as of a moment. Raises NotThen."""
    return _past_reader().market(as_of)


def read_market(as_of: int | None, key: Hashable, query: Callable[[KnownMarket], T]) -> T:
    """The answer of what is known of all companies: now, or at a moment of the past. Raises Unreachable, NotThen."""
    if as_of is None:
        return read_aggregates(key, query)
    return past_market(as_of).asked(key, query)


def wall(as_of: int | None) -> int:
    """The clock of a page, microseconds: that of now, or the moment that it is of."""
    return now() if as_of is None else as_of


def shown_now(key: Hashable, documents: list[RecentDocument]) -> list[RecentDocument]:
    """Documents of then as they may be shown now. `key` names them. Raises Unreachable."""
    return read(("shown", key), lambda run: run.documents.shown(documents))


def alerts_then(as_of: int) -> list[tuple[int, Alert]] | None:
    """The alerts that were kept then; None where that is not known any more. Raises Unreachable."""
    return read(("alerts as of", as_of), lambda run: _alerts_then(run, as_of))


def _alerts_then(run: RunView, as_of: int) -> list[tuple[int, Alert]] | None:
    try:
        return run.alerts.as_of(as_of)
    except NotKept:
        return None


@st.cache_resource(show_spinner=False)
def _past_reader() -> PastReader:
    return PastReader(settings)


def read_known(company: str, as_of: int | None, key: Hashable, query: Callable[[Known], T]) -> T:
    """The answer of what is known of a company: now, or at a moment of the past. Raises Unreachable, NotThen."""
    if as_of is None:
        return read_aggregates(key, query)
    return query(past_company(company, as_of))


@st.cache_resource(show_spinner=False)
def _background() -> Background:
    return Background()


def ask(key: Hashable, question: Callable[[], T], max_age: float, retry: float | None = None) -> T | None:
    """The answer to a slow question; None while it is being looked for: the page is drawn again. What it raises is
    raised, and it is asked again after `retry` seconds."""
    return _background().ask(key, question, max_age, retry)


def write(change: Callable[[RunView], object], action: str = "", target: str = "", detail: str = "") -> bool:
    """Make a reader's own change; tells the reader when it could not be made, and whether it was. What changes more
    than what was seen has an `action` for the audit log."""
    if not who().may_write:
        st.toast("Your role is viewer: it may not change watchlists, ratings and labels.", icon=":material/lock:")
        return False
    try:
        reader().write(lambda run: _noted(run, change, action, target, detail))
    except Unreachable as problem:
        st.toast(f"Not saved: {problem}", icon=DISCONNECTED)
        return False
    except ProfileError as refused:
        st.toast(f"Not saved: {refused}", icon=":material/block:")
        return False
    if address.value("as_of"):
        st.toast("Saved as of now: the past stays what it was.", icon=":material/history:")
    return True


def _noted(run: RunView, change: Callable[[RunView], object], action: str, target: str, detail: str) -> None:
    change(run)
    if not action:
        return
    user = who()
    name, role = user.name or "local", user.role if user.name else ""
    run.audit.note(run.audit.entry(name, "dashboard", action, "done", role=role, target=target, detail=detail))


def screen(toolbar: Callable[[], None], page: Callable[[], None]) -> None:
    """Draw the toolbar and the page now and again every `refresh_seconds`."""

    @st.fragment(run_every=refresh_seconds())
    def again() -> None:
        address.write()
        toolbar()
        banner = st.empty()  # always there, so that nothing below moves when it fills
        try:
            read_aggregates("newest", newest)
            if problem := reader().problem:
                banner.warning(f"{problem} Showing the data read last.", icon=DISCONNECTED)
            page()
        except Unreachable as problem:
            banner.warning(str(problem), icon=DISCONNECTED)
            nothing("Waiting for data", "This page fills automatically once Redis answers.")

    again()


def part(name: str, subject: Hashable) -> Any:
    """A container for what is about `subject`. With another subject what it showed is taken away first.

    Streamlit leaves what stood at a place there until something else is drawn at that place: the evidence of one
    company would stand under the heading of another. So the part changes its place with its subject.
    """
    known, place = st.session_state.get(f"part {name}", (subject, 0))
    if known != subject:
        place = 1 - place
    st.session_state[f"part {name}"] = (subject, place)
    places = [st.container() if place == each else st.empty() for each in (0, 1)]
    return places[place]


def nothing(title: str, text: str) -> None:
    """The empty state of a page or of a part."""
    with st.container(border=True, horizontal_alignment="center", key=f"nothing-{title}"):
        st.markdown(f"##### {title}", text_alignment="center")
        st.caption(text, text_alignment="center")


def open_company(company: str) -> None:
    """Go to a company's page, keeping window, channel and zone. For callbacks."""
    address.choose(page="Company", company=company)


def open_sector(sector: str) -> None:
    """Go to a sector's companies. For callbacks."""
    address.choose(page="Sectors", sector=sector)


def open_signal(company: str) -> None:
    """Go to a company's signal. For callbacks."""
    address.choose(page="Signals", company=company)


def written_of(as_of: int | None = None) -> list[str]:
    """Ids that have opinions, by ticker: what search and watchlists offer. The catalogue has too many for a list."""
    try:
        return companies.by_ticker(frozenset(read_market(as_of, "newest", newest)))
    except Unreachable:
        return []


def sectors(as_of: int | None = None) -> dict[str, list[str]]:
    """Those that are written of, each with its companies."""
    return subjects.sectors(written_of(as_of))


def is_known(company: str) -> bool:
    """Whether the catalogue has it, or it has opinions."""
    return company == MARKET or company in companies.listed() or company in written_of()


def well() -> Condition:
    """The state of the system, for the dot on every page."""
    try:
        read("find_workers", lambda run: run.workers.find(), max_age=LOOK_FOR_WORKERS)
        reports = read("reports", lambda run: run.workers.reports())
        positions = read("positions", lambda run: tuple(sorted(run.positions().items())))
    except Unreachable as problem:
        return Condition("bad", str(problem))
    if trouble := reader().problem:
        return Condition("bad", trouble)
    return condition(recorded_state(settings().state_dir), reports, waiting(positions))


@st.cache_resource(show_spinner=False)
def _lag_reader() -> LagReader:
    return LagReader(settings)


@st.cache_data(ttl=4, show_spinner=False)
def _waiting(_positions: tuple[tuple[int, Applied], ...]) -> Lag | None:
    return _lag_reader().read(dict(_positions))


def waiting(positions: tuple[tuple[int, Applied], ...]) -> Lag | None:
    """What waits in Kafka, looked at every few seconds for all sessions; None when Kafka does not answer."""
    return _waiting(positions)
