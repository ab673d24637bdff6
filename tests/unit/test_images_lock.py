"""The record of resolved images. Does not prove that a recorded image exists on an engine, nor that two processes
that write at the same instant keep both results: the last one wins, as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from infra.images_lock import ResolvedImage, load_images_lock, lock_path, write_images_lock

MYSQL = ResolvedImage("gostack/stand-in-mysql:0123456789ab", "stand-in", "mysql:9.7", "9.7.4", "sha256:aa")


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_images_lock(tmp_path, {"mysql": MYSQL})
    assert load_images_lock(tmp_path) == {"mysql": MYSQL}


def test_the_file_has_the_documented_form(tmp_path: Path) -> None:
    write_images_lock(tmp_path, {"mysql": MYSQL})
    assert json.loads((tmp_path / ".gostack" / "images.json").read_text()) == {
        "mysql": {
            "reference": "gostack/stand-in-mysql:0123456789ab",
            "origin": "stand-in",
            "upstream": "mysql:9.7",
            "version": "9.7.4",
            "image_id": "sha256:aa",
            "digest": "",
        }
    }


def test_an_absent_record_is_empty(tmp_path: Path) -> None:
    assert load_images_lock(tmp_path) == {}


def test_a_record_of_another_version_is_empty_instead_of_an_error(tmp_path: Path) -> None:
    path = lock_path(tmp_path)
    path.parent.mkdir()
    for text in ("{", "[]", '{"mysql": {"reference": "mysql:9.7"}}', '{"mysql": {"unknown": 1}}', '{"mysql": 1}'):
        path.write_text(text)
        assert load_images_lock(tmp_path) == {}, text


def test_an_equal_record_is_left_untouched(tmp_path: Path) -> None:
    write_images_lock(tmp_path, {"mysql": MYSQL})
    before = lock_path(tmp_path).stat()
    write_images_lock(tmp_path, {"mysql": MYSQL})
    after = lock_path(tmp_path).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_no_temporary_file_stays(tmp_path: Path) -> None:
    write_images_lock(tmp_path, {"mysql": MYSQL})
    assert [path.name for path in (tmp_path / ".gostack").iterdir()] == ["images.json"]


def test_the_reader_needs_nothing_but_the_standard_library() -> None:
    root = Path(__file__).resolve().parents[2]
    # -S: no site-packages, so any other import fails.
    program = f"import sys; sys.path.insert(0, {str(root)!r}); import infra.images_lock"
    subprocess.run([sys.executable, "-S", "-c", program], check=True)
