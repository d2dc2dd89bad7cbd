"""One filing of EDGAR, from its full submission text: header, items in words, and the part that people read. Pure.

The header's ACCEPTANCE-DATETIME is Eastern time without a zone. It is right where the submissions JSON is not.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.ingest.documents.cleaning import clean
from services.ingest.documents.normalise import MAX_TEXT_CHARS, RawItem

_EASTERN: Final = ZoneInfo("America/New_York")
_ACCESSION: Final = re.compile(r"\d{10}-\d{2}-\d{6}")
_ACCEPTED: Final = re.compile(r"<ACCEPTANCE-DATETIME>\s*(\d{14})\b")
_FIELD: Final = re.compile(r"^[ \t]*([A-Z][A-Z /-]*[A-Z]):[ \t]*(\S[^\r\n]*)$", re.MULTILINE)
_HEADER_END: Final = re.compile(r"</(?:SEC|IMS)-HEADER>")
_PART: Final = re.compile(r"<DOCUMENT>(.*?)(?:</DOCUMENT>|\Z)", re.DOTALL)
_TYPE: Final = re.compile(r"<TYPE>([^\s<]+)")
_TEXT: Final = re.compile(r"<TEXT>(.*?)(?:</TEXT>|\Z)", re.DOTALL)
_BINARY: Final = re.compile(r"\s*(?:<PDF>|begin \d{3} )")
_ITEM: Final = re.compile(r"^\s*item\s+\d{1,2}\.\d{2}\b", re.IGNORECASE | re.MULTILINE)
_SIGNATURE: Final = re.compile(r"^\s*signatures?\s*$", re.IGNORECASE | re.MULTILINE)
_EXHIBITS: Final = ("EX-99.1", "EX-99.01", "EX-99")
_CLEANED_CHARS: Final = 8 * MAX_TEXT_CHARS  # of a part with its markup
_OWNERS: Final = frozenset({"FILER", "SUBJECT COMPANY", "ISSUER", "FILED BY", "REPORTING-OWNER"})


class NotAFiling(ValueError):
    """A text that is no submission of EDGAR's; the text says what is missing."""


class Filing(NamedTuple):
    """`accepted` is UTC. `ciks` have no leading zeros; the company that it is about comes first."""

    accession: str
    form: str
    accepted: datetime | None
    companies: tuple[str, ...]
    ciks: tuple[str, ...]
    items: tuple[str, ...]
    text: str


def read_filing(submission: str, accession: str) -> Filing:
    """The filing in a full submission text, or in its header alone. Raises NotAFiling."""
    end = _HEADER_END.search(submission)
    header = submission[: end.start()] if end else submission[:20_000]
    fields = [(found[1], found[2].strip()) for found in _FIELD.finditer(header)]
    own = _first(fields, "ACCESSION NUMBER")
    if own != accession:
        raise NotAFiling(f"accession number {own or 'missing'} where {accession} was asked for")
    about = _about(header)
    return Filing(
        accession,
        _first(fields, "CONFORMED SUBMISSION TYPE"),
        accepted_at(header),
        tuple(dict.fromkeys(_all(about, "COMPANY CONFORMED NAME"))),
        tuple(dict.fromkeys(cik.lstrip("0") for cik in _all(about, "CENTRAL INDEX KEY"))),
        tuple(dict.fromkeys(_all(fields, "ITEM INFORMATION"))),
        _readable(submission[end.end() :] if end else ""),
    )


def accepted_at(header: str) -> datetime | None:
    """UTC; None where it cannot be read. Of an hour that comes twice it is the later one: nothing looks ahead."""
    found = _ACCEPTED.search(header)
    try:
        local = datetime.strptime(f"{found[1]}Z", "%Y%m%d%H%M%S%z") if found else None
    except ValueError:
        return None
    return local.replace(tzinfo=_EASTERN, fold=1).astimezone(UTC) if local else None


def item_of(filing: Filing, company: object, url: str) -> RawItem:
    """As the normaliser takes it. `company`: ids of the catalogue, or names where it does not know the CIK."""
    who = filing.companies[0] if filing.companies else ""
    what = "; ".join(filing.items)
    said = ", ".join(part for part in (filing.form, what) if part)
    return {
        "title": f"{who}: {said}" if who else said,
        "text": filing.text or f"{who} filed {said}.",
        "published_at": filing.accepted,
        "external_id": filing.accession,
        "url": url,
        "company": company,
        "language": "en",
    }


def is_accession(text: str) -> bool:
    return _ACCESSION.fullmatch(text) is not None


def _about(header: str) -> list[tuple[str, str]]:
    """The fields of those parts of the header that stand for companies, the subject before whoever filed."""
    parts = re.split(r"^([A-Z][A-Z -]+):[ \t]*$", header, flags=re.MULTILINE)
    owners = [(name, body) for name, body in zip(parts[1::2], parts[2::2], strict=False)]
    found: list[tuple[str, list[tuple[str, str]]]] = []
    current = ""
    for name, body in owners:
        current = name if name in _OWNERS else current
        if current:
            found.append((current, [(each[1], each[2].strip()) for each in _FIELD.finditer(body)]))
    order = {"ISSUER": 0, "SUBJECT COMPANY": 0, "FILER": 1, "FILED BY": 2, "REPORTING-OWNER": 3}
    chosen = [(order[owner], fields) for owner, fields in found if owner != "REPORTING-OWNER"] or [
        (order[owner], fields) for owner, fields in found
    ]
    return [field for _, fields in sorted(chosen, key=lambda one: one[0]) for field in fields]


def _first(fields: list[tuple[str, str]], name: str) -> str:
    return next(iter(_all(fields, name)), "")


def _all(fields: list[tuple[str, str]], name: str) -> list[str]:
    return [value for field, value in fields if field == name]


def _readable(body: str) -> str:
    """Exhibit 99.1 where there is one, else the main document's items without cover and signatures."""
    main = ""
    exhibits: dict[str, str] = {}
    for part in _PART.finditer(body):
        kind = _TYPE.search(part[1], 0, 500)
        text = _TEXT.search(part[1])
        if kind is None or text is None or _BINARY.match(text[1]):
            continue
        main = main or text[1]
        exhibits.setdefault(kind[1].upper(), text[1])
    for name in _EXHIBITS:
        if plain := _plain(exhibits.get(name, "")):
            return plain[:MAX_TEXT_CHARS]
    return _items_alone(_plain(main))[:MAX_TEXT_CHARS]


def _plain(markup: str) -> str:
    return clean(markup[:_CLEANED_CHARS])


def _items_alone(text: str) -> str:
    begin = _ITEM.search(text)
    if begin is None:
        return text
    end = _SIGNATURE.search(text, begin.end())
    return text[begin.start() : end.start() if end else len(text)].strip()
