"""What a new user clicked in the first hour: following, going back, searching, filtering, days of the past, the dot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import redis
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from services.embedded.redis import EmbeddedRedis
from shared.clock import DAY, HOUR, SystemClock
from shared.contract.keys import Keys
from shared.contract.operation.processes import ChildState, SupervisorState
from shared.reading.readers.profiles import Follow, Profiles
from shared.universe.securities import Catalogue
from tests.browser.conftest import PATIENCE, Served, Visitor, serve, until
from tests.browser.seed import END, listed, seed
from tests.browser.test_foryou import alert_on
from tests.browser.test_signals import give_out
from tests.browser.test_states import write
from tests.browser.told import tell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
expect.set_options(timeout=PATIENCE)
KEYS = Keys("live", 8)
COMPANIES = [company for company, _ in listed(24)]
FIRST, SECOND_ONE = COMPANIES[:2]
SECTOR = Catalogue.load().by_id[FIRST].sector
WIDTHS = (390, 1280, 1920)
PAGES = {
    "market": "?",
    "company": f"?page=Company&company={FIRST}",
    "stories": "?page=Stories&window=7d",
    "signals": "?page=Signals",
    "foryou": "?page=For+you&profile=desk",
    "alerts": "?page=Alerts&profile=desk",
    "backtest": "?page=Back-test",
    "health": "?page=Health",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, redis.Redis]]:
    """A week of 24 companies with signals and alerts, of a run with a name of its own."""
    folder = tmp_path_factory.mktemp("firsthour")
    server = EmbeddedRedis(folder / "redis")
    server.start()
    with redis.Redis.from_url(server.url) as client:
        seed(client, listed(24), volume=0.25)
        give_out(client, COMPANIES)
        alert_on(client, COMPANIES[:5])
        tell(folder / "state" / "archive" / "live", COMPANIES[:6])
        started = serve(folder / "state", server.url)
        yield started, client
        started.stop()
    server.stop()
    assert "Traceback" not in started.log.read_text()


def edit(page: Page) -> None:
    page.get_by_text("Edit watchlist").first.click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()


def test_opening_the_watchlist_writes_nothing_and_two_tabs_merge(
    own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]
) -> None:
    served, client = own
    profiles = Profiles(client)
    held = [
        Follow("main", "company", FIRST),
        Follow("main", "company", "_NOT_LISTED"),
        Follow("main", "event", "earnings"),
        Follow("main", "sector", SECTOR),
    ]
    for follow in held:
        profiles.add("merger", follow, END)
    left = visit(served, height=1200).open("?page=For+you&profile=merger")
    right = visit(served, height=1200).open("?page=For+you&profile=merger")
    edit(left)
    edit(right)
    left.wait_for_timeout(4_000)  # four refreshes: what was deleted, was deleted within one
    assert profiles.follows("merger") == sorted(held)

    for page, sector in ((left, "Energy"), (right, "Utilities")):
        page.get_by_label("Sectors", exact=True).click()
        page.get_by_role("option", name=sector, exact=True).click()
        page.keyboard.press("Escape")
    assert profiles.follows("merger") == sorted(held)
    for page in (left, right):
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("1 added, 0 removed")).to_be_visible()
    both = [*held, Follow("main", "sector", "Energy"), Follow("main", "sector", "Utilities")]
    assert profiles.follows("merger") == sorted(both)


def test_back_and_forward_restore_what_was_seen(own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]) -> None:
    page = visit(own[0]).open()
    expect(page.locator("button.tile")).to_have_count(24)
    page.get_by_role("radio", name="7d").click()
    expect(page.get_by_text("Movers over 7d").first).to_be_visible()
    page.locator(f'button.tile[data-company="{FIRST}"]').click()
    expect(page.get_by_text("Sentiment and volume")).to_be_visible()
    page.get_by_role("radio", name="day").click()
    page.wait_for_function("location.search.includes('resolution=day')")
    page.get_by_role("radio", name="Signals").click()
    expect(page.get_by_text("Ranked by strength")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Sentiment and volume")).to_be_visible()
    expect(page.get_by_role("radio", name="day")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("radio", name="hour")).to_be_checked()
    page.go_back()
    expect(page.get_by_text("Movers over 7d").first).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Movers over 24h").first).to_be_visible()
    expect(page.get_by_role("radio", name="24h")).to_be_checked()
    page.go_forward()
    expect(page.get_by_text("Movers over 7d").first).to_be_visible()


def test_presses_of_one_moment_are_all_heard(own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]) -> None:
    page = visit(own[0]).open()
    expect(page.get_by_role("radio", name="Change", exact=True)).to_be_visible()
    page.evaluate(
        """() => {
          const found = (root, text) => [...root.querySelectorAll("*")].flatMap((node) => [
            ...(node.matches("button") && node.textContent === text ? [node] : []),
            ...(node.shadowRoot ? found(node.shadowRoot, text) : [])]);
          for (const text of ["7d", "Change", "social"]) found(document, text)[0].click();
        }"""
    )
    expect(page.get_by_text("Movers over 7d").first).to_be_visible()
    for chosen in ("7d", "Change", "social"):
        expect(page.get_by_role("radio", name=chosen, exact=True)).to_be_checked()
    page.wait_for_function(
        "['window=7d', 'rank=Change', 'channel=social'].every((each) => location.search.includes(each))"
    )


def test_a_search_for_what_is_unknown_says_so(own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]) -> None:
    page = visit(own[0]).open()
    expect(page.locator("button.tile")).to_have_count(24)
    page.get_by_role("combobox", name="Company").fill("Xyzzy Holdings")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No company is called Xyzzy Holdings")).to_be_visible()
    page.get_by_role("combobox", name="Company").fill(FIRST.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sentiment and volume")).to_be_visible()


@pytest.mark.parametrize("name", ["market", "company", "signals", "foryou", "alerts"])
def test_every_list_of_documents_can_be_filtered(
    own: tuple[Served, redis.Redis], visit: Callable[..., Visitor], name: str
) -> None:
    page = visit(own[0], height=1400).open(PAGES[name])
    rows = page.locator("article.row")
    expect(rows.first).to_be_visible()
    page.get_by_role("button", name="Filter").first.click()
    for each in ("Words", "Event", "Source", "Sign"):
        expect(page.get_by_label(each, exact=True)).to_be_visible()
    page.get_by_label("Words", exact=True).fill("no document has these words")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("No matching (documents|articles|alerts)"))).to_be_visible()
    page.wait_for_function("location.search.includes('text=')")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(rows.first).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits(own: tuple[Served, redis.Redis], visit: Callable[..., Visitor], name: str, width: int) -> None:
    visitor = visit(own[0], width, 1000 if width > 400 else 844)
    page = visitor.open(PAGES[name])
    expect(page.get_by_role("radio", name="Market")).to_be_visible()
    expect(page.locator(".figure, [class*='st-key-nothing']").first).to_be_visible()
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)
    page.wait_for_timeout(1_500)
    with suppress(PlaywrightTimeout):  # on a busy machine a chart has its tools before it has its width
        page.wait_for_function(f"({OUTSIDE})({width}).length === 0", timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    assert page.evaluate(OUTSIDE, width) == []
    visitor.picture(f"fit-{name}-{width}")


# Buttons and figures that lie outside the window, shadow roots included
OUTSIDE = """width => {
  const found = [];
  const look = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) look(node.shadowRoot);
      if (!node.matches("button, .figure, .fact, h1, h2, h3, h4, h5")) continue;
      const box = node.getBoundingClientRect();
      if (box.width && (box.right > width + 1 || box.left < -1) && getComputedStyle(node).visibility !== "hidden")
        found.push(`${node.tagName} ${node.className} ${node.textContent.slice(0, 40)} ${box.left}..${box.right}`);
    }
  };
  look(document);
  return found;
}"""


def test_days_of_the_past_on_every_page_that_shows_time(
    own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]
) -> None:
    visitor = visit(own[0], height=1200)
    page = visitor.open("?from=2026-02-24&to=2026-02-25")
    expect(page.get_by_text("Movers over 24 Feb 2026 to 25 Feb 2026")).to_be_visible()
    expect(page.locator("article.row time").first).to_have_attribute("title", re.compile("25 Feb 2026"))
    visitor.picture("range-market")
    for name in ("Company", "Signals", "For you", "Alerts"):
        page.get_by_role("radio", name=name, exact=True).click()
        expect(page.get_by_text("24 Feb 2026 to 25 Feb 2026").first).to_be_visible()
    page = visitor.open(f"?page=Company&company={FIRST}&from=2026-02-24&to=2026-02-25")
    expect(page.get_by_text("Documents, 24 Feb 2026 to 25 Feb 2026")).to_be_visible()
    expect(page.locator("article.row").first).to_be_visible()
    times = page.locator("article.row time").evaluate_all("all => all.map(each => each.title.slice(0, 11))")
    assert set(times) <= {"24 Feb 2026", "25 Feb 2026"}
    page.get_by_role("button", name="24 Feb 2026 to 25 Feb 2026").click()
    page.get_by_role("button", name="Back to the newest").click()
    expect(page.get_by_text("Latest documents")).to_be_visible()


def test_evidence_is_of_the_company_in_the_heading(
    own: tuple[Served, redis.Redis], visit: Callable[..., Visitor]
) -> None:
    page = visit(own[0], height=1400).open(f"?page=Signals&company={FIRST}")
    expect(page.get_by_text(f"{FIRST} · ").first).to_be_visible()
    expect(page.locator("article.row").first).to_be_visible()
    page.evaluate(
        """([own]) => { window.stale = []; const look = () => {
          const heads = [...document.querySelectorAll("strong")].map((each) => each.textContent);
          const head = heads.find((text) => /: (strong )?(buy|sell|hold)/.test(text));
          const lists = [...document.querySelectorAll("[class*=st-key-evidence-]")].map((each) => each.className);
          if (head && lists.length && !head.startsWith(own) && lists.some((name) => name.includes(`evidence-${own}`)))
            window.stale.push([head, lists]);
          requestAnimationFrame(look); }; look(); }""",
        [FIRST],
    )
    page.get_by_role("radio", name="Alerts").click()
    page.locator("article.row .chip", has_text=re.compile(f"^{SECOND_ONE}$")).first.click()
    expect(page.get_by_text(f"{SECOND_ONE} · ").first).to_be_visible()
    expect(page.locator("article.row").first).to_be_visible()
    assert page.evaluate("window.stale") == []


# -- the run, the clock and the dot, each on a state folder of its own
@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_one_run_is_named_on_every_page_and_in_the_tab(
    state: Path, own_redis: EmbeddedRedis, serving: Callable[..., Served], visit: Callable[..., Visitor]
) -> None:
    state.mkdir(parents=True)
    (state / "bellwether.yaml").write_text("run: mine\n")
    with redis.Redis.from_url(own_redis.url) as client:
        seed(client, listed(3), run="mine", volume=0.05)
    served = serving(state, own_redis.url)
    page = visit(served).open()
    for name in ("Market", "Company", "Stories", "Signals", "For you", "Alerts", "Back-test", "Health"):
        page.get_by_role("radio", name=name, exact=True).click()
        expect(page.get_by_text("run mine", exact=True)).to_be_visible()
        expect(page).to_have_title(re.compile(rf"^{name} · run mine · Bellwether$"))


def test_a_record_from_the_future_moves_no_clock(
    state: Path, own_redis: EmbeddedRedis, serving: Callable[..., Served], visit: Callable[..., Visitor]
) -> None:
    now = SystemClock().now()
    with redis.Redis.from_url(own_redis.url) as client:
        write(client, now - HOUR, "a", title="Written an hour ago")
        write(client, now + 400 * DAY, "b", company="MSFT", title="Written in another year")
        served = serving(state, own_redis.url)
        page = visit(served).open()
        expect(page.get_by_text("Written an hour ago").first).to_be_visible()
        expect(page.get_by_text("Written in another year")).to_have_count(0)
        expect(page.locator("button.tile")).to_have_count(1)
        page = visit(served).open("?page=Company&company=AAPL")
        expect(page.locator(".figure", has_text="Opinions")).to_contain_text("1")


DOTS = [
    (
        [ChildState("scoring", "1", "held", message="the run is bound to another model")],
        "bad",
        "bound to another model",
    ),
    ([ChildState("scoring", "1", "running"), ChildState("aggregation", "1", "running")], "busy", "loading its model"),
    ([], "bad", "bellwether up"),
]


@pytest.mark.parametrize(("children", "level", "reason"), DOTS)
def test_the_dot_says_why(
    state: Path,
    own_redis: EmbeddedRedis,
    serving: Callable[..., Served],
    visit: Callable[..., Visitor],
    children: list[ChildState],
    level: str,
    reason: str,
) -> None:
    served = serving(state, own_redis.url)
    record = SupervisorState(phase="running", children=children)
    (state / "supervisor.json").write_bytes(msgspec.json.encode(record))
    page = visit(served).open()
    for name in ("Market", "Signals", "Health"):
        page.get_by_role("radio", name=name, exact=True).click()
        dot = page.locator(f".fact.{level}")
        expect(dot).to_contain_text(reason)
    with redis.Redis.from_url(own_redis.url) as client:
        until(lambda: bool(client.ping()), 10, "Redis is gone")
