"""The command that a rehearsal names for Aurora: what it is told, where its answer goes, what its failure says.

Not that a database answers: tests/rehearsal/test_prod_on_a_cluster.py does that.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tools.offline.providers.aws.local_database import VARIABLE, endpoints
from tools.offline.providers.aws.provider import AwsProvider
from tools.offline.providers.plugin.provider import ProviderError, Resource
from tools.offline.providers.plugin.values import Secret

CLUSTER = "aws:rds/cluster:Cluster"
WRITER = {"masterUsername": "administrator", "masterPassword": "correct horse"}


def command(monkeypatch: pytest.MonkeyPatch, source: str, *arguments: str) -> None:
    monkeypatch.setenv(VARIABLE, shlex.join([sys.executable, "-c", source, *arguments]))


def test_the_command_is_told_the_account_on_its_input_and_gives_the_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    command(monkeypatch, "import sys; open(sys.argv[1], 'w').write(sys.stdin.read()); print('10.1.2.3')", str(told))

    assert endpoints(CLUSTER, "main", WRITER) == {"endpoint": "10.1.2.3", "readerEndpoint": "10.1.2.3"}
    asked = json.loads(told.read_text())
    assert asked == {"identifier": "main", "username": "administrator", "password": "correct horse"}


@pytest.mark.parametrize(("token", "inputs"), [(CLUSTER, {}), ("aws:rds/clusterInstance:ClusterInstance", WRITER)])
def test_what_has_no_administrator_or_is_no_cluster_has_no_server(
    monkeypatch: pytest.MonkeyPatch, token: str, inputs: dict[str, str]
) -> None:
    command(monkeypatch, "print('10.1.2.3')")

    assert endpoints(token, "main", inputs) == {}


def test_without_a_command_there_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    assert endpoints(CLUSTER, "main", WRITER) == {}


def test_a_command_that_fails_is_told_with_its_words_and_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    command(monkeypatch, "import sys; sys.exit('the server does not answer')")

    with pytest.raises(ProviderError, match="no server for main: the server does not answer") as refused:
        endpoints(CLUSTER, "main", WRITER)
    assert "correct horse" not in str(refused.value)


def test_a_cluster_that_is_made_tells_that_host_and_one_in_a_preview_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    command(monkeypatch, "print('10.1.2.3')")
    aws = AwsProvider()
    aws.configure({"region": "eu-central-1"}, _Told())
    resource = Resource(f"urn:pulumi:prod::shop::{CLUSTER}::main", "")
    inputs = {
        **WRITER,
        "masterPassword": Secret("correct horse"),
        "clusterIdentifier": "main",
        "engine": "aurora-mysql",
    }

    assert aws.create(resource, inputs, 0, preview=True)[1].get("endpoint") != "10.1.2.3"
    made = aws.create(resource, inputs, 0, preview=False)[1]

    assert (made["endpoint"], made["readerEndpoint"]) == ("10.1.2.3", "10.1.2.3")


class _Told:
    """Nobody listens."""

    def warning(self, urn: str, text: str) -> None: ...

    def status(self, urn: str, text: str) -> None: ...
