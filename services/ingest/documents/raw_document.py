"""A document that still holds what no one else may see. It is not a `Document`, so mypy lets nothing publish it."""

from __future__ import annotations

import msgspec

from shared.contract.events import Channel


class RawDocument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One text, normalised but not masked: the author is the plain handle, and personal data is still in the text.

    `masker.Masker.apply` makes the `Document` of it, which has the same fields but one (shared/contract/events.py).
    """

    id: str
    channel: Channel
    source: str
    text: str
    title: str = ""
    url: str = ""
    language: str = "und"
    author: str = ""  # as the source gave it
    external_id: str = ""
    published_at: int
    received_at: int
    available_at: int
    truncated: bool = False
    companies: tuple[str, ...] = ()
    synthetic: bool = False
    dated_ahead: bool = False
    self_label: str = ""
    item: str = ""
    former_id: str = ""  # by which a former version may have published it; it goes no further
