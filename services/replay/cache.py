"""Answers of models, kept per (model id, what was asked): a text is scored once, however often it is replayed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from services.model.interface import Answer, Request
from shared.clients.state_folder import make_folder
from shared.event_classes.classes import EVENT_CLASSES

_CHUNK: Final = 500
_CLASSES: Final = len(EVENT_CLASSES)  # answers of a version that gave them in other event classes are not taken
_encode = msgspec.msgpack.Encoder().encode
_answers = msgspec.msgpack.Decoder(Answer)


class AnswerCache:
    """One SQLite file; safe to lose. Embeddings are not kept."""

    def __init__(self, path: Path, model_id: str) -> None:
        make_folder(path.parent)
        self._model = model_id.encode()
        self._database = sqlite3.connect(path)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer BLOB) WITHOUT ROWID")

    def key(self, request: Request, model_id: str = "") -> bytes:
        """16 bytes that name the model (the cache's own unless another one reads the request) and what it is asked."""
        asked = [_CLASSES, model_id.encode() or self._model, request.text, request.companies]
        return hashlib.blake2b(_encode(asked), digest_size=16).digest()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Answer]:
        """The answers that are known."""
        answers: dict[bytes, Answer] = {}
        for first in range(0, len(keys), _CHUNK):
            part = keys[first : first + _CHUNK]
            marks = ",".join("?" * len(part))
            rows = self._database.execute(f"SELECT key, answer FROM answers WHERE key IN ({marks})", part)
            answers.update((key, _answers.decode(answer)) for key, answer in rows)
        return answers

    def put(self, answers: dict[bytes, Answer]) -> None:
        rows = ((key, _encode(_lasting(answer))) for key, answer in answers.items())
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", rows)

    def close(self) -> None:
        self._database.close()


def _lasting(answer: Answer) -> Answer:
    """Without the embedding, which is most of an answer, and which no replay reads."""
    return msgspec.structs.replace(answer, embedding=None, packed=b"", scale=0)
