"""The files of volumes go into one archive and come back from it as they were, and what is no archive changes nothing.

The engine is a fake that holds volumes as trees of files. Does not prove that a real one reads and writes the files of
a container that never runs: tests/integration/test_15_volumes.py does.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker.errors import APIError

from tests.graph.conftest import dev_settings
from tools.gostack.database import backup as backing_up
from tools.gostack.database import restore as restoring
from tools.gostack.database import volume_archive
from tools.gostack.database.mysql_members import DatabaseError
from tools.gostack.database.volume_archive import archive_beside, saved_volumes, volume_tars, write_archive
from tools.gostack.database.volumes import Volumes
from tools.gostack.lifecycle.objects import StackObjects

EAST = "gostack-dev-users.uploads-east"
LONG = f"{'long ' * 60}ö.txt"


def tree(**files: bytes) -> bytes:
    """What the engine gives for a folder: the folder, files with owners, a link and a hard link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        root = tarfile.TarInfo("volume")
        root.type, root.mode, root.uid = tarfile.DIRTYPE, 0o1777, 7
        tar.addfile(root)
        for name, content in files.items():
            member = tarfile.TarInfo(f"volume/{name}")
            member.size, member.mode, member.uid, member.gid, member.mtime = len(content), 0o640, 1000, 2000, 1234567890
            tar.addfile(member, io.BytesIO(content))
            for kind, target in ((tarfile.SYMTYPE, "/etc/hosts"), (tarfile.LNKTYPE, f"volume/{name}")):
                link = tarfile.TarInfo(f"volume/{name}.{kind.decode()}")
                link.type, link.linkname = kind, target
                tar.addfile(link)
    return buffer.getvalue()


def listed(tar: bytes) -> dict[str, tuple[Any, ...]]:
    """Everything in a tar, with its folder left out of names."""

    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        root = opened.getmembers()[0].name

        def below(name: str) -> str:
            assert name == root or name.startswith(f"{root}/")
            return name.removeprefix(root)

        return {
            below(one.name): (
                *(one.type, one.mode, one.uid, one.gid, one.mtime),
                below(one.linkname) if one.islnk() else one.linkname,
                cast("Any", opened.extractfile(one)).read() if one.isreg() else b"",
            )
            for one in opened
        }


class FakeEngine:
    """Volumes by their names on the engine, each as the tar that it would give."""

    def __init__(self, **volumes: bytes) -> None:
        self.held = {EAST: tree(), EAST.replace("east", "west"): tree(), **volumes}
        self.made: list[dict[str, Any]] = []
        self.left = 0
        self.containers = SimpleNamespace(create=self.create, run=self.run, list=self.list)
        self.volumes = SimpleNamespace(list=lambda **_: [self.volume(name) for name in self.held])

    def volume(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(name=name, attrs={"Labels": {"gostack.shared": "region"}})

    def list(self, **_: Any) -> list[SimpleNamespace]:
        return [SimpleNamespace(labels={"gostack.role": "agent"}, attrs={"Image": "sha256:consul"})]

    def create(self, image: str, **options: Any) -> SimpleNamespace:
        self.made.append({"image": image, **options})
        self.left += 1
        (name,) = options["volumes"]

        def get(_: str) -> tuple[Iterator[bytes], dict[str, Any]]:
            found = self.held[name]
            return (found[start : start + 1000] for start in range(0, len(found), 1000)), {}

        def put(_: str, tar: Any) -> None:
            assert name in self.emptied, "the files that were there would stay"
            self.held[name] = tar.read()

        def remove(**_: Any) -> None:
            self.left -= 1

        return SimpleNamespace(get_archive=get, put_archive=put, remove=remove)

    emptied: list[str]

    def run(self, image: str, command: list[str], **options: Any) -> None:
        assert command == ["-c", "find /volume -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +"]
        self.made.append({"image": image, **options})
        self.emptied = [*getattr(self, "emptied", []), *options["volumes"]]


class FakeWorkspace:
    stack = "dev"
    variables: dict[str, str] = {}  # noqa: RUF012
    settings = dev_settings(
        lambda document: document["services"]["users"].update(
            database=None, volumes={"uploads": {"path": "/data/uploads"}}
        )
    )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    made = FakeEngine()
    objects = StackObjects(cast("Any", made), "dev")
    for module in (backing_up, restoring):
        monkeypatch.setattr(module.StackObjects, "of", lambda *_: objects)
    return made


def backup(file: Path) -> int:
    return backing_up.backup(cast("Any", FakeWorkspace()), file)


def restore(file: Path, *, force: bool = False) -> int:
    return restoring.restore(cast("Any", FakeWorkspace()), file, force=force)


def test_the_volumes_of_the_settings_are_saved_in_each_region_and_of_each_replica() -> None:
    settings = dev_settings(
        lambda document: document["services"]["users"].update(
            volumes={"uploads": {"path": "/u"}, "own": {"path": "/o", "shared": "replica", "name": "old.own"}}
        )
    )
    assert Volumes.named(settings) == [
        *("old.own-east.0", "old.own-east.1", "old.own-west.0", "old.own-west.1"),
        *("users.uploads-east", "users.uploads-west"),
    ]


def test_files_come_back_into_empty_volumes_as_they_were(tmp_path: Path, engine: FakeEngine) -> None:
    before = engine.held[EAST] = tree(**{"a": b"1" * 5000, LONG: "ö".encode(), "empty": b""})
    file = tmp_path / "b.sql.gz"
    assert backup(file) == 0
    (archive,) = tmp_path.iterdir()
    assert archive == archive_beside(file) == tmp_path / "b.volumes.tar.gz"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert saved_volumes(archive).files == {"users.uploads-east": 9, "users.uploads-west": 0}
    engine.held[EAST] = tree()
    assert restore(archive) == 0
    assert listed(engine.held[EAST]) == listed(before)
    assert engine.left == 0


def test_a_restore_replaces_files_only_by_force_and_leaves_none_of_them(tmp_path: Path, engine: FakeEngine) -> None:
    engine.held[EAST] = tree(a=b"1")
    backup(tmp_path / "b.sql.gz")
    engine.held[EAST] = newer = tree(b=b"2")
    archive = tmp_path / "b.volumes.tar.gz"
    told = r"^the volume users\.uploads-east has files \(b\), .* restore with --force\.$"
    with pytest.raises(DatabaseError, match=told):
        restore(archive)
    assert engine.held[EAST] == newer
    assert restore(archive, force=True) == 0
    assert listed(engine.held[EAST]) == listed(tree(a=b"1"))


def test_what_touches_a_volume_is_the_stacks_and_has_no_network(tmp_path: Path, engine: FakeEngine) -> None:
    backup(tmp_path / "b.sql.gz")
    restore(tmp_path / "b.volumes.tar.gz")
    assert len(engine.made) > 4
    for made in engine.made:
        assert made["image"] == "sha256:consul"
        assert made["network_mode"] == "none"
        # `make up` removes what a command left that was killed.
        assert {"gostack.project": "gostack", "gostack.stack": "dev"}.items() <= made["labels"].items()


def test_a_backup_that_fails_leaves_neither_file_nor_container(tmp_path: Path, engine: FakeEngine) -> None:
    whole = engine.held[EAST] = tree(a=b"1" * 5000)
    engine.held[EAST] = whole[:3000]
    with pytest.raises(DatabaseError, match=r"^the volume users\.uploads-east changed while it was read"):
        backup(tmp_path / "b.sql.gz")

    def refused(_: str) -> Any:
        raise APIError("no space left on device")

    engine.containers.create = lambda *_, **__: SimpleNamespace(get_archive=refused, remove=lambda **_: None)
    with pytest.raises(DatabaseError, match=r"users\.uploads-east cannot be read or written \(no space left"):
        backup(tmp_path / "b.sql.gz")
    assert list(tmp_path.iterdir()) == []
    assert engine.left == 0


def test_a_volume_that_the_stack_does_not_have_is_refused_before_anything_changes(
    tmp_path: Path, engine: FakeEngine
) -> None:
    backup(tmp_path / "b.sql.gz")
    del engine.held[EAST]
    for action in (lambda: backup(tmp_path / "c.sql.gz"), lambda: restore(tmp_path / "b.volumes.tar.gz", force=True)):
        with pytest.raises(DatabaseError, match=r"the stack dev has no volume users\.uploads-east: run `make up`"):
            action()
    assert not hasattr(engine, "emptied")


def damaged(content: bytes) -> dict[str, bytes]:
    return {
        "cut off": content[:-20],
        "a flipped bit": content[:-6] + bytes([content[-6] ^ 1]) + content[-5:],
        "not compressed": b"hello",
        "empty": b"",
    }


@pytest.mark.parametrize("kind", damaged(bytes(50)))
def test_a_damaged_archive_is_refused_in_one_sentence(tmp_path: Path, engine: FakeEngine, kind: str) -> None:
    engine.held[EAST] = tree(a=os.urandom(50_000))
    backup(tmp_path / "b.sql.gz")
    archive = tmp_path / "b.volumes.tar.gz"
    archive.write_bytes(damaged(archive.read_bytes())[kind])
    with pytest.raises(DatabaseError) as caught:
        restore(archive, force=True)
    assert "take another one" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not hasattr(engine, "emptied")


def test_another_tar_is_no_archive(tmp_path: Path) -> None:
    file = tmp_path / "b.volumes.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    with pytest.raises(DatabaseError, match="is no archive that `gostack backup` made"):
        saved_volumes(file)
    with tarfile.open(file, "w:gz"):
        pass
    with pytest.raises(DatabaseError, match="is no archive that `gostack backup` made"):
        saved_volumes(file)


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fails_is_told_in_one_sentence(
    tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "b.volumes.tar.gz"
    write_archive(file, "dev", "2030-01-01T00:00:00Z", [("v", iter([tree(a=b"1")]))])
    with monkeypatch.context() as patched:
        patched.setattr(volume_archive.tempfile, "TemporaryFile", full)
        with pytest.raises(DatabaseError, match=r"does not take the files of v for a moment \(No space left"):
            list(volume_tars(file))
    with monkeypatch.context() as patched:
        patched.setattr(volume_archive.gzip, "open", full)
        with pytest.raises(DatabaseError, match=r"b\.volumes\.tar\.gz cannot be read \(No space left on device\)"):
            saved_volumes(file)
    engine.held[EAST] = b"no tar"
    with pytest.raises(DatabaseError, match=r"users\.uploads-east cannot be read or written"):
        Volumes(StackObjects(cast("Any", engine), "dev")).first_file("users.uploads-east")


def test_a_file_that_exists_is_not_written_over(tmp_path: Path, engine: FakeEngine) -> None:
    file = tmp_path / "b.volumes.tar.gz"
    file.write_bytes(b"mine")
    with pytest.raises(DatabaseError, match="exists already: name another file, or remove it"):
        backup(tmp_path / "b.sql.gz")
    assert file.read_bytes() == b"mine"
    assert engine.made == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("b.volumes.tar.gz", "is the name of an archive of volumes"),
        ("rows.sql.gz", r"rows\.sql\.gz exists already"),
        ("files.sql.gz", r"files\.volumes\.tar\.gz exists already"),
        ("new.sql.gz", r"has no volume users\.uploads-east"),
    ],
)
def test_what_keeps_the_files_from_being_saved_is_told_before_the_rows_are(
    tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    for there in ("rows.sql.gz", "files.volumes.tar.gz"):
        (tmp_path / there).touch()
    del engine.held[EAST]
    monkeypatch.setattr(backing_up, "service_schemas", lambda _: ["users"])
    monkeypatch.setattr(backing_up, "member_to_read", lambda _: pytest.fail("the rows were read"))
    with pytest.raises(DatabaseError, match=problem):
        backup(tmp_path / name)


def test_a_volume_is_let_go_of_when_its_archive_fails(
    tmp_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []

    def stopped(*given: Any) -> Any:
        # Who holds the iterator meanwhile, as a traceback does, keeps it from ending by itself.
        kept.append(given[-1])
        next(given[-1])
        raise KeyboardInterrupt

    monkeypatch.setattr(backing_up, "write_archive", stopped)
    with pytest.raises(KeyboardInterrupt):
        backup(tmp_path / "b.sql.gz")
    assert len(engine.made) == 1
    assert engine.left == 0


def test_many_volumes_are_handed_out_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "b.volumes.tar.gz"
    trees = {f"v{number}": tree(**{f"f{number}": bytes([number])}) for number in range(3)}
    saved = write_archive(file, "dev", "2030-01-01T00:00:00Z", ((name, iter([found])) for name, found in trees.items()))
    assert (saved.stack, saved.made) == ("dev", "2030-01-01T00:00:00Z")
    assert {name: listed(tar.read()) for name, tar in volume_tars(file)} == {
        name: listed(found) for name, found in trees.items()
    }
