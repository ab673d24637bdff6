"""The start script of a group's member decides by what its peers answer, and never makes a second group.

The real functions run in a real shell; the programs `mysql` and `timeout` are stood in for by one that answers from a
table. Does not prove that MySQL answers so, nor that it does what it is told: the integration tests of the group do.
"""

from __future__ import annotations

import os
import stat
import subprocess
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.consul.check import Check
from components.consul.instances import ServiceInstance
from components.mysql.accounts import group_boot_sql
from components.mysql.configuration import GroupMember, member_configuration
from components.text import script

HOSTS = ["mysql-east", "mysql-west", "mysql-witness"]
GROUP = "6f9619ff-8b86-d011-b42d-00c04fc964ff"

# Sets of transactions are written as MySQL writes them, here with letters in the place of ranges: "abc" has a, b and c.
CONTAINED = """
sql() {
  local query="${*: -1}" one other rest i
  rest=${query#*\\'}; one=${rest%%\\'*}; rest=${rest#*, \\'}; other=${rest%%\\'*}
  for ((i = 0; i < ${#one}; i++)); do
    case "$other" in *"${one:i:1}"*) ;; *) echo 0; return ;; esac
  done
  echo 1
}
"""


def functions(folder: Path) -> str:
    """The functions of the script, with its files in a folder of the test."""
    (secret,) = [line for line in script("mysql/mysql-server.sh").splitlines() if line.startswith("secret() ")]
    text = f"{secret}\n{script('mysql/mysql-group.sh').replace('/tmp/mysql', str(folder))}"
    return f"set -euo pipefail\n{text}\n{CONTAINED}\n"


def decision(folder: Path, member: str, mine: str, answers: dict[str, str]) -> str:
    """What a member does that has executed `mine` and gets these answers from its peers."""
    for host, answer in answers.items():
        (folder / f"peer-{host}").write_text(answer)
    result = subprocess.run(
        ["bash", "-c", functions(folder) + f'decision "{mine}"'],
        env={"PATH": os.environ["PATH"], "MEMBERS": " ".join(HOSTS), "MEMBER": member, "GROUP_PASSWORD": "secret"},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def offline(executed: str) -> str:
    return f"OFFLINE 0 - 1 {executed}\n"


SILENT = "ERROR 2003 (HY000): Can't connect to MySQL server on 'mysql-witness:3306' (111)\n"
REFUSED = "ERROR 1045 (28000): Access denied for user 'group_replication'@'10.0.0.1' (using password: YES)\n"


@pytest.mark.parametrize(
    ("member", "mine", "answers", "expected"),
    [
        ("mysql-east", "-", [offline("-"), offline("-")], "bootstrap"),
        ("mysql-west", "-", [offline("-"), offline("-")], "wait for mysql-east, which is to begin"),
        ("mysql-east", "ab", [offline("abc"), offline("a")], "wait for mysql-west, which is to begin"),
        ("mysql-west", "abc", [offline("ab"), offline("a")], "bootstrap"),
        ("mysql-east", "-", [offline("-"), SILENT], f"absent mysql-witness: {SILENT.strip()}"),
        ("mysql-east", "-", [offline("-"), REFUSED], f"absent mysql-witness: {REFUSED.strip()}"),
        ("mysql-east", "-", [offline("-"), ""], "absent mysql-witness:"),
        ("mysql-east", "a", ["ONLINE 1 PRIMARY 0 abc\n", SILENT], "join"),
        ("mysql-east", "a", ["ONLINE 0 PRIMARY 0 abc\n", offline("a")], "wait for mysql-west, which is ONLINE"),
        ("mysql-east", "a", ["RECOVERING 1 SECONDARY 1 a\n", offline("a")], "wait for mysql-west, which is RECOVERING"),
        ("mysql-east", "a", ["ERROR 0 - 1 a\n", offline("a")], "wait for mysql-west, which is ERROR"),
        ("mysql-east", "ab", [offline("ac"), offline("a")], "fetch mysql-west"),
        ("mysql-west", "ac", [offline("ab"), offline("a")], "wait for mysql-east, which is to begin"),
    ],
)
def test_a_member_decides_by_what_its_peers_answer(
    tmp_path: Path, member: str, mine: str, answers: list[str], expected: str
) -> None:
    peers = [host for host in HOSTS if host != member]
    assert decision(tmp_path, member, mine, dict(zip(peers, answers, strict=True))) == expected


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["-", "a", "b", "ab", "abc", "bc"]), min_size=3, max_size=3))
def test_of_members_that_are_all_offline_exactly_one_acts_and_it_misses_nothing(
    tmp_path_factory: pytest.TempPathFactory, executed: list[str]
) -> None:
    holds = dict(zip(HOSTS, executed, strict=True))
    acting: dict[str, str] = {}
    for member in HOSTS:
        answers = {host: offline(holds[host]) for host in HOSTS if host != member}
        done = decision(tmp_path_factory.mktemp("member"), member, holds[member], answers)
        if not done.startswith("wait"):
            acting[member] = done
    assert len(acting) == 1, acting
    ((member, done),) = acting.items()
    everything = set("".join(executed)) - {"-"}
    if done == "bootstrap":
        assert set(holds[member]) - {"-"} == everything
    else:
        assert set(holds[done.removeprefix("fetch ")]) - {"-"} - set(holds[member])


def test_a_second_group_is_never_made_while_a_peer_may_be_in_one(tmp_path: Path) -> None:
    for first, second in permutations(["ONLINE 0 PRIMARY 0 a\n", SILENT, offline("a"), "RECOVERING 1 - 1 a\n"], 2):
        done = decision(tmp_path, "mysql-east", "abc", {"mysql-west": first, "mysql-witness": second})
        assert done != "bootstrap", (first, second)


def test_the_password_between_members_is_in_no_argument_and_readable_for_nobody_else(tmp_path: Path) -> None:
    arguments = tmp_path / "arguments"
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("mysql", "timeout"):
        double = programs / name
        double.write_text(f'#!/bin/sh\necho "$@" >> {arguments}\ncat >> {arguments}.input\n')
        double.chmod(stat.S_IRWXU)
    text = "umask 077\n" + functions(tmp_path).replace(CONTAINED, "")
    text += f"source <(grep -E '^(say|sql)\\(\\)' {write_server(tmp_path)})\nask_peers\njoin_group\nbootstrap_group\n"
    subprocess.run(
        ["bash", "-c", text],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "MEMBERS": " ".join(HOSTS),
            "MEMBER": HOSTS[0],
            "GROUP_PASSWORD": "known-to-members",
        },
        stdin=subprocess.DEVNULL,
        check=True,
    )
    assert "known-to-members" not in arguments.read_text()
    assert "known-to-members" in Path(f"{arguments}.input").read_text()
    assert stat.S_IMODE((tmp_path / "peer.cnf").stat().st_mode) & 0o077 == 0


def write_server(folder: Path) -> Path:
    path = folder / "server.sh"
    path.write_text(script("mysql/mysql-server.sh"))
    return path


def test_the_switch_that_makes_a_group_is_off_again_whatever_happens() -> None:
    text = script("mysql/mysql-group.sh")
    body = text[text.index("bootstrap_group() {") : text.index("# Takes over from the peer")]
    on, start, off = (
        body.index("bootstrap_group = ON"),
        body.index("START GROUP_REPLICATION"),
        body.rindex("bootstrap_group = OFF"),
    )
    assert on < start < off
    # In two calls of the client: the second runs though the first has failed.
    assert "|| true" in body[:start]
    assert body[start:off].count("attempt") == 1


def test_a_member_of_a_group_tells_the_others_what_they_need() -> None:
    text = member_configuration(
        server_id=7,
        read_only=True,
        buffer_pool_mib=64,
        max_connections=50,
        group=GroupMember(GROUP, "mysql-west", HOSTS, 50),
    )
    for line in (
        f"loose_group_replication_group_name = {GROUP}",
        "loose_group_replication_local_address = mysql-west:3306",
        "loose_group_replication_group_seeds = mysql-east:3306,mysql-west:3306,mysql-witness:3306",
        "loose_group_replication_start_on_boot = OFF",
        "loose_group_replication_ssl_mode = VERIFY_IDENTITY",
        "loose_group_replication_member_weight = 50",
        "report_host = mysql-west",
        "super_read_only = ON",
    ):
        assert line in text.splitlines(), line


def test_a_plain_member_knows_nothing_of_groups() -> None:
    text = member_configuration(server_id=7, read_only=False, buffer_pool_mib=64, max_connections=50)
    assert "group_replication" not in text


def test_nothing_that_a_member_does_at_its_start_becomes_a_transaction_of_its_own() -> None:
    assert group_boot_sql("it's").splitlines()[0] == "SET SQL_LOG_BIN = 0;"
    assert r"IDENTIFIED BY 'it\'s' REQUIRE SSL;" in group_boot_sql("it's")


@pytest.mark.parametrize("kinds", [{}, {"check": Check(), "ttl": "3s"}])
def test_an_instance_is_checked_or_reports_itself(kinds: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        ServiceInstance("mysql", 3306, **kinds)
