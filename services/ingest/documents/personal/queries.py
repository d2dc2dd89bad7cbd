"""Parameters of web addresses whose very name says that a person, or a secret, stands behind the equals sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from services.ingest.documents.personal.folding import Found
from services.ingest.documents.personal.names import EMAIL, HANDLE
from services.ingest.documents.personal.phones import PHONE

SECRET: Final = "[secret]"
ADDRESS: Final = "[address]"

_NAMES: Final = {
    SECRET: "passwd passwort pwd authorization jwt phpsessid otp",
    EMAIL: "email mail useremail emailaddress mailto recipient",
    PHONE: "phone tel telephone mobile msisdn whatsapp phonenumber",
    ADDRESS: "address addr street streetaddress zip zipcode postcode postalcode plz ip ipaddr",
    HANDLE: "username screenname login userid",
}
_BY_NAME: Final = {name: token for token, names in _NAMES.items() for name in names.split()}
_ENDINGS: Final = (
    "token", "secret", "password", "apikey", "accesskey", "keyid", "appkey", "signature", "sessionid", "credential",
)  # fmt: skip
_SHORT: Final = frozenset(("key", "auth", "sig", "session", "sid", "pass", "pin"))  # ?session=pre is no secret
_SECRET_LENGTH: Final = 8
_LINK = re.compile(r"(?:https?://|www\.)[^\s?#<>\"']{1,300}\?([^\s<>\"'#]+)", re.IGNORECASE)
_MARKS: Final = frozenset((SECRET, ADDRESS, EMAIL, HANDLE, PHONE))


def masked_query(query: str, mask: Callable[[str], str]) -> str:
    """A query with such values replaced, and `mask` over all else, also percent-encoded; as it is where nothing is."""
    if "=" not in query and "@" not in query and "%40" not in query:
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    masked = [(mask(name), _masked_value(name, value, mask)) for name, value in pairs]
    return query if masked == pairs else urlencode(masked, quote_via=quote, safe="[]@")


def find_queries(text: str, mask: Callable[[str], str]) -> Iterator[Found]:
    """Queries of links in a text that hold something to mask."""
    if "?" in text and ("://" in text or "www." in text.lower()):
        for found in _LINK.finditer(text):
            masked = masked_query(found[1], mask)
            if masked != found[1]:
                yield *found.span(1), masked


def _masked_value(name: str, value: str, mask: Callable[[str], str]) -> str:
    plain = re.sub(r"[^a-z]", "", name.rpartition("[")[2].lower() if "[" in name else name.lower())
    token = _BY_NAME.get(plain) or (SECRET if plain.endswith(_ENDINGS) else "")
    if not token and plain in _SHORT and len(value) >= _SECRET_LENGTH:
        token = SECRET
    return token if token and value and value not in _MARKS else mask(value)
