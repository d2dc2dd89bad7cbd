"""What is kept of refused items: bounded, with a count of what is not, and gone when it is erased."""

from __future__ import annotations

import resource
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.commands.data.ingest import app
from services.ingest.delivery.rejected import RejectedFile, read_rejected
from services.ingest.delivery.rejected_folder import RejectedFolder
from services.ingest.documents.normalise import Rejected
from shared.clients.state_folder import StateFolder
from shared.clock import ReplayClock


def kept(folder: RejectedFolder) -> list[bytes]:
    return [line for path in folder.files() for line in path.read_bytes().splitlines()]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60)), max_size=60))
def test_the_folder_stays_bounded_and_everything_is_kept_or_counted(
    tmp_path_factory: object, written: list[tuple[str, int]]
) -> None:
    root: Path = tmp_path_factory.mktemp("rejected")  # type: ignore[attr-defined]
    folder = RejectedFolder(root, most_of_a_source=200, most_of_all=500)
    for number, (name, size) in enumerate(written):
        folder.append(name, str(number).rjust(size, ".").encode() + b"\n")
    assert sum(path.stat().st_size for path in folder.files()) <= 500
    assert len(kept(folder)) + sum(folder.dropped().values()) == len(written)
    if written:
        assert str(len(written) - 1).encode() in b"".join(kept(folder))  # the newest is always there
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in root.iterdir())
    left = len(kept(folder))
    assert folder.erase() == left
    assert folder.files() == [] and folder.dropped() == {}


def test_two_gaps_are_two_items(tmp_path: Path) -> None:
    file = RejectedFile(tmp_path, "bluesky", ReplayClock(1))
    for detail in ("from 1 to 2", "from 5 to 7", "from 5 to 7"):
        file.write([("", Rejected("gap", detail, ""))])
    assert [item.detail for item in read_rejected(tmp_path)] == ["from 1 to 2", "from 5 to 7"]


def test_a_command_lists_and_erases_them(tmp_path: Path) -> None:
    for source in ("rss:a.example", "file:b.csv"):
        RejectedFile(tmp_path, source, ReplayClock(1)).write([("", Rejected("empty", "nothing in it", {}))])
    state = ["--state", str(tmp_path)]
    run = CliRunner().invoke
    assert run(app, ["rejected", "list", *state]).output.count("nothing in it") == 2
    assert run(app, ["rejected", "erase", *state], input="n\n").exit_code == 1
    assert "1 rejected item erased" in run(app, ["rejected", "erase", "--yes", "--source", "file:b.csv", *state]).output
    assert [item.source for item in read_rejected(tmp_path)] == ["rss:a.example"]
    assert run(app, ["rejected", "erase", "--yes", "--json", *state]).output == '{"erased": 1}\n'
    assert list(StateFolder(tmp_path).rejected.glob("*.jsonl")) == []


def test_an_item_that_does_not_fit_leaves_no_half_line(tmp_path: Path) -> None:
    folder = RejectedFolder(tmp_path)
    folder.append("a", b"first\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, before[1]))  # as a disk does that is full after three bytes more
    try:
        with pytest.raises(OSError, match="File too large"):
            folder.append("a", b"second\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    folder.append("a", b"second\n")
    assert kept(folder) == [b"first", b"second"]
