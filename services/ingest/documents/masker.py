"""The one way from a raw document to one that may leave this machine. Authors become keyed hashes."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Final

from services.ingest.documents.addresses import mask_address
from services.ingest.documents.mask import mask
from services.ingest.documents.raw_document import RawDocument
from shared.clients.state_folder import StateFolder, write_first
from shared.contract.events import Document
from shared.settings import Settings

_HEX_DIGITS: Final = 16
_KEY_BYTES: Final = 32


class Masker:
    """Masks documents with one author key. The same handle gives the same hash while the key stays the same."""

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("the author key is empty; set BELLWETHER_INGEST__AUTHOR_KEY or delete STATE/author.key")
        self._key = hashlib.blake2b(key, digest_size=_KEY_BYTES).digest()

    @classmethod
    def from_settings(cls, settings: Settings) -> Masker:
        """With the key of the settings, else the one in STATE/author.key, which is made (mode 0600) when absent."""
        key = settings.ingest.author_key
        return cls(key.get_secret_value().encode() if key else _key_in(StateFolder(settings.state_dir).author_key))

    def fingerprint(self) -> str:
        """12 hex digits that name the key and give nothing of it away."""
        return hashlib.blake2b(b"fingerprint", key=self._key, person=b"author key", digest_size=6).hexdigest()

    def author(self, handle: str) -> str:
        """16 hex digits for a handle ("@Bob", "bob" and " BOB" are one author); "" for none."""
        name = handle.strip().lstrip("@").casefold()
        return self._hash(name) if name else ""

    def _external_id(self, raw: RawDocument) -> str:
        """Masked; that of a social source leads to its author (a DID, a status), so it becomes a hash."""
        if raw.channel != "social":
            return mask_address(mask(raw.external_id)) if raw.external_id else ""
        return self._hash(f"id:{raw.external_id}") if raw.external_id else ""

    def _hash(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self._key, digest_size=_HEX_DIGITS // 2).hexdigest()

    def apply(self, raw: RawDocument) -> Document:
        """The document as it may leave this machine."""
        return Document(
            id=raw.id,
            channel=raw.channel,
            source=mask(raw.source),
            text=mask(raw.text),
            title=mask(raw.title),
            url=mask_address(raw.url),
            language=raw.language,
            author=self.author(raw.author),
            external_id=self._external_id(raw),
            published_at=raw.published_at,
            received_at=raw.received_at,
            available_at=raw.available_at,
            truncated=raw.truncated,
            companies=raw.companies,
            synthetic=raw.synthetic,
            dated_ahead=raw.dated_ahead,
            item=raw.item,
            self_label=raw.self_label,
        )


def _key_in(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # when another process is first now, its key counts
        return write_first(path, secrets.token_hex(_KEY_BYTES).encode())
