"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infra.replaced import replace_text


def test_a_reader_has_all_of_the_old_text_and_the_next_one_all_of_the_new(tmp_path: Path) -> None:
    file, link = tmp_path / "a.yaml", tmp_path / "link.yaml"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    with file.open() as reader:
        replace_text(link, "nĕw")
        assert reader.read() == "old"
    assert file.read_text(encoding="utf-8") == "nĕw"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [file, link]


def test_what_fails_leaves_the_old_text_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replace_text(file, "\ud800")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
