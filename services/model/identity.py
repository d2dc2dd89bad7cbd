"""The model id: what has to be equal for two answers to be equal to the bit (design 2.2)."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Final

from shared.clients.ownership import is_own
from shared.clients.state_folder import write_atomically

_PARTS = ("*.safetensors", "config.json", "tokenizer.json", "vocab.txt", "*.model", "merges.txt", "vocab.json")


# The model id held the digest of the catalogue until the universe became a field of its own (design 6). This is the
# last such digest: with it in its place, the runs and cached answers of that version keep their ids.
LAST_CATALOGUE: Final = "dcda81396009a2fb"


def model_id(folder: Path, precision: str, device_kind: str, cache_dir: Path) -> str:
    """16 hex digits over weights, configuration, tokenizer, precision and kind of device."""
    whole = hashlib.blake2b(digest_size=8)
    for path in sorted({path for pattern in _PARTS for path in folder.glob(pattern)}, key=lambda path: path.name):
        whole.update(f"{path.name}={_digest(path, cache_dir)}\n".encode())
    whole.update(f"catalogue={LAST_CATALOGUE}\nprecision={precision}\ndevice={device_kind}\n".encode())
    return whole.hexdigest()


def _digest(path: Path, cache_dir: Path) -> str:
    """Hash of a file, kept in the cache under its path, size and time of change: large weights are read once."""
    state = path.stat()
    key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
    kept = cache_dir / "digests" / f"{hashlib.blake2b(key.encode(), digest_size=12).hexdigest()}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(kept.read_text()) if is_own(kept) else {"key": ""}
        if found["key"] == key:
            return str(found["digest"])
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    with contextlib.suppress(OSError):
        write_atomically(kept, json.dumps({"key": key, "digest": digest.hexdigest()}).encode())
    return digest.hexdigest()
