"""Target: what the sources of others send. Bytes become items that are documents or refused, or are refused whole."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import fastavro

from services.ingest.documents.normalise import RawItem, Reading
from services.ingest.sources.polling import PollFailed
from services.ingest.sources.tabular.avro_records import NotAvro, parse_schema, read_records
from services.ingest.sources.web_apis.edgar_filing import NotAFiling, item_of, read_filing
from services.ingest.sources.web_apis.gdelt_file import BadBatch, read_batch
from services.ingest.sources.web_apis.hackernews import _item as hackernews_item
from services.ingest.sources.web_apis.reddit import _item as reddit_item
from services.ingest.sources.web_apis.reddit import _posts
from services.ingest.sources.web_apis.stocktwits import _is_message
from services.ingest.sources.web_apis.stocktwits import _item as stocktwits_item
from tests.fuzz.documents import _all_accounted

_SCHEMA: Final = {"type": "record", "name": "P", "fields": [{"name": "text", "type": "string"}, {"name": "tags", "type":
                  {"type": "array", "items": ["null", "string"]}}]}  # fmt: skip
_PARSED: Final = parse_schema(json.dumps(_SCHEMA))
_BATCH: Final = datetime(2023, 11, 14, 10, tzinfo=UTC)
_ACCESSION: Final = "0000320193-23-000001"


def _avro() -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(_SCHEMA), [{"text": "$AAPL up", "tags": ["a", None]}])
    return out.getvalue()


def _gdelt() -> bytes:
    cells = ["1-1", "20231114100000", "1", "x.example", "https://x.example/1", *[""] * 21]
    extras = (
        "<PAGE_TITLE>Microsoft &amp; co</PAGE_TITLE><PAGE_PRECISEPUBTIMESTAMP>20231114090000</PAGE_PRECISEPUBTIMESTAMP>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo("x.csv"), "\t".join([*cells, extras]))
    return out.getvalue()


_EDGAR: Final = (
    f"<SEC-HEADER>\n<ACCEPTANCE-DATETIME>20231114163001\nACCESSION NUMBER:\t\t{_ACCESSION}\nCONFORMED SUBMISSION TYPE:"
    "\t8-K\nITEM INFORMATION:\t\tOther Events\nFILER:\n\tCOMPANY DATA:\n\t\tCOMPANY CONFORMED NAME:\tAcme\n\t\tCENTRAL "
    "INDEX KEY:\t0000000001\n</SEC-HEADER>\n<DOCUMENT>\n<TYPE>EX-99.1\n<TEXT>\n<p>Sales rose 12%</p>\n</TEXT>\n"
    "</DOCUMENT>"
).encode()
_REDDIT: Final = (
    b'{"data":{"after":null,"children":[{"data":{"name":"t3_abc","title":"$AAPL","selftext":"up","author":"ann",'
    b'"permalink":"/r/x/","created_utc":1699956000.0,"removed_by_category":null}}]}}'
)
_STOCKTWITS: Final = (
    b'{"messages":[{"id":1,"body":"$AAPL","created_at":"2023-11-14T10:00:00Z","user":{"username":"bob"},'
    b'"entities":{"sentiment":{"basic":"Bullish"}}}]}'
)
_STORY: Final = (
    b'{"id":1,"type":"story","by":"pg","time":1699956000,"title":"Microsoft ships","url":"https://x.example/"}'
)
FOREIGN: Final = (
    b"avro:" + _avro(), b"gdelt:" + _gdelt(), b"edgar:" + _EDGAR, b"reddit:" + _REDDIT, b"stocktwits:" + _STOCKTWITS,
    b"story:" + _STORY,
)  # fmt: skip


def foreign(data: bytes, number: int, folder: Path) -> None:
    """Whatever a server sends, it is items or an error that says what was wrong."""
    del number, folder
    kind, _, body = data.partition(b":")
    read = _READERS.get(kind.decode("ascii", "replace"), _read_avro)
    try:
        items = read(body)
    except (NotAvro, NotAFiling, BadBatch, PollFailed) as error:
        assert str(error)
        return
    _all_accounted(items, Reading("social", "one", live=True, feed="one"))


def _read_avro(body: bytes) -> list[RawItem]:
    return read_records(body, _PARSED)


def _read_gdelt(body: bytes) -> list[RawItem]:
    items, count = read_batch(body, _BATCH, lambda _: True)
    assert len(items) <= count and all(item["published_at"] <= _BATCH for item in items)  # type: ignore[operator]
    return items


def _read_edgar(body: bytes) -> list[RawItem]:
    filing = read_filing(body.decode("utf-8", "replace"), _ACCESSION)
    return [item_of(filing, list(filing.companies), "https://www.sec.gov/")]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PollFailed(str(error) or "too deep") from None


def _read_reddit(body: bytes) -> list[RawItem]:
    posts, _ = _posts(_json(body))
    return [item for item in map(reddit_item, posts.values()) if "deleted" not in item]


def _read_stocktwits(body: bytes) -> list[RawItem]:
    said = _json(body)
    messages = said.get("messages") if isinstance(said, dict) else None
    return [stocktwits_item(each) for each in messages if _is_message(each)] if isinstance(messages, list) else []


def _read_story(body: bytes) -> list[RawItem]:
    said = _json(body)
    return [hackernews_item(said)] if isinstance(said, dict) else []


_READERS: Final[dict[str, Callable[[bytes], list[RawItem]]]] = {
    "avro": _read_avro, "gdelt": _read_gdelt, "edgar": _read_edgar, "reddit": _read_reddit,
    "stocktwits": _read_stocktwits, "story": _read_story,
}  # fmt: skip
