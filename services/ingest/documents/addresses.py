"""Personal data out of web addresses. Which addresses are links at all is for shared/links.py to say."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from services.ingest.documents.mask import mask, mask_emails


def mask_address(address: str) -> str:
    """A web address whose query (also percent-encoded), fragment and user part hold no personal data.

    The path stays, for a link has to lead somewhere; e-mail addresses are taken out of it all the same.
    """
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
    fragment = mask(unquote(parts.fragment)) if parts.fragment else ""
    return urlunsplit((parts.scheme, host, path, _masked_query(parts.query), fragment))


def _masked_query(query: str) -> str:
    if not query:
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    masked = [(mask(name), mask(value)) for name, value in pairs]
    return query if masked == pairs else urlencode(masked, quote_via=quote, safe="[]@")
