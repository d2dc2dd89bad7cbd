"""What import-encoder opens is bounded."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from services.training.errors import DataError
from services.training.importing.archive import read_member


def test_a_member_is_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("small", b"x" * 1_000)
        archive.writestr("bomb", b"x" * 5_000_000)
    with zipfile.ZipFile(path) as archive:
        assert read_member(archive, "small", path, 1_000) == b"x" * 1_000
        with pytest.raises(DataError, match=r"bomb\.jar: bomb in it inflates to more than 1,000 bytes"):
            read_member(archive, archive.getinfo("bomb"), path, 1_000)


def test_a_member_that_says_it_is_small_is_cut_off_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "liar.jar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"x" * 5_000_000)
    with zipfile.ZipFile(path) as archive:
        archive.getinfo("bomb").file_size = 10
        with pytest.raises((DataError, zipfile.BadZipFile)):
            read_member(archive, "bomb", path, 1_000)
