"""One file of GDELT's Global Knowledge Graph (2.1): from its zipped bytes to items with a title. Pure but for memory.

The file is read as a stream with a bound on what it unpacks to; of each line only what is needed is kept.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from services.ingest.documents.normalise import RawItem

MOST_UNPACKED: Final = 400_000_000
_MOST_LINE: Final = 4_000_000
_COLUMNS: Final = 27
_WEB: Final = "1"
_TITLE: Final = re.compile(r"<PAGE_TITLE>(.{1,2000}?)</PAGE_TITLE>")
_TIME: Final = re.compile(r"<PAGE_PRECISEPUBTIMESTAMP>(\d{14})</PAGE_PRECISEPUBTIMESTAMP>")


class BadBatch(ValueError):
    """Bytes that are not the file that was announced; the text says why."""


def read_batch(raw: bytes, batch: datetime, wanted: Callable[[str], bool], md5: str = "") -> tuple[list[RawItem], int]:
    """The items whose title is `wanted`, and how many lines there were. Raises BadBatch."""
    if md5 and hashlib.md5(raw, usedforsecurity=False).hexdigest() != md5:
        raise BadBatch("its MD5 is not the one that was announced")
    items: list[RawItem] = []
    count = 0
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            names = packed.namelist()
            if len(names) != 1:
                raise BadBatch(f"{len(names)} files in it; one is expected")
            for line in _lines(packed, names[0]):
                count += 1
                item = _item(line, batch)
                if item is not None and wanted(str(item["title"])):
                    items.append(item)
    except BadBatch:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BadBatch(f"it cannot be unpacked: {type(error).__name__}: {error}"[:200]) from None
    return items, count


def _lines(packed: zipfile.ZipFile, name: str) -> Iterator[str]:
    left = MOST_UNPACKED
    with packed.open(name) as file:
        while line := file.readline(_MOST_LINE):
            left -= len(line)
            if left < 0:
                raise BadBatch(f"more than {MOST_UNPACKED:,} bytes when unpacked")
            yield line.decode("utf-8", "replace")


def _item(line: str, batch: datetime) -> RawItem | None:
    """None for a line without a title or an address: there is nothing to read in it."""
    cells = line.rstrip("\r\n").split("\t")
    if len(cells) != _COLUMNS or cells[2] != _WEB:
        return None
    title = _TITLE.search(cells[26])
    if title is None or not cells[4].startswith(("http://", "https://")):
        return None
    return {
        "title": html.unescape(title[1]),
        "url": cells[4],
        "external_id": cells[4],
        "published_at": _published(cells[26], batch),
    }


def _published(extras: str, batch: datetime) -> datetime:
    """The page's own time where it is not later than the batch, which is when GDELT had seen it."""
    found = _TIME.search(extras)
    try:
        own = batch_time(found[1]) if found else batch
    except ValueError:
        return batch
    return min(own, batch) if own.year >= 1970 else batch


def batch_time(stamp: str) -> datetime:
    """The moment in a file's name. Raises ValueError."""
    return datetime.strptime(f"{stamp}Z", "%Y%m%d%H%M%S%z").astimezone(UTC)
