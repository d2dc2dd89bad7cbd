"""Lines of a CSV file put together to records: a cell may hold line ends, and a quote that never closes costs its line.

A quote is taken for one that does not close when what it would hold ends in the middle of a cell or of the row, or is
larger than any text that is read. Its line is given back as `Unclosed`, and reading goes on at the next one. Linear: a
line that closes the quote of another is met within one look ahead.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Final

from shared.contract.events import MAX_TEXT_BYTES

MAX_OPEN_CHARS: Final = 2 * MAX_TEXT_BYTES  # in one quoted cell
_INSIDE: Final = re.compile(r'[^"]*(?:""[^"]*)*')


class Unclosed(str):
    """A line whose quote does not close."""

    __slots__ = ()


class CsvRecords:
    """Records in their order, each a text that holds one row whole. `line`: number of the latest one's first line."""

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        cell = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{delimiter}\r\n][^{delimiter}\r\n]*+|)'
        self._whole = re.compile(rf"{cell}(?:{delimiter}{cell})*[\r\n]*\Z")
        self._opening = re.compile(rf'(?:{cell}{delimiter})*"[^"]*(?:""[^"]*)*\Z')
        strict = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{delimiter}\r\n]*+)'  # no quotes but around cells
        self._strict = re.compile(rf"{strict}(?:{delimiter}{strict})*[\r\n]*\Z")
        self._delimiter = delimiter
        self._lines = lines
        self._again: deque[str] = deque()
        self._cells = 0  # of the header
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        while (first := self._next()) is not None:
            self.line += 1
            record = first
            if '"' in first and not self._whole.match(first) and self._opening.match(first):
                record = self._closed(first) or Unclosed(first)
            if not self._cells:
                self._cells = self._count(record)
            yield record
            self.line += record.count("\n") - first.count("\n")

    def _next(self) -> str | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _closed(self, first: str) -> str:
        """The record that `first` opens; "" where it does not close, and the lines behind it are read again."""
        ahead: list[str] = []
        size = len(first)
        while size <= MAX_OPEN_CHARS and (line := self._next()) is not None:
            ahead.append(line)
            size += len(line)
            end = _INSIDE.match(line).end()  # type: ignore[union-attr]  # it matches anything
            if end == len(line):
                continue
            rest = line[end + 1 :]  # behind the quote that closes
            if rest and rest[0] not in (self._delimiter, "\r", "\n"):
                break
            if self._opening.match(rest[1:]) and not self._whole.match(rest[1:]):
                continue  # another cell opens
            record = first + "".join(ahead)
            if self._whole.match(rest.removeprefix(self._delimiter)) and self._fits(record, line):
                return record
            break
        self._again.extendleft(reversed(ahead))
        return ""

    def _fits(self, record: str, closing: str) -> bool:
        """Whether the record has as many cells as the header, or fewer where its last line is no row for itself."""
        cells = self._count(record)
        doubtful = self._opening.match(closing) or self._strict.match(closing)
        return not self._cells or cells == self._cells or (cells < self._cells and not doubtful)

    def _count(self, record: str) -> int:
        """How many cells; delimiters inside quotes are none."""
        return re.sub(r'"[^"]*(?:""[^"]*)*"', "", record).count(self._delimiter) + 1
