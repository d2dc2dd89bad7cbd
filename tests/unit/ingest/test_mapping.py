from __future__ import annotations

import pytest

from services.ingest.sources.tabular.mapping import MappingError, check_map, parse_map, picker


def test_a_map_is_read() -> None:
    assert parse_map(["text=body, author=user.name", "url="]) == {"text": "body", "author": "user.name", "url": ""}
    assert parse_map([]) == {} and parse_map(["text=a", "text=a"]) == {"text": "a"}


@pytest.mark.parametrize(
    ("argument", "words"),
    [("body", "write FIELD=column"), ("when=date", "no field 'when'.*published_at"), ("text=a,text=b", "mapped twice")],
)
def test_a_wrong_map_says_what_is_known(argument: str, words: str) -> None:
    with pytest.raises(MappingError, match=words):
        parse_map([argument])


def test_columns_are_checked_before_anything_is_read() -> None:
    check_map({"text": "body"}, {"body", "date"}, "f.csv")
    check_map({"text": "user.text"}, {"user"}, "f.jsonl")
    check_map({}, {"title"}, "f.csv")
    with pytest.raises(MappingError, match=r"f.csv has no column 'bodi'; columns: body, date"):
        check_map({"text": "bodi"}, {"body", "date"}, "f.csv")
    with pytest.raises(MappingError, match=r"no column 'text' or 'title'.*columns: body"):
        check_map({}, {"body"}, "f.csv")
    with pytest.raises(MappingError, match="no column 'text' or 'title'"):
        check_map({"text": ""}, {"text"}, "f.csv")


def test_picking() -> None:
    pick = picker({"text": "body", "author": "user.name", "source": ""})
    row = {"body": "b", "text": "not this", "title": "t", "user": {"name": "n"}, "source": "s"}
    picked = pick(row)
    assert (picked["text"], picked["title"], picked["author"]) == ("b", "t", "n")
    assert picked.get("source") is None and picked["url"] is None
    assert pick({"user": "flat"})["author"] is None
    assert pick({"user.name": "flat key"})["author"] == "flat key"
