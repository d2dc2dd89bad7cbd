"""Files are their user's alone; what others could have written is not trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from shared.clients.ownership import close_cache, is_own, put_right


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """A state folder as a former version left it, with something of its user's beside."""
    state = tmp_path / "state"
    for name in ("kafka/data/topic-0/0.log", "redis/appendonly.aof", "runs/a/summary.json", "ingest/ledger.sqlite3"):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).touch()
    for name in ("pids.json", "notes.txt", "runs/run.sh"):
        (state / name).touch()
    for found in (state, *state.rglob("*")):
        found.chmod(0o755)
    return state


def test_a_former_state_folder_is_closed_and_other_files_in_it_are_let_be(former: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (former / "redis" / "link").symlink_to(outside)
    put_right(former)
    assert mode(outside) == 0o644
    assert mode(former / "notes.txt") == 0o755
    assert {mode(path) for path in former.rglob("*") if path.name not in ("notes.txt", "link")} == {0o700}
    assert mode(former) == 0o700


def test_a_home_folder_keeps_its_mode(former: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(former))
    put_right(former)
    assert mode(former) == 0o755
    assert mode(former / "pids.json") == 0o700


def test_what_others_could_write_is_not_ours(tmp_path: Path) -> None:
    folder, file = tmp_path / "cache", tmp_path / "cache" / "kernel.so"
    folder.mkdir(mode=0o700)
    assert not is_own(file)
    file.touch(mode=0o600)
    assert is_own(file)
    for path, open_mode in ((file, 0o620), (file, 0o602), (folder, 0o770), (folder, 0o707)):
        before = mode(path)
        path.chmod(open_mode)
        assert not is_own(file)
        path.chmod(before)
    (folder / "link.so").symlink_to(file)
    assert not is_own(folder / "link.so")


def test_a_cache_loses_what_others_could_write_and_is_closed(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for name, open_mode in (("kernels/ours.so", 0o755), ("kernels/theirs.so", 0o775), ("digests/theirs.json", 0o666)):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).touch()
        (cache / name).chmod(open_mode)
    close_cache(cache)
    assert [path.name for path in sorted(cache.rglob("*")) if path.is_file()] == ["ours.so"]
    assert {mode(path) for path in (cache, *cache.rglob("*"))} == {0o700}
    assert is_own(cache / "kernels" / "ours.so")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_is_somebody_else_s_is_not_ours(tmp_path: Path) -> None:
    file = tmp_path / "kernel.so"
    file.touch(mode=0o600)
    tmp_path.chmod(0o700)
    os.chown(file, 12345, 12345)
    assert not is_own(file)
    put_right(tmp_path)
    assert mode(file) == 0o600
