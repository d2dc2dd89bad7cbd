"""The child process that reads a workbook (.xlsx): its first sheet as JSON lines on stdout, the first row its header.

A workbook is XML in a zip, so it is read with little memory, little time of the processor, and no file to write to.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from services.ingest.sources.source import SourceError

MEMORY_BYTES: Final = 1024**3
CPU_SECONDS: Final = 300
MOST_UNPACKED: Final = 1_000_000_000
_MOST_COLUMNS: Final = 500
_COMMAND: Final = (sys.executable, "-m", "services.ingest.sources.tabular.workbook")


def read_workbook(path: Path, columns: tuple[str, ...]) -> Iterator[bytes]:
    """JSON objects, a line each. Raises SourceError."""
    child = subprocess.Popen(
        [*_COMMAND, str(path.absolute()), *columns], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_ENVIRONMENT
    )
    assert child.stdout is not None and child.stderr is not None
    try:
        yield from child.stdout
        said = child.stderr.read(2_000).decode("utf-8", "replace").strip()
        if child.wait() != 0:
            raise SourceError(f"{path} cannot be read as a workbook: {said.splitlines()[-1] if said else 'too large'}")
    finally:
        child.kill()
        child.stdout.close()
        child.stderr.close()
        child.wait()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    for none in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(none, (0, 0))
    try:
        for row in _rows(sys.argv[1], tuple(sys.argv[2:])):
            sys.stdout.buffer.write(msgspec.json.encode(row, enc_hook=str) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # whatever openpyxl meets in what calls itself a workbook
        sys.stderr.write(f"{type(error).__name__}: {error}"[:500])
        sys.exit(1)


def _rows(path: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    import openpyxl

    with zipfile.ZipFile(path) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
            raise ValueError(f"more than {MOST_UNPACKED:,} bytes when unpacked")
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    header = list(columns)
    for cells in book.worksheets[0].iter_rows(values_only=True, max_col=_MOST_COLUMNS):
        if all(cell is None for cell in cells):
            continue
        if not header:
            header = ["" if cell is None else str(cell) for cell in cells]
            continue
        yield {name: _plain(cell) for name, cell in zip(header, cells, strict=False) if name}


def _plain(cell: object) -> object:
    """As JSON has it. A day without a time is a date: workbooks know no other way to write one."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return cell


_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(part for part in sys.path if part)}

if __name__ == "__main__":
    main()
