"""The shell scripts and the Python beside them mean the same files, ports and variables; a release that nginx refuses
leaves the one in force.

Does not prove that nginx, MySQL and Consul behave like the programs that stand in for them here.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import uuid
from pathlib import Path

import pytest

from components.docker.ingress import variable_name
from components.rendering import mysql, nginx
from components.rendering.consul import CLIENTS_ADDRESS
from components.rendering.nginx_model import IngressModel
from components.rendering.scripts import RELEASE_HEALTH, RELEASES, script

MODEL = IngressModel("east", [], ["localhost"], 8443, [], 1024)
FILES = {**nginx.render_ingress(MODEL), "certificate.pem": "certificate\n", "private_key.pem": "key\n"}


def test_every_file_of_a_release_is_read_from_the_variable_that_python_writes() -> None:
    match = re.search(r"FILE_\$\((.*)\)\" >", script("release"))
    assert match is not None
    for file in FILES:
        result = subprocess.run(
            ["sh", "-c", match.group(1)], env={"file": file, "PATH": os.environ["PATH"]}, capture_output=True, text=True
        )
        assert result.stdout == variable_name(file)


def test_a_release_asks_for_itself_where_nginx_tells_it() -> None:
    assert f"http://127.0.0.1:{nginx.STATUS_PORT}/release" in RELEASE_HEALTH
    assert f"listen 127.0.0.1:{nginx.STATUS_PORT} " in FILES["nginx.conf"]
    assert FILES["nginx.conf"].count(nginx.RELEASE_PLACEHOLDER) == 1


def test_mysql_scripts_use_the_folders_of_the_configuration() -> None:
    member = script("mysql-server")
    text = mysql.member_configuration(server_id=1, read_only=True, buffer_pool_mib=64, max_connections=50)
    used = set(re.findall(r"ssl_\w+ = (\S+)", text))
    assert used == {f"{mysql.FILES}/{name}.pem" for name in ("authority", "certificate", "private_key")}
    assert {path for path in used if f"> {path}" in member} == used
    assert f"--socket={mysql.SOCKET}" in member


@pytest.mark.parametrize("name", ["consul-agent", "consul-server", "release", "mysql-server"])
def test_a_script_that_gets_secrets_lets_nobody_else_read_what_it_writes(name: str) -> None:
    lines = script(name).splitlines()
    writes = [index for index, line in enumerate(lines) if re.search(r"> \"?(/tmp|\$new)", line)]
    assert lines.index("umask 077") < min(writes)


def test_the_agent_writes_its_pods_address_where_python_left_room_for_it() -> None:
    match = re.search(r"sed \"s/(\S+)/\$address/g\" > /tmp/consul/agent.json", script("consul-agent"))
    assert match is not None
    assert re.fullmatch(match.group(1), CLIENTS_ADDRESS)


@pytest.mark.parametrize("name", ["consul-agent", "dynamic-configuration"])
def test_an_agent_that_comes_back_has_the_identity_that_it_had(name: str) -> None:
    (line,) = [line for line in script(name).splitlines() if line.startswith("identity=")]
    told = [
        subprocess.run(
            ["sh", "-c", f"{line}; echo $identity"],
            env={"name": node, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for node in ("users-east-0-aaa", "users-east-0-aaa", "users-east-1-bbb")
    ]
    assert told[0] == told[1] != told[2]
    assert str(uuid.UUID(told[0])) == told[0]
    assert '-node-id "$identity"' in script(name)


class Releases:
    """The release script with a folder of its own and a program in the place of nginx."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "releases"
        self.folder.mkdir()
        self.programs = root / "programs"
        self.programs.mkdir()

    def run(self, files: dict[str, str], *, accepted: bool) -> int:
        """Run a release until it is in force or refused; return its exit code, 0 for one in force."""
        double = self.programs / "nginx"
        double.write_text(f"#!/bin/sh\nexit {0 if accepted else 1}\n")
        double.chmod(stat.S_IRWXU)
        told = self.root / "told"
        text = script("release").replace(RELEASES, str(self.folder)).replace("/tmp/release", str(told))
        return subprocess.run(
            ["sh", "-c", text],
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "ONCE": "1",
                "FILES": " ".join(sorted(files)),
                **{f"FILE_{variable_name(name)}": content for name, content in files.items()},
            },
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode

    @property
    def current(self) -> Path:
        return (self.folder / "current").resolve()


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path)


def test_an_accepted_release_is_current_with_every_file_and_its_own_name(releases: Releases) -> None:
    assert releases.run(FILES, accepted=True) == 0
    # The text of a variable ends with the line end that printenv adds.
    written = {file.name: file.read_text().rstrip("\n") for file in releases.current.iterdir()}
    expected = {name: text.rstrip("\n") for name, text in FILES.items()}
    expected["nginx.conf"] = expected["nginx.conf"].replace(nginx.RELEASE_PLACEHOLDER, releases.current.name)
    assert written == expected
    assert {stat.S_IMODE(file.stat().st_mode) & 0o077 for file in releases.current.iterdir()} == {0}


def test_a_refused_release_leaves_the_one_in_force_and_nothing_behind(releases: Releases) -> None:
    releases.run(FILES, accepted=True)
    before = releases.current
    assert releases.run({**FILES, "routes.conf": "wrong"}, accepted=False) == 1
    assert releases.current == before
    assert [folder.name for folder in (releases.folder / "releases").iterdir()] == [before.name]


def test_the_same_files_are_the_same_release(releases: Releases) -> None:
    releases.run(FILES, accepted=True)
    first = releases.current
    releases.run(FILES, accepted=True)
    assert releases.current == first
    assert [folder.name for folder in (releases.folder / "releases").iterdir()] == [first.name]


def test_old_releases_go_and_the_current_one_stays(releases: Releases) -> None:
    for number in range(6):
        releases.run({**FILES, "routes.conf": f"# {number}\n"}, accepted=True)
    kept = {folder.name for folder in (releases.folder / "releases").iterdir()}
    assert len(kept) == 3
    assert releases.current.name in kept


def test_going_back_to_an_old_release_works_while_newer_ones_are_there(releases: Releases) -> None:
    names: list[str] = []
    for number in (0, 1, 2, 3, 0, 1, 2, 3):
        releases.run({**FILES, "routes.conf": f"# {number}\n"}, accepted=True)
        names.append(releases.current.name)
        assert (releases.current / "routes.conf").read_text().startswith(f"# {number}")
    assert names[:4] == names[4:]


def test_a_release_whose_removal_was_cut_off_is_written_anew(releases: Releases) -> None:
    releases.run(FILES, accepted=True)
    first = releases.current
    releases.run({**FILES, "routes.conf": "# other\n"}, accepted=True)
    removed = releases.folder / "removed.1"
    first.rename(removed)
    (removed / "nginx.conf").unlink()
    releases.run(FILES, accepted=True)
    assert releases.current == first
    assert (first / "nginx.conf").exists()
    assert not removed.exists()
