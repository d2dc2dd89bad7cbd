"""The one way to write a whole file: modes, drafts, errors, and who was first."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.clients.state_folder import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    make_folder,
    whole_file,
    write_atomically,
    write_first,
)


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_all_that_is_written_is_its_owner_s_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "x" / "y" / "private", b"1")
    assert mode(tmp_path / "x" / "y" / "private") == PRIVATE_FILE
    assert mode(make_folder(tmp_path / "a" / "b")) == PRIVATE_FOLDER
    assert {mode(tmp_path / name) for name in ("a", "x", "x/y")} == {PRIVATE_FOLDER}


def test_a_private_file_takes_the_place_of_an_open_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    write_atomically(path, b"new", durable=True)
    assert (path.read_bytes(), mode(path)) == (b"new", PRIVATE_FILE)


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with whole_file(path) as draft:
        draft.write_bytes(b"half")
        assert path.read_bytes() == b"old"
        assert mode(draft) == PRIVATE_FILE
        draft.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), whole_file(path) as draft:
        draft.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_have_drafts_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with whole_file(path) as one, whole_file(path) as two:
        one.write_bytes(b"one")
        two.write_bytes(b"two")
    assert path.read_bytes() == b"one"  # left last
    assert list(tmp_path.iterdir()) == [path]


def test_drafts_of_a_killed_writer_go_and_those_of_a_living_one_stay(tmp_path: Path) -> None:
    path, fresh, old = tmp_path / "a[1].json", tmp_path / ".a[1].json.7-aa", tmp_path / ".a[1].json.7-bb"
    other = tmp_path / ".b.json.7-cc"
    for draft in (fresh, old, other):
        draft.write_bytes(b"half")
    for draft in (old, other):
        os.utime(draft, (1, 1))
    write_atomically(path, b"1")
    assert sorted(tmp_path.iterdir()) == sorted([path, fresh, other])


def test_the_first_writer_counts(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    assert write_first(path, b"mine") == b"mine"
    assert write_first(path, b"yours") == b"mine"
    assert mode(path) == PRIVATE_FILE
    assert list(path.parent.iterdir()) == [path]
