"""Avro records: whole files as messages ("inline schema"), or bare values under a schema that the settings give.

The schema may come with the message, so it is judged before anything is read by it: small, not deep, not recursive, and
nothing in it can be repeated without taking bytes. What is decoded is then bounded by the message's own size.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, Final

import fastavro

from services.ingest.documents.normalise import RawItem

_CONTAINER: Final = b"Obj\x01"
_REGISTRY: Final = b"\x00"  # in front of the number that a schema registry gave
_REGISTRY_HEAD: Final = 5
MOST_SCHEMA_CHARS: Final = 200_000
MOST_DEPTH: Final = 32
_MOST_RECORDS: Final = 10_000  # in one message
_PRIMITIVES: Final = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})


class NotAvro(ValueError):
    """Bytes that are not read as Avro; the text says why."""


def parse_schema(text: str) -> Any:
    """A schema that may be read by. Raises NotAvro."""
    if len(text) > MOST_SCHEMA_CHARS:
        raise NotAvro(f"a schema of more than {MOST_SCHEMA_CHARS:,} characters")
    try:
        schema = json.loads(text)
        _check(schema, {}, (), 0)
        return fastavro.parse_schema(schema)
    except NotAvro:
        raise
    except Exception as error:
        raise NotAvro(f"not an Avro schema: {type(error).__name__}: {error}"[:300]) from None


def read_records(raw: bytes, schema: Any) -> list[RawItem]:
    """The records in one message. `schema` (of parse_schema; None: only whole files are read). Raises NotAvro."""
    try:
        found = _container(raw) if raw.startswith(_CONTAINER) else [_bare(raw, schema)]
    except NotAvro:
        raise
    except Exception as error:  # fastavro raises what its readers meet: EOF, struct, Unicode, Index, Overflow …
        raise NotAvro(f"{type(error).__name__}: {error}"[:300]) from None
    if any(not isinstance(record, Mapping) for record in found):
        raise NotAvro("a value that is no record")
    return found


def _bare(raw: bytes, schema: Any) -> Any:
    if schema is None:
        raise NotAvro("no Avro file; give the schema as avro_schema")
    body = io.BytesIO(raw[_REGISTRY_HEAD:] if raw.startswith(_REGISTRY) and len(raw) > _REGISTRY_HEAD else raw)
    record = fastavro.schemaless_reader(body, schema, None)
    if body.read(1):
        raise NotAvro("bytes are left behind the record; is it the right schema?")
    return record


def _container(raw: bytes) -> list[Any]:
    head: Any = fastavro.schemaless_reader(io.BytesIO(raw), _HEAD, None)
    metadata = head["meta"]
    if (codec := metadata.get("avro.codec", b"null")) not in {b"null", b""}:
        raise NotAvro(f"a file compressed with {codec[:20]!r}; inside a message only the codec null is read")
    parse_schema(metadata.get("avro.schema", b"").decode())
    records: list[Any] = []
    for record in fastavro.reader(io.BytesIO(raw)):
        records.append(record)
        if len(records) > _MOST_RECORDS:
            raise NotAvro(f"more than {_MOST_RECORDS:,} records in one message")
    return records


_HEAD: Final = fastavro.parse_schema(
    {
        "type": "record",
        "name": "head",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)


def _check(schema: Any, sizes: dict[str, int], inside: tuple[str, ...], depth: int) -> int:
    """The fewest bytes that a value takes. Raises NotAvro for what could be repeated for nothing, or without end."""
    if depth > MOST_DEPTH:
        raise NotAvro(f"a schema of more than {MOST_DEPTH} levels")
    if isinstance(schema, str):
        return _named(schema, sizes, inside)
    if isinstance(schema, list):
        for branch in schema:
            _check(branch, sizes, inside, depth + 1)
        return 1
    kind = schema["type"]
    if kind in ("record", "error"):
        return _record(schema, sizes, inside, depth)
    if kind in ("array", "map"):
        least = _check(schema["items" if kind == "array" else "values"], sizes, inside, depth + 1)
        if kind == "array" and least == 0:
            raise NotAvro("an array of what takes no bytes")
        return 1
    if kind in ("enum", "fixed"):
        sizes[_name(schema)] = least = int(schema["size"]) if kind == "fixed" else 1
        return least
    return _check(kind, sizes, inside, depth + 1)


def _record(schema: Any, sizes: dict[str, int], inside: tuple[str, ...], depth: int) -> int:
    name = _name(schema)
    if name in inside:
        raise NotAvro(f"a schema that holds itself ({name})")
    least = sum(_check(field["type"], sizes, (*inside, name), depth + 1) for field in schema["fields"])
    sizes[name] = least
    return least


def _named(name: str, sizes: dict[str, int], inside: tuple[str, ...]) -> int:
    plain = name.rpartition(".")[2]
    if plain in inside:
        raise NotAvro(f"a schema that holds itself ({plain})")
    if name in _PRIMITIVES:
        return {"null": 0, "float": 4, "double": 8}.get(name, 1)
    if plain not in sizes:
        raise NotAvro(f"an unknown type {name!r}"[:100])
    return sizes[plain]


def _name(schema: Any) -> str:
    return str(schema["name"]).rpartition(".")[2]
