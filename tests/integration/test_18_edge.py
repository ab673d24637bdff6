"""Hosts with certificates of their own, clients' certificates and tokens, through the ingress on the real engine.

What nginx does with every kind of login is in `test_rendered_edge.py`; this shows that a stack has it. TLS is judged by
sslyze (https://github.com/nabla-c0d3/sslyze), which comes from PyPI. Does not prove that a browser agrees.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.settings.stack_file import written
from tests.integration.brought_up import PROJECT, brought_up, one_region
from tests.integration.cases.support import CasesStack
from tests.support.edge import (
    ADMIN,
    API,
    FIRST,
    HOST,
    ROUTES,
    SHOP,
    Edge,
    EdgePromises,
    bearer,
    edge_settings,
    write_edge_files,
)

SSLYZE = "sslyze==6.3.1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("edge")
    write_edge_files(made)
    return made


@pytest.fixture(scope="module")
def stack(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    probe: dict[str, Any] = {"context": "tests/probe", "replicas": 2, "check": {"path": "/ready"}, "routes": ROUTES}
    document = one_region({"probe": probe}, ports=35, network=98)
    document["config"]["gostack:ingress"] = edge_settings(folder)
    file = folder / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("edge", file, tmp_path_factory, CasesStack)


@pytest.fixture(scope="module")
def edge(stack: CasesStack, folder: Path) -> Edge:
    port = stack.port("east")
    return Edge(stack, folder, ("127.0.0.1", port), port)


class TestEdge(EdgePromises):
    """On Docker."""


@pytest.mark.parametrize(
    ("host", "authority"),
    [(HOST, None), (ADMIN, None), (SHOP, "shop-ca.pem"), (f"www.{SHOP}", "shop-ca.pem")],
)
def test_a_scanner_finds_nothing_on_any_host(edge: Edge, host: str, authority: str | None) -> None:
    trusted = edge.folder / authority if authority is not None else edge.stack.authority
    scan = subprocess.run(
        [
            *(str(PROJECT / ".venv" / "bin" / "uv"), "tool", "run", "--from", SSLYZE, "sslyze"),
            *("--mozilla_config", "intermediate", "--certinfo_ca_file", str(trusted)),
            f"{host}:{edge.port}{{127.0.0.1}}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "OK - Compliant." in scan.stdout, scan.stdout + scan.stderr
    assert scan.returncode == 0


def test_a_verifier_that_is_away_lets_nobody_in(edge: Edge, stack: CasesStack) -> None:
    (verifier,) = stack.containers("token-verifier", region="east")
    verifier.pause()
    try:
        assert edge.ask(HOST, API, headers=bearer(FIRST.token())).status == 503
        assert edge.ask(HOST).status == 200
    finally:
        verifier.unpause()
    assert edge.ask(HOST, API, headers=bearer(FIRST.token())).status == 200
