"""Personal data out of web addresses. Which addresses are links at all is for shared/links.py to say."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit, urlunsplit

from services.ingest.documents.mask import mask, mask_emails
from services.ingest.documents.personal.folding import Folded
from services.ingest.documents.personal.names import find_messengers
from services.ingest.documents.personal.queries import masked_query


def mask_address(address: str) -> str:
    """A web address whose query (also percent-encoded), fragment and user part hold no personal data.

    The path stays, for a link has to lead somewhere; e-mail addresses, and the number or name that is all of a
    messenger's link, are taken out of it all the same.
    """
    if ".me/" in address.lower():
        link = Folded(address)
        link.put(find_messengers(link.plain))
        address = link.text
    if "@" not in address and "?" not in address and "#" not in address and "%40" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    path = parts.path
    plain = unquote(path)
    if "@" in plain and (masked := mask_emails(plain)) != plain:
        path = quote(masked, safe="/[]@:")
    host = parts.netloc.rpartition("@")[2]
    fragment = parts.fragment
    if "=" in fragment and "?" not in fragment:
        fragment = masked_query(fragment, mask)
    elif (plain := unquote(fragment)) and (masked := mask(plain)) != plain:
        fragment = masked
    return urlunsplit((parts.scheme, host, path, masked_query(parts.query, mask), fragment))
