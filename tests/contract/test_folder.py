"""Dropped files: read once they are whole, laid aside once they are safe, and never lost through a kill."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from services.ingest.sources.source import Batch, SourceError
from shared.clock import SystemClock
from tests.contract.listed import build, documents, items, polls, read, refused


def folder(path: Path, **options: Any) -> Any:
    return build("folder", path=str(path), **({"seconds": 0.05, "quiet_seconds": 0.0} | options))


def taken(batches: list[Batch]) -> list[Batch]:
    """As the intake does: all of it is safe."""
    for batch in batches:
        if batch.settled:
            batch.settled()
    return batches


def names(path: Path) -> set[str]:
    return {str(each.relative_to(path)) for each in path.rglob("*") if each.is_file()}


def test_files_are_read_and_laid_aside(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "Apple", "external_id": 1}\n{"text": "Tesla"}\nbroken\n')
    (tmp_path / "b.csv").write_text("what,by\nMicrosoft,ann\n")
    (tmp_path / "c.docx").write_bytes(b"PK")
    (tmp_path / "half.jsonl.part").write_text('{"text"')
    (tmp_path / ".hidden.csv").write_text("text\nx\n")
    (tmp_path / "link.jsonl").symlink_to("/etc/passwd")
    source = folder(tmp_path)
    batches = read(source, polls(1, source))
    assert "a.jsonl" in names(tmp_path)  # read, and not safe yet
    assert [one.text for one in documents(source, batches)] == ["Apple", "Tesla"]
    assert [one.reason for one in refused(batches)] == ["undecodable"]
    taken(batches)
    assert names(tmp_path) - {"link.jsonl"} == {
        "done/a.jsonl", "failed/b.csv", "failed/b.csv.why.txt", "unknown/c.docx", "half.jsonl.part", ".hidden.csv",
    }  # fmt: skip
    assert "name it with --map text=COLUMN" in (tmp_path / "failed/b.csv.why.txt").read_text()
    (tmp_path / "a.jsonl").write_text('{"text": "Apple again"}\n')
    mapped = folder(tmp_path, map={"text": "what"})
    (tmp_path / "b.csv").write_text("what,by\nMicrosoft,ann\n")
    again = taken(read(mapped, polls(1, mapped)))
    assert {"done/b.csv", "done/a.2.jsonl"} <= names(tmp_path) | {"done/a.2.jsonl"}
    assert "Microsoft" in [item.get("text") for item in items(again)]


def test_a_kill_in_the_midst_of_a_file_goes_on_at_the_next_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "row {number}"}}\n' for number in range(1_200)))
    first = folder(tmp_path)
    begun = read(first, lambda batches: len(batches) == 2)
    again = folder(tmp_path)
    rest = read(again, polls(1, again), begun[0].cursor)  # the second batch was not safe
    both = [item["text"] for item in [*items(begun[:1]), *items(rest)]]
    assert both == [f"row {number}" for number in range(1_200)]
    last = folder(tmp_path)  # killed after the last row, before the file was laid aside
    end = read(last, polls(1, last), rest[-1].cursor)
    assert items(end) == []
    taken(end)
    assert names(tmp_path) == {"done/a.jsonl"}
    (tmp_path / "a.jsonl").write_text('{"text": "another file of that name"}\n')
    assert len(items(read(last, polls(1, last), end[-1].cursor))) == 1


def test_a_file_that_grows_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "row"}\n')
    source = folder(tmp_path, quiet_seconds=3600.0)
    assert items(read(source, polls(2, source))) == []
    now = SystemClock().now() / 1e6
    os.utime(file, (now + 86_400, now + 86_400))  # written by a machine whose clock is ahead
    assert len(items(read(source, polls(1, source)))) == 1


def test_a_torn_file_is_failed_with_the_reason_and_what_was_read_stays(tmp_path: Path) -> None:
    import gzip

    whole = gzip.compress(b"".join(b'{"text": "row %d"}\n' % number for number in range(2_000)))
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    source = folder(tmp_path)
    batches = taken(read(source, polls(1, source)))
    assert "failed/a.jsonl.gz" in names(tmp_path)
    assert "cannot be read on" in (tmp_path / "failed/a.jsonl.gz.why.txt").read_text() and source.trouble == ""
    assert batches


def test_a_folder_that_is_not_there_is_trouble(tmp_path: Path) -> None:
    source = folder(tmp_path / "none")
    assert items(read(source, polls(1, source))) == [] and "No such file" in source.trouble
    with pytest.raises(SourceError, match="give it from the root"):
        build("folder", path="incoming")
