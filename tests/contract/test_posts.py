"""Reddit, StockTwits and Hacker News by servers that page, limit, forget and delete as the real ones do."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.ingest.sources.source import SourceError
from tests.contract.feed_servers import answer, http_server
from tests.contract.listed import build, documents, items, polls, read, refused


def said(request: BaseHTTPRequestHandler, value: Any, status: int = 200, **headers: str) -> None:
    answer(request, status, json.dumps(value).encode(), Content_Type="application/json", **headers)


class Reddit:
    """Posts by number; tokens that end; a listing of `shown` posts in pages."""

    def __init__(self, posts: list[int], shown: int = 1000) -> None:
        self.posts = {number: post(number) for number in posts}
        self.shown = shown
        self.tokens = 0
        self.valid = ""
        self.asked: list[str] = []
        self.next_status: list[int] = []

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        address = urlsplit(request.path)
        query = parse_qs(address.query)
        if address.path == "/api/v1/access_token":
            assert request.rfile.read(int(request.headers["Content-Length"])) == b"grant_type=client_credentials"
            assert request.headers["Authorization"] == "Basic aWQ6c2VjcmV0"
            self.tokens += 1
            self.valid = f"token-{self.tokens}"
            return said(request, {"access_token": self.valid, "expires_in": 86400})
        if request.headers["Authorization"] != f"Bearer {self.valid}":
            return said(request, {}, 401)
        if self.next_status:
            return said(request, {}, self.next_status.pop(0), Retry_After="1")
        self.asked.append(request.path)
        if address.path == "/api/info":
            wanted = query["id"][0].split(",")
            return said(request, listing([self.posts[n] for n in self.posts if self.posts[n]["name"] in wanted]))
        newest = sorted(self.posts, reverse=True)[: self.shown]
        after = query.get("after", [""])[0]
        start = newest.index(int(after[3:], 36)) + 1 if after else 0
        page = newest[start : start + 100]
        more = f"t3_{to36(page[-1])}" if start + 100 < len(newest) else None
        return said(request, listing([self.posts[number] for number in page], more))


def to36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def post(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "name": f"t3_{to36(number)}",
        "title": f"Apple {number}",
        "selftext": "to the moon",
        "author": "ann",
        "permalink": f"/r/stocks/comments/{to36(number)}/",
        "created_utc": 1_790_000_000.0 + number,
        "removed_by_category": None,
    } | changes


def listing(posts: list[dict[str, Any]], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": each} for each in posts], "after": after}}


def reddit(server: str, **options: Any) -> Any:
    own = {"subreddits": ["stocks", "investing"], "client_id": "id", "client_secret": "secret", "seconds": 0.05}
    source = build("reddit", server=server, token_server=server, **(own | options))
    source._asker._rate._gap = 0.0
    return source


def test_new_posts_of_reddit_and_their_deletions() -> None:
    there = Reddit([1001, 1002])
    with http_server(there.respond) as server:
        source = reddit(server)
        first = read(source, polls(1, source))
        one, two = documents(source, first)
        assert (one.title, one.text, one.author, one.external_id) == ("Apple 1001", "to the moon", "ann", "t3_rt")
        assert one.channel == "social" and one.published_at == 1_790_001_001_000_000
        assert one.url == "https://www.reddit.com/r/stocks/comments/rt/" and two.external_id == "t3_ru"
        assert there.asked[0].startswith("/r/stocks+investing/new?")
        there.posts[1001] = post(1001, author="[deleted]", selftext="[deleted]")
        there.posts[1003] = post(1003)
        del there.posts[1002]
        again = read(source, polls(1, source), first[-1].cursor)
    assert items(again)[0]["external_id"] == "t3_rv"
    assert [item for item in items(again) if item.get("deleted")] == [
        {"external_id": "t3_rt", "deleted": True},
        {"external_id": "t3_ru", "deleted": True},
    ]
    assert "t3_ru" not in str(again[-1].cursor["mine"]) and there.tokens == 1


def test_an_answer_that_shows_nothing_is_trouble_and_no_hundred_deletions() -> None:
    there = Reddit(list(range(1001, 1021)))
    with http_server(there.respond) as server:
        source = reddit(server)
        first = read(source, polls(1, source))
        assert len(items(first)) == 20
        there.posts.clear()
        again = read(source, polls(1, source), first[-1].cursor)
    assert items(again) == [] and "none of 20 posts" in source.trouble


def test_reddit_is_paged_and_what_it_does_not_show_is_a_gap() -> None:
    there = Reddit([1000])
    with http_server(there.respond) as server:
        source = reddit(server)
        cursor = read(source, polls(1, source))[-1].cursor
        there.posts |= {number: post(number) for number in range(1001, 1251)}
        del there.posts[1000]  # the post that the cursor ends at: asked for by `before`, it would hide all others
        paged = read(source, polls(1, source), cursor)
        assert len(items(paged)) == 250 and items(paged)[0]["external_id"] == "t3_rt"
        there.posts |= {number: post(number) for number in range(2000, 3200)}
        there.shown = 1000
        over = read(source, polls(1, source), paged[-1].cursor)
    assert refused(over)[0].reason == "gap" and len([one for one in items(over) if "deleted" not in one]) == 1000


def test_reddit_takes_a_token_anew_and_waits_when_told_to() -> None:
    there = Reddit([1000])
    with http_server(there.respond) as server:
        source = reddit(server)
        read(source, polls(1, source))
        there.valid = "taken back"
        assert items(read(source, polls(1, source))) and there.tokens == 2 and source.trouble == ""
        there.next_status = [429]
        read(source, polls(1, source))
        assert source.trouble == "HTTP 429"
        wait = source.next_poll_at - source._clock.now()
        assert wait > 900_000  # a second: what it asked for
        there.next_status = [500]
        read(source, polls(1, source))
        assert source.trouble == "HTTP 500"
    with pytest.raises(SourceError, match="Reddit asks who is calling"):
        build("reddit", settings={"contact": ""}, subreddits=["a"], client_id="id", client_secret="x")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 1}', b"<html>", b'{"data": {"children": {}}}', b"[" * 9999])
def test_what_is_no_listing_is_trouble(body: bytes) -> None:
    there = Reddit([])

    def respond(request: BaseHTTPRequestHandler) -> None:
        there.respond(request) if "access_token" in request.path else answer(request, 200, body)

    with http_server(respond) as server:
        source = reddit(server)
        assert items(read(source, polls(1, source))) == [] and source.trouble


# -- StockTwits


class StockTwits:
    """Messages by symbol; `since` and `max` as the real one has them."""

    def __init__(self, **numbers: list[int]) -> None:
        self.numbers = numbers
        self.status: dict[str, int] = {}
        self.queries: list[dict[str, list[str]]] = []

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        address = urlsplit(request.path)
        symbol = address.path.rpartition("/")[2].removesuffix(".json")
        query = parse_qs(address.query)
        self.queries.append(query)
        if symbol in self.status:
            return said(request, {"response": {"status": self.status[symbol]}}, self.status[symbol], Retry_After="2")
        since, below = (int(query.get(name, ["0"])[0]) for name in ("since", "max"))
        due = [one for one in self.numbers.get(symbol, []) if one > since and (not below or one < below)][::-1]
        page = [message(one, symbol) for one in due[:30]]
        return said(request, {"response": {"status": 200}, "cursor": {"more": len(due) > 30}, "messages": page})


def message(number: int, symbol: str) -> dict[str, Any]:
    basic = [{"basic": "Bullish"}, {"basic": "Bearish"}, None][number % 3]
    return {
        "id": number,
        "body": f"${symbol} up {number}",
        "created_at": "2026-09-21T14:13:20Z",
        "user": {"username": "bob"},
        "entities": {"sentiment": basic},
    }


def stocktwits(server: str, *symbols: str, **options: Any) -> Any:
    source = build("stocktwits", server=server, symbols=symbols, **({"seconds": 0.05} | options))
    source._asker._rate._gap = 0.0
    return source


def test_messages_of_stocktwits_with_their_labels() -> None:
    there = StockTwits(AAPL=list(range(300, 303)), TSLA=[299])
    with http_server(there.respond) as server:
        source = stocktwits(server, "AAPL", "TSLA", access_token="hush")
        first = read(source, polls(1, source))
        found = documents(source, first)
        assert [one.self_label for one in found] == ["bullish", "bearish", "", ""]
        assert (found[0].text, found[0].author, found[0].external_id) == ("$AAPL up 300", "bob", "300")
        assert found[0].url == "https://stocktwits.com/bob/message/300" and found[0].channel == "social"
        there.numbers["AAPL"] += range(303, 400)
        again = read(source, polls(1, source), first[-1].cursor)
    assert [item["external_id"] for item in items(again)] == [str(number) for number in range(303, 400)]
    assert all(query["access_token"] == ["hush"] for query in there.queries)


def test_one_symbol_in_trouble_does_not_hold_up_the_others_and_a_limit_stops_all() -> None:
    there = StockTwits(AAPL=[1], TSLA=[2])
    there.status["AAPL"] = 404
    with http_server(there.respond) as server:
        source = stocktwits(server, "AAPL", "TSLA")
        assert [item["external_id"] for item in items(read(source, polls(1, source)))] == ["2"]
        assert source.trouble == "AAPL: HTTP 404"
        there.status = {"AAPL": 429}
        asked = len(there.queries)
        read(source, polls(1, source))
        assert source.trouble == "HTTP 429" and len(there.queries) == asked + 1
        there.status = {}
        there.numbers["AAPL"] = list(range(1, 1000))
        over = read(source, polls(1, source), {"since.AAPL": 1, "since.TSLA": 2})
        assert refused(over)[0].reason == "gap" and len(items(over)) == 300


# -- Hacker News


class HackerNews:
    def __init__(self, stories: dict[int, Any]) -> None:
        self.stories = stories
        self.changed: list[int] = []
        self.listed: list[int] | None = None

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        what = request.path.removeprefix("/v0/").removesuffix(".json")
        if what == "newstories":
            return said(request, sorted(self.listed or self.stories, reverse=True)[:500])
        if what == "updates":
            return said(request, {"items": self.changed, "profiles": []})
        return said(request, self.stories.get(int(what.removeprefix("item/"))))


def story(number: int, title: str = "Microsoft ships", **more: Any) -> dict[str, Any]:
    own = {
        "id": number,
        "type": "story",
        "by": "pg",
        "time": 1_790_000_000,
        "title": title,
        "url": "https://x.example/",
    }
    return own | more


def hackernews(server: str, **options: Any) -> Any:
    source = build("hackernews", server=server, **({"seconds": 0.05} | options))
    source._asker._rate._gap = 0.0
    return source


def test_stories_that_name_a_company_their_edits_and_deletions() -> None:
    there = HackerNews(
        {1: story(1), 2: story(2, "A new parser"), 3: story(3, "Show HN: x", dead=True), 4: {"type": "job"}}
    )
    with http_server(there.respond) as server:
        source = hackernews(server)
        first = read(source, polls(1, source))
        (document,) = documents(source, first)
        assert (document.title, document.author, document.external_id) == ("Microsoft ships", "pg", "1")
        assert document.published_at == 1_790_000_000_000_000
        assert first[-1].cursor == {"last": 4, "mine": "1"}
        there.stories[1] = story(1, "Microsoft ships late")
        there.changed = [1, 2]
        edited = read(source, polls(1, source), first[-1].cursor)
        assert [item["title"] for item in items(edited)] == ["Microsoft ships late"]
        there.stories[1] = {"id": 1, "deleted": True, "type": "story"}
        gone = read(source, polls(1, source), edited[-1].cursor)
    assert items(gone) == [{"external_id": "1", "deleted": True}] and gone[-1].cursor["mine"] == ""


def test_a_deletion_that_the_list_of_updates_names_no_more_is_found_in_turn() -> None:
    there = HackerNews({number: story(number) for number in range(1, 26)})
    with http_server(there.respond) as server:
        source = hackernews(server)
        first = read(source, polls(1, source))
        assert len(items(first)) == 25
        there.stories[7] = {"id": 7, "deleted": True, "type": "story"}
        there.stories[25] = story(25, dead=True)
        later = read(source, polls(3, source), first[-1].cursor)
    assert sorted(str(item["external_id"]) for item in items(later)) == ["25", "7"]
    assert all(item["deleted"] for item in items(later))
    assert len(str(later[-1].cursor["mine"]).split()) == 23


def test_a_story_that_is_announced_and_not_there_is_waited_for_and_then_left() -> None:
    there = HackerNews({1: story(1), 2: None, 3: story(3)})
    with http_server(there.respond) as server:
        source = hackernews(server, all=True)
        first = read(source, polls(1, source))
        assert [item["external_id"] for item in items(first)] == ["1"] and first[-1].cursor["last"] == 1
        assert items(read(source, polls(1, source), first[-1].cursor)) == []
        later = read(source, polls(1, source), first[-1].cursor)
        assert [item["external_id"] for item in items(later)] == ["3"]
        there.listed = list(range(1000, 1600))
        there.stories |= {number: story(number) for number in there.listed}
        over = read(source, polls(1, source), later[-1].cursor)
    assert refused(over)[0].reason == "gap" and len(items(over)) == 500
