"""The shell scripts and the Python beside them mean the same files, ports and variables; a release that nginx refuses
leaves the one in force.

Does not prove that nginx, MySQL and Consul behave like the programs that stand in for them here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import ingress
from components.consul.instances import CLIENTS_ADDRESS, POD_NAME
from components.docker.files import SECRETS
from components.ingress.docker import variable_name
from components.ingress.releases import RELEASE_HEALTH, RELEASES
from components.mysql.configuration import FILES as MYSQL_FILES
from components.mysql.configuration import SOCKET, member_configuration
from components.text import script
from tests.support.live_stack import wait_until

MODEL = ingress.IngressConfiguration("east", [], ["localhost"], 8443, {"users": [ingress.Route(path="/users")]})
FILES = {**ingress.render_ingress(MODEL), "certificate.pem": "certificate\n", "private_key.pem": "key\n"}


ODD_FILES = [
    "routes/a-b.conf",
    "routes/a_b.conf",
    "routes/a.b.conf",
    "routes-a.b.conf",
    "a__b",
    "a_0b",
    "a.b",
    "a/0b",
    "a_/b",
]


@pytest.mark.parametrize("file", [*FILES, *ODD_FILES])
def test_every_file_of_a_release_is_read_from_the_variable_that_python_writes(file: str) -> None:
    match = re.search(r"^variable\(\) \{\n.*?\n\}\n", script("ingress/release.sh"), re.MULTILINE | re.DOTALL)
    assert match is not None
    result = subprocess.run(["sh", "-c", f'{match.group()}variable "$1"', "sh", file], capture_output=True, text=True)
    assert result.stdout == variable_name(file)


@given(names=st.lists(st.from_regex(r"[a-z0-9_][a-z0-9_.-]*(/[a-z0-9_][a-z0-9_.-]*)*", fullmatch=True), unique=True))
def test_no_two_files_share_a_variable_and_each_name_is_one(names: list[str]) -> None:
    variables = [variable_name(name) for name in names]
    assert len(set(variables)) == len(names)
    assert all(re.fullmatch(r"[A-Z_][A-Z0-9_]*", variable) for variable in variables)


@pytest.mark.parametrize(
    "file", ["", "/etc/passwd", "../x", "a//b", "a/", "a/../b", "A", "a b", "a\nb", "ä", "-n", ".hidden"]
)
def test_what_cannot_be_the_name_of_a_file_of_a_release_is_refused(file: str) -> None:
    with pytest.raises(ValueError, match="cannot be a file of a release"):
        variable_name(file)


def test_a_release_asks_for_itself_where_nginx_tells_it() -> None:
    assert f"http://127.0.0.1:{ingress.STATUS_PORT}/release" in RELEASE_HEALTH
    assert f"listen 127.0.0.1:{ingress.STATUS_PORT} " in FILES["nginx.conf"]
    assert FILES["nginx.conf"].count(ingress.RELEASE_PLACEHOLDER) == 1


def test_mysql_scripts_use_the_folders_of_the_configuration() -> None:
    member = script("mysql/mysql-server.sh")
    text = member_configuration(server_id=1, read_only=True, buffer_pool_mib=64, max_connections=50)
    used = set(re.findall(r"ssl_\w+ = (\S+)", text))
    assert used == {f"{MYSQL_FILES}/{name}.pem" for name in ("authority", "certificate", "private_key")}
    assert {path for path in used if f"> {path}" in member} == used
    assert f"--socket={SOCKET}" in member


@pytest.mark.parametrize(
    ("file", "variables", "printed"),
    [
        ("in a file", {"KEY": "in a variable"}, "in a file"),
        (None, {"KEY": "in a variable"}, "in a variable"),
        # A member without its password, or without what it runs at every start, must not come up.
        (None, {}, None),
    ],
)
def test_a_secret_of_mysql_is_a_file_on_docker_and_a_variable_on_kubernetes(
    tmp_path: Path, file: str | None, variables: dict[str, str], printed: str | None
) -> None:
    (line,) = [line for line in script("mysql/mysql-server.sh").splitlines() if line.startswith("secret() ")]
    if file is not None:
        (tmp_path / "KEY").write_text(file)
    text = f"set -euo pipefail; {line.replace(SECRETS, str(tmp_path))}; found=$(secret KEY); printf '%s' \"$found\""
    result = subprocess.run(
        ["bash", "-c", text],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode == 0, result.stdout or None) == (printed is not None, printed)


@pytest.mark.parametrize(
    "files",
    [
        ("consul/consul-member.sh", "consul/consul-agent.sh"),
        ("consul/consul-member.sh", "consul/consul-server.sh"),
        ("consul/consul-member.sh", "runtime_config/dynamic-configuration.sh"),
        ("ingress/release.sh",),
        ("mysql/mysql-server.sh",),
    ],
)
def test_a_script_that_gets_secrets_lets_nobody_else_read_what_it_writes(files: tuple[str, ...]) -> None:
    lines = script(*files).splitlines()
    writes = [index for index, line in enumerate(lines) if re.search(r"> \"?(/tmp|\$new)", line)]
    assert lines.index("umask 077") < min(writes)


@pytest.mark.parametrize("name", ["consul/consul-agent.sh", "runtime_config/dynamic-configuration.sh"])
def test_an_agent_that_comes_back_has_the_identity_that_it_had(name: str) -> None:
    (line,) = [line for line in script(name).splitlines() if line.startswith("identity=")]
    told = [
        subprocess.run(
            ["sh", "-c", f"{line}; echo $identity"],
            env={"own_name": node, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for node in ("users-east-0-aaa", "users-east-0-aaa", "users-east-1-bbb")
    ]
    assert told[0] == told[1] != told[2]
    assert str(uuid.UUID(told[0])) == told[0]
    assert '-node-id "$identity"' in script(name)


def agent_with(folder: Path, leader: str, **environment: str) -> Path:
    """Run the agent's script until it has looked twice, beside programs that stand in for Consul and busybox; return
    its folder."""
    programs_folder = folder / "bin"
    programs_folder.mkdir()
    programs = {
        "consul": f'echo "$@" > {folder}/arguments; exec {shutil.which("sleep")} 600',
        "hostname": "echo abc",
        "ip": 'echo "$4 dev eth0 src 10.80.1.130 uid 100"; echo " cache"',
        "wget": f"echo '{leader}'",
        "nc": f"cat >> {folder}/asked",
        "sleep": f"echo >> {folder}/looks; exec {shutil.which('sleep')} 0.1",
    }
    for name, text in programs.items():
        (programs_folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs_folder / name).chmod(0o755)
    process = subprocess.Popen(
        ["sh", "-c", script("consul/consul-member.sh", "consul/consul-agent.sh").replace("/tmp/", f"{folder}/")],
        env={
            "PATH": f"{programs_folder}:{os.environ['PATH']}",
            "AGENT_CONFIGURATION": f'{{"http": "http://{CLIENTS_ADDRESS}:8080/ready?a=1&b=2"}}',
            "GOSSIP_CONFIGURATION": "{}",
            "NODE": "users-east-0",
            "DRAIN_SECONDS": "0",
            "SERVERS": "10.80.1.11 10.80.1.12",
            **environment,
        },
        start_new_session=True,
    )
    looks, arguments = folder / "looks", folder / "arguments"
    try:
        wait_until(
            lambda: arguments.exists() and looks.exists() and len(looks.read_text()) > 2,
            60,
            "the agent looked twice",
        )
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return folder


def test_a_check_asks_the_pods_address_in_the_network_of_its_servers(tmp_path: Path) -> None:
    folder = agent_with(tmp_path, '"10.80.1.11:8300"')
    assert json.loads((folder / "consul" / "agent.json").read_text()) == {
        "http": "http://10.80.1.130:8080/ready?a=1&b=2"
    }
    assert (folder / "arguments").read_text().startswith("agent -node users-east-0-abc -node-id ")


def test_an_instance_is_registered_under_the_name_of_its_pod_where_only_the_pod_knows_it(tmp_path: Path) -> None:
    folder = agent_with(tmp_path, '"10.80.1.11:8300"', AGENT_CONFIGURATION=f'{{"instance": "{POD_NAME}"}}')
    assert json.loads((folder / "consul" / "agent.json").read_text()) == {"instance": "abc"}


def test_a_platform_that_knows_the_pods_address_tells_it(tmp_path: Path) -> None:
    folder = agent_with(tmp_path, '"10.80.1.11:8300"', POD_ADDRESS="10.244.0.7")
    assert "http://10.244.0.7:8080" in (folder / "consul" / "agent.json").read_text()


def test_an_agent_without_a_leader_asks_every_server_to_let_it_join_again(tmp_path: Path) -> None:
    asked = (agent_with(tmp_path, '""') / "asked").read_text()
    for server in ("10.80.1.11", "10.80.1.12"):
        assert f"PUT /v1/agent/join/{server} HTTP/1.0\n\n" in asked


def test_an_agent_with_a_leader_is_left_alone(tmp_path: Path) -> None:
    assert not (agent_with(tmp_path, '"10.80.1.11:8300"') / "asked").exists()


class Releases:
    """The release script with a folder of its own and a program in the place of nginx."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "releases"
        self.folder.mkdir()
        self.programs = root / "programs"
        self.programs.mkdir()

    def start(self, files: dict[str, str], *, accepted: bool = True) -> subprocess.Popen[bytes]:
        """Begin a release that ends when it is in force or refused."""
        double = self.programs / "nginx"
        if not double.exists():
            # What it says depends on its caller alone: several run at the same time.
            double.write_text('#!/bin/sh\nexit "$VERDICT"\n')
            double.chmod(stat.S_IRWXU)
        told = self.root / "told"
        text = script("ingress/release.sh").replace(RELEASES, str(self.folder)).replace("/tmp/release", str(told))
        return subprocess.Popen(
            ["sh", "-c", text],
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "VERDICT": "0" if accepted else "1",
                "ONCE": "1",
                "FILES": " ".join(sorted(files)),
                **{variable_name(name): content for name, content in files.items()},
            },
            stderr=subprocess.DEVNULL,
        )

    def run(self, files: dict[str, str], *, accepted: bool) -> int:
        """Run a release until it is in force or refused; return its exit code, 0 for one in force."""
        return self.start(files, accepted=accepted).wait(timeout=60)

    @property
    def current(self) -> Path:
        return (self.folder / "current").resolve()

    def files(self) -> dict[str, str]:
        """Path to text of what is in force. The text of a variable ends with the line end that printenv adds."""
        return {
            str(file.relative_to(self.current)): file.read_text().rstrip("\n")
            for file in self.current.rglob("*")
            if file.is_file()
        }


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path)


def test_an_accepted_release_is_current_with_every_file_and_its_own_name(releases: Releases) -> None:
    assert releases.run(FILES, accepted=True) == 0
    written = releases.files()
    expected = {name: text.rstrip("\n") for name, text in FILES.items()}
    expected["nginx.conf"] = expected["nginx.conf"].replace(ingress.RELEASE_PLACEHOLDER, releases.current.name)
    assert written == expected
    assert {stat.S_IMODE(file.stat().st_mode) & 0o077 for file in releases.current.iterdir()} == {0}


def test_a_refused_release_leaves_the_one_in_force_and_nothing_behind(releases: Releases) -> None:
    releases.run(FILES, accepted=True)
    before = releases.current
    assert releases.run({**FILES, "route-0.conf": "wrong"}, accepted=False) == 1
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
        releases.run({**FILES, "route-0.conf": f"# {number}\n"}, accepted=True)
    kept = {folder.name for folder in (releases.folder / "releases").iterdir()}
    assert len(kept) == 3
    assert releases.current.name in kept


def test_going_back_to_an_old_release_works_while_newer_ones_are_there(releases: Releases) -> None:
    names: list[str] = []
    for number in (0, 1, 2, 3, 0, 1, 2, 3):
        releases.run({**FILES, "route-0.conf": f"# {number}\n"}, accepted=True)
        names.append(releases.current.name)
        assert (releases.current / "route-0.conf").read_text().startswith(f"# {number}")
    assert names[:4] == names[4:]


def test_stepping_back_to_the_oldest_release_keeps_it_whatever_was_left_beside_it(releases: Releases) -> None:
    """As the rollback of a canary does: its weight was 0 three releases ago."""
    steps = [{**FILES, "routes.conf": f"# {number}\n"} for number in range(3)]
    for files in steps:
        releases.run(files, accepted=True)
    for left in (releases.folder / "new.AAAAAA", releases.folder / "releases" / "new.BBBBBB"):
        left.mkdir()
        (left / "nginx.conf").write_text("half")
    assert releases.run(steps[0], accepted=True) == 0
    assert (releases.current / "routes.conf").read_text().startswith("# 0")
    assert not (releases.folder / "new.AAAAAA").exists()
    assert releases.run(steps[1], accepted=True) == 0
    assert (releases.current / "routes.conf").read_text().startswith("# 1")


def test_a_release_that_is_taken_up_again_is_not_the_next_one_to_go(releases: Releases) -> None:
    def step(number: int) -> Path:
        releases.run({**FILES, "routes.conf": f"# {number}\n"}, accepted=True)
        return releases.current

    first, *_ = step(0), step(1), step(2)
    assert step(0) == first
    step(3)
    assert first.exists()


def test_releases_at_the_same_time_are_all_accepted_and_one_of_them_is_whole(releases: Releases) -> None:
    versions = [{**FILES, "routes.conf": f"# {number}"} for number in range(8)]
    running = [releases.start(files) for files in versions]
    assert [release.wait(timeout=60) for release in running] == [0] * len(running)
    name = releases.current.name
    written = releases.files()
    written["nginx.conf"] = written["nginx.conf"].replace(name, ingress.RELEASE_PLACEHOLDER)
    assert written in [{path: text.rstrip("\n") for path, text in files.items()} for files in versions]
    assert not [left.name for left in releases.folder.iterdir() if left.name.startswith(("new.", "removed.", "next"))]
    assert len(list((releases.folder / "releases").iterdir())) <= 3


def test_a_release_has_as_many_files_and_folders_as_it_needs(releases: Releases) -> None:
    # More than one variable could carry.
    many = {f"routes/{number:03}-a.b_c.conf": f"# {number}\n" + "x" * 4_000 for number in range(200)}
    assert releases.run({**FILES, **many}, accepted=True) == 0
    assert releases.files().items() >= {path: text.rstrip("\n") for path, text in many.items()}.items()


def test_the_same_texts_under_other_names_are_another_release(releases: Releases) -> None:
    releases.run({**FILES, "routes/a.conf": "# 1", "routes/b.conf": ""}, accepted=True)
    first = releases.current
    releases.run({**FILES, "routes/a.conf": "", "routes/b.conf": "# 1"}, accepted=True)
    assert releases.current != first


def test_a_release_whose_removal_was_cut_off_is_written_anew(releases: Releases) -> None:
    releases.run(FILES, accepted=True)
    first = releases.current
    releases.run({**FILES, "route-0.conf": "# other\n"}, accepted=True)
    removed = releases.folder / "removed.1"
    first.rename(removed)
    (removed / "nginx.conf").unlink()
    releases.run(FILES, accepted=True)
    assert releases.current == first
    assert (first / "nginx.conf").exists()
    assert not removed.exists()
