"""Reading what an archive of others holds, with a bound: a few kilobytes can inflate to more than memory holds."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from services.training.errors import DataError

MOST_BYTES: Final = 4 * 1024**3  # of one member; the largest encoder that is imported has 1.4 GB


def read_member(archive: zipfile.ZipFile, member: str | zipfile.ZipInfo, place: Path, most: int = MOST_BYTES) -> bytes:
    """The whole member. Raises DataError for one that says that it is larger than `most`, or is."""
    told = archive.getinfo(member).file_size if isinstance(member, str) else member.file_size
    if told <= most:
        with archive.open(member) as file:
            content = file.read(most + 1)
        if len(content) <= most:
            return content
    name = member if isinstance(member, str) else member.filename
    raise DataError(f"{place}: {name} in it inflates to more than {most:,} bytes, which are not read")
