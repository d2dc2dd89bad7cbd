"""Reddit's Data API: new posts of chosen subreddits, and the deletions of those that were published.

The listing is paged by ids, never by `before`: that gives nothing once the post it names is deleted.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr

from services.ingest.documents.normalise import GAP, RawItem, Rejected
from services.ingest.sources.asking import OK, Asker, json_of
from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, ledger_key, reading_of, secret
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.source import Batch, Cursor, SourceError
from shared.clients.web import Answer
from shared.contract.events import Channel

_PER_SECOND: Final = 1.0  # the limit is 100 a minute
_PAGE: Final = 100
_MOST_PAGES: Final = 10  # a listing ends at 1,000 posts
_LISTED: Final = 900  # a listing that ends with fewer has shown all there is
_REMEMBERED: Final = 500  # posts whose deletion is looked for
_SUSPICIOUS: Final = 10  # posts that are not all gone at once: Reddit goes on to show what was deleted, as [deleted]
_LEFT: Final = 2.0  # requests of the window that are left alone
_UNAUTHORISED: Final = 401
_GONE: Final = frozenset({"[deleted]", "[removed]"})


class RedditOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("subreddits", "server")
    channel: Channel = Field("social", description="news or social, for items that do not say it themselves.")
    subreddits: tuple[str, ...] = Field(min_length=1, max_length=100, description="Names without r/.")
    client_id: str = Field(min_length=1, description="Of the registered application.")
    client_secret: SecretStr = Field(description="Of the registered application.")
    seconds: float = Field(30.0, gt=0, description="Seconds between two polls.")
    server: str = Field("https://oauth.reddit.com", description="Address of the API.")
    token_server: str = Field("https://www.reddit.com", description="Address that gives tokens.")


class RedditSource(PolledSource):
    """Cursor: `last`, the highest id (base 36, as a number) that is done, and `mine`, ids published lately."""

    def __init__(self, name: str, options: RedditOptions, around: Surroundings) -> None:
        if not around.settings.contact:
            raise SourceError(f"source {name}: Reddit asks who is calling; set ingest.contact to your mail address")
        super().__init__(ledger_key(name, options), reading_of(name, options), options.seconds, around.clock)
        self._options = options
        self._asker = Asker(around.settings, around.clock, per_second=_PER_SECOND)
        self._token = ""
        self._expires = 0.0
        self._turn = 0

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """New posts, oldest first, then a look at a hundred of those that were published."""
        last = int(cursor.get("last", 0))
        posts, whole = self._new(last, stop)
        items: list[RawItem | Rejected] = [_item(posts[number]) for number in sorted(posts)]
        if last and not whole:
            items.insert(0, Rejected(GAP, f"more posts since {last} than the listing shows", str(min(posts))))
        mine = [*str(cursor.get("mine", "")).split(), *(str(posts[number]["name"]) for number in sorted(posts))]
        cursor = {"last": max(posts, default=last), "mine": " ".join(mine[-_REMEMBERED:])}
        yield Batch(items, cursor)
        yield self._deletions(cursor, stop)

    def _new(self, last: int, stop: threading.Event) -> tuple[dict[int, dict[str, Any]], bool]:
        """Posts above `last` by number; whether the listing led back to it."""
        found: dict[int, dict[str, Any]] = {}
        after = ""
        for _ in range(_MOST_PAGES if last else 1):
            names = "+".join(quote(each) for each in self._options.subreddits)
            query = {"limit": _PAGE, "raw_json": 1, **({"after": after} if after else {})}
            page, after = _posts(self._ask(f"/r/{names}/new?{urlencode(query)}", stop))
            fresh = {number: post for number, post in page.items() if number > last}
            found |= fresh
            if len(fresh) < len(page):
                return found, True
            if not after:
                break
        return found, len(found) < _LISTED

    def _deletions(self, cursor: Cursor, stop: threading.Event) -> Batch:
        mine = str(cursor.get("mine", "")).split()
        start = self._turn % max(-(-len(mine) // _PAGE), 1) * _PAGE
        self._turn += 1
        asked = mine[start : start + _PAGE]
        if not asked:
            return Batch([], cursor)
        posts, _ = _posts(self._ask(f"/api/info?{urlencode({'id': ','.join(asked), 'raw_json': 1})}", stop))
        there = {str(post["name"]): post for post in posts.values()}
        if not there and len(asked) >= _SUSPICIOUS:
            raise PollFailed(f"/api/info shows none of {len(asked)} posts that were there: taken for trouble")
        gone = [name for name in asked if name not in there or _is_gone(there[name])]
        rest = " ".join(name for name in mine if name not in gone)
        return Batch([{"external_id": name, "deleted": True} for name in gone], cursor | {"mine": rest})

    def _ask(self, path: str, stop: threading.Event) -> Any:
        answer = self._authorised(path, stop)
        if answer.status == _UNAUTHORISED:  # the token was taken back before its time
            self._token = ""
            answer = self._authorised(path, stop)
        if answer.status != OK:
            raise PollFailed(f"HTTP {answer.status}")
        left, reset = (_number(answer.headers.get(f"x-ratelimit-{name}", "")) for name in ("remaining", "reset"))
        if left is not None and left < _LEFT and reset:
            stop.wait(min(reset, 600.0))
        return json_of(answer.body)

    def _authorised(self, path: str, stop: threading.Event) -> Answer:
        if not self._token or time.monotonic() >= self._expires:
            self._log_in(stop)
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._asker.get(f"{self._options.server}{path}", stop, headers, also=(_UNAUTHORISED,))

    def _log_in(self, stop: threading.Event) -> None:
        pair = f"{self._options.client_id}:{secret(self._options.client_secret)}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        address = f"{self._options.token_server}/api/v1/access_token"
        try:
            said = json_of(self._asker.post(address, b"grant_type=client_credentials", stop, headers).body)
        except PollFailed as error:
            raise PollFailed(f"no token: {error}", error.retry_after) from error
        token, seconds = (said.get(name) if isinstance(said, dict) else None for name in ("access_token", "expires_in"))
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise PollFailed("no token: the answer holds none")
        self._token = token
        self._expires = time.monotonic() + (float(seconds) if isinstance(seconds, int) else 3600.0) - 60.0


def _posts(listing: object) -> tuple[dict[int, dict[str, Any]], str]:
    """Posts by number, and the name of the next page's beginning. Raises PollFailed."""
    data = listing.get("data") if isinstance(listing, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(children, list):
        raise PollFailed("the answer is no listing")
    found: dict[int, dict[str, Any]] = {}
    for child in children:
        post = child.get("data") if isinstance(child, dict) else None
        number = _post_number(post.get("name")) if isinstance(post, dict) else 0
        if isinstance(post, dict) and number:
            found[number] = post
    after = data.get("after")
    return found, after if isinstance(after, str) else ""


def _post_number(name: object) -> int:
    """36-based: t3_1abc. 0 for anything else."""
    try:
        return int(name[3:], 36) if isinstance(name, str) and name.startswith("t3_") and len(name) < 16 else 0
    except ValueError:
        return 0


def _is_gone(post: dict[str, Any]) -> bool:
    return post.get("author") in _GONE or post.get("selftext") in _GONE or bool(post.get("removed_by_category"))


def _item(post: dict[str, Any]) -> RawItem:
    if _is_gone(post):
        return {"external_id": post.get("name"), "deleted": True}
    path = post.get("permalink")
    return {
        "title": post.get("title"),
        "text": post.get("selftext"),
        "url": f"https://www.reddit.com{path}" if isinstance(path, str) else "",
        "external_id": post.get("name"),
        "author": post.get("author"),
        "published_at": post.get("created_utc"),
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


KIND: Final = SourceKind("New posts of subreddits, and their deletions", RedditOptions, RedditSource)
