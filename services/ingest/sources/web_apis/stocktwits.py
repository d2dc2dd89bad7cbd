"""StockTwits: messages on chosen symbols, with the label that their authors gave them (`self_label`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr

from services.ingest.documents.normalise import GAP, RawItem, Rejected
from services.ingest.sources.asking import LIMITED, Asker, json_of
from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, ledger_key, reading_of, secret
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.source import Batch, Cursor
from shared.clock import HOUR_SECONDS
from shared.contract.events import Channel

_PAGE: Final = 30
_MOST_PAGES: Final = 10
_LABELS: Final = {"bullish": "bullish", "bearish": "bearish"}


class StockTwitsOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("server",)
    channel: Channel = Field("social", description="news or social, for items that do not say it themselves.")
    symbols: tuple[str, ...] = Field(min_length=1, max_length=500, description="Symbols, such as AAPL or BTC.X.")
    seconds: float = Field(300.0, gt=0, description="Seconds between two polls of all symbols.")
    requests_per_hour: int = Field(180, ge=1, description="The limit of the key; without one it is 200.")
    access_token: SecretStr | None = Field(None, description="Token of a partner.")
    server: str = Field("https://api.stocktwits.com", description="Address of the API.")


class StockTwitsSource(PolledSource):
    """Cursor: `since.SYMBOL`, the highest id that is done."""

    def __init__(self, name: str, options: StockTwitsOptions, around: Surroundings) -> None:
        super().__init__(ledger_key(name, options), reading_of(name, options), options.seconds, around.clock)
        self._options = options
        self._asker = Asker(around.settings, around.clock, per_second=options.requests_per_hour / HOUR_SECONDS)

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """One batch a symbol. What one symbol's page says wrong does not hold up the others."""
        troubles: list[str] = []
        for symbol in self._options.symbols:
            try:
                batch = self._symbol(symbol, cursor, stop)
            except PollFailed as error:
                if stop.is_set() or error.status == LIMITED:
                    raise
                troubles.append(f"{symbol}: {error}")
                continue
            yield batch
            cursor = batch.cursor
        if troubles:
            raise PollFailed("; ".join(troubles[:3]))

    def _symbol(self, symbol: str, cursor: Cursor, stop: threading.Event) -> Batch:
        since = int(cursor.get(f"since.{symbol}", 0))
        found: dict[int, RawItem] = {}
        highest = 0
        for _ in range(_MOST_PAGES):
            page, more = self._page(symbol, since, min(found, default=0), stop)
            fresh = {number: item for number, item in page.items() if number > since and number not in found}
            found |= fresh
            if not fresh or not more or not since:
                break
        else:
            highest = min(found)
        items: list[RawItem | Rejected] = [found[number] for number in sorted(found)]
        if highest:
            items.insert(0, Rejected(GAP, f"{symbol}: more messages since {since} than are shown", str(highest)))
        return Batch(items, cursor | {f"since.{symbol}": max(found, default=since)})

    def _page(
        self, symbol: str, since: int, below: int, stop: threading.Event
    ) -> tuple[dict[int, RawItem], bool]:  # by id; whether older ones follow
        query: dict[str, Any] = {"limit": _PAGE}
        if since:
            query["since"] = since
        if below:
            query["max"] = below
        if token := secret(self._options.access_token):
            query["access_token"] = token
        address = f"{self._options.server}/api/2/streams/symbol/{quote(symbol)}.json?{urlencode(query)}"
        said = json_of(self._asker.get(address, stop).body)
        messages = said.get("messages") if isinstance(said, dict) else None
        if not isinstance(messages, list):
            raise PollFailed("the answer holds no messages")
        more = isinstance(said.get("cursor"), dict) and said["cursor"].get("more") is True
        return {each["id"]: _item(each) for each in messages if _is_message(each)}, more


def _is_message(message: object) -> bool:
    return isinstance(message, dict) and isinstance(message.get("id"), int) and not isinstance(message["id"], bool)


def _item(message: dict[str, Any]) -> RawItem:
    user, entities = message.get("user"), message.get("entities")
    sentiment = entities.get("sentiment") if isinstance(entities, dict) else None
    label = sentiment.get("basic") if isinstance(sentiment, dict) else None
    name = user.get("username") if isinstance(user, dict) else None
    return {
        "text": message.get("body"),
        "external_id": str(message["id"]),
        "author": name,
        "published_at": message.get("created_at"),
        "url": f"https://stocktwits.com/{quote(str(name))}/message/{message['id']}" if name else "",
        "self_label": _LABELS.get(str(label).casefold(), ""),
    }


KIND: Final = SourceKind(
    "Messages of StockTwits on chosen symbols, with their labels", StockTwitsOptions, StockTwitsSource
)
