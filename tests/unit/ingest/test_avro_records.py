"""Avro that comes with its own schema: read where it is honest, refused before it costs anything where it is not."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.tabular.avro_records import MOST_DEPTH, NotAvro, parse_schema, read_records

SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Post",
    "namespace": "t",
    "fields": [
        {"name": "body", "type": "string"},
        {"name": "user", "type": {"type": "record", "name": "User", "fields": [{"name": "name", "type": "string"}]}},
        {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
        {"name": "editor", "type": ["null", "User"], "default": None},
    ],
}
ROW = {"body": "Apple rises", "user": {"name": "ann"}, "tags": ["a", None], "editor": {"name": "bob"}}


def whole_file(rows: list[Any], codec: str = "null", schema: Any = SCHEMA) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), rows, codec=codec)
    return out.getvalue()


def bare(row: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(SCHEMA))), row)
    return out.getvalue()


def test_whole_files_and_bare_values_are_read() -> None:
    schema = parse_schema(json.dumps(SCHEMA))
    assert read_records(whole_file([ROW, ROW]), None) == [ROW, ROW]
    assert read_records(bare(ROW), schema) == [ROW]
    assert read_records(b"\x00\x00\x00\x00\x07" + bare(ROW), schema) == [ROW]  # with a registry's number in front


def test_what_cannot_be_read_says_why() -> None:
    schema = parse_schema(json.dumps(SCHEMA))
    for raw, given_schema, told in (
        (bare(ROW), None, "give the schema as avro_schema"),
        (bare(ROW)[:-3], schema, "Error"),
        (bare(ROW) + b"x", schema, "left behind"),
        (whole_file([ROW], codec="deflate"), None, "only the codec null"),
        (whole_file([ROW])[:-20], None, "Error"),
        (whole_file(["x"], schema="string"), None, "no record"),
        (b"", schema, "Error"),
    ):
        with pytest.raises(NotAvro, match=told):
            read_records(raw, given_schema)


def nested(levels: int) -> Any:
    found: Any = "string"
    for _ in range(levels):
        found = {"type": "array", "items": found}
    return found


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "array", "items": "null"}, "takes no bytes"),
        ({"type": "array", "items": {"type": "record", "name": "E", "fields": []}}, "takes no bytes"),
        ({"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}, "takes no bytes"),
        (
            {"type": "record", "name": "R", "fields": [{"name": "r", "type": ["null", "R"]}]},
            "holds itself",
        ),
        (nested(MOST_DEPTH + 1), "levels"),
        ({"type": "unheard"}, "unknown type"),
        ({"name": "x"}, "not an Avro schema"),
        (7, "not an Avro schema"),
    ],
)
def test_a_schema_that_costs_more_than_its_bytes_is_refused(schema: Any, told: str) -> None:
    with pytest.raises(NotAvro, match=told):
        parse_schema(json.dumps(schema))


@given(st.binary(max_size=300))
def test_whatever_bytes_there_are_they_are_records_or_not_avro(raw: bytes) -> None:
    schema = parse_schema(json.dumps(SCHEMA))
    for start in (b"", b"Obj\x01"):
        try:
            read_records(start + raw, schema)
        except NotAvro as error:
            assert str(error)
