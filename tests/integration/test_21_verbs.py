"""`maintenance`, `up SERVICE`, `releases`, `rollback`, `stack new`, `new service` and local names on a running stack.

Does not prove anything of a stack on Kubernetes, nor that a browser trusts the authority (tests/unit/test_trust.py has
a fake machine).
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from infra.settings import load_stack_file
from tests.integration.brought_up import PROJECT
from tests.integration.support import LiveStack, tell, wait_until
from tests.support.https import ask
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.maintenance.command import maintenance
from tools.gostack.new.command import new_service
from tools.gostack.new.kind import Kind
from tools.gostack.releases.command import releases_of
from tools.gostack.rollback.command import roll_back
from tools.gostack.stacks.new import new_stack

EVERYTHING = ("application", "agent", "nginx", "mysql", "consul-server", "sandbox")


@pytest.fixture(scope="module", autouse=True)
def whole_again(stack: LiveStack) -> Iterator[None]:
    assert lifecycle.up(stack.workspace) == 0
    with stack.as_before():
        yield


def running(stack: LiveStack, service: str | None = None) -> set[str]:
    """Every container that takes requests or stores rows, of a service or of all."""
    labels = {"service": service} if service is not None else {}
    return {str(one.id) for role in EVERYTHING for one in stack.containers(role, **labels)}


def greeting(stack: LiveStack) -> str:
    return f"{stack.outputs['url']}/hello/ada"


@contextmanager
def asked(stack: LiveStack, url: str) -> Iterator[list[int]]:
    """Statuses of a GET that is sent again and again meanwhile; 0 for one without an answer."""
    statuses: list[int] = []
    ended = threading.Event()
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)

    def ask() -> None:
        while not ended.wait(0.02):
            try:
                statuses.append(pool.request("GET", url).status)
            except urllib3.exceptions.HTTPError:
                statuses.append(0)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield statuses
    finally:
        ended.set()
        thread.join()


def test_a_local_name_needs_no_dns_and_is_in_the_certificate(stack: LiveStack) -> None:
    port = stack.workspace.settings.regions["east"].https_port
    for name in ("users.gostack.localhost", "gostack.localhost"):
        # The machine's resolver may not know these names, as browsers and curl do.
        answer = ask(("127.0.0.1", port), name, "/hello/ada", authority=stack.authority, port=port)
        assert answer.status == 200
        assert "Strict-Transport-Security" not in answer.headers


def test_maintenance_answers_for_one_service_and_touches_no_container(stack: LiveStack) -> None:
    before, url = running(stack), greeting(stack)
    assert maintenance(stack.workspace, on=True, service="greeter") == 0
    try:
        program = stack.request("GET", url)
        assert (program.status, program.headers["Retry-After"]) == (503, "60")
        assert program.json()["code"] == 503
        pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)
        page = pool.request("POST", url, body=b"x" * 5_000_000, headers={"Accept": "text/html,*/*"})
        assert (page.status, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
        assert stack.request("GET", f"{stack.users_url}?page_size=1").status == 200
        assert running(stack) == before
        # It is what the settings say, so the stack is whole.
        assert lifecycle.up(stack.workspace) == 0
    finally:
        assert maintenance(stack.workspace, on=False, service="greeter") == 0
    wait_until(lambda: stack.request("GET", url).status == 200, 10, "the replicas answer again")
    assert running(stack) == before


def test_an_update_of_one_service_leaves_the_others_and_loses_no_request(stack: LiveStack) -> None:
    others = running(stack) - running(stack, "greeter")
    # What is different in another service waits for its own update.
    stack.change_settings("users", environment={"LOG_LEVEL": "debug"})
    stack.change_settings("greeter", environment={"GREETING": "Servus"})
    with asked(stack, greeting(stack)) as statuses:
        began = time.monotonic()
        assert lifecycle.up(stack.workspace, "greeter") == 0
        tell(f"`gostack up greeter`: {time.monotonic() - began:.1f} s")
    assert set(statuses) == {200}
    assert stack.request("GET", greeting(stack)).data.startswith(b"Servus, ada")
    assert others <= running(stack)
    stack.change_settings("users", environment={})
    assert lifecycle.up(stack.workspace) == 0


def test_an_update_of_one_service_releases_its_routes(stack: LiveStack) -> None:
    stack.change_settings("greeter", routes=[{"path": "/hello"}, {"path": "/moin", "strip_prefix": True}])
    assert lifecycle.up(stack.workspace, "greeter") == 0
    wait_until(
        lambda: stack.request("GET", f"{stack.outputs['url']}/moin/hello/ada").status == 200, 10, "the new route"
    )


def test_a_service_that_is_not_there_yet_takes_the_whole_stack(stack: LiveStack) -> None:
    stack.change_settings("greeter", replicas=1)
    before = stack.workspace.stack_file.read_bytes()
    text = before.decode().replace('"greeter":', '"other":')
    stack.workspace.stack_file.write_text(text, encoding="utf-8")
    try:
        with pytest.raises(UserError, match="other is not in the running stack"):
            lifecycle.up(stack.workspace, "other")
    finally:
        stack.workspace.stack_file.write_bytes(before)


def test_a_service_goes_back_to_the_build_before_and_loses_no_request(stack: LiveStack, tmp_path: Path) -> None:
    source = tmp_path / "greeter"
    shutil.copytree(PROJECT / "services" / "greeter", source)
    stack.change_settings("greeter", context=str(source))
    assert lifecycle.up(stack.workspace) == 0
    first = stack.outputs["services"]["greeter"]["image"]
    program = source / "main.go"
    program.write_text(program.read_text().replace('"%s, %s, from %s\\n"', '"new: %s, %s, from %s\\n"'))
    assert lifecycle.up(stack.workspace) == 0
    second = stack.outputs["services"]["greeter"]["image"]
    assert first != second
    assert [one.image for one in releases_of(stack.workspace, "greeter")][-2:] == [first, second]
    assert stack.request("GET", greeting(stack)).data.startswith(b"new: ")
    with asked(stack, greeting(stack)) as statuses:
        assert roll_back(stack.workspace, "greeter") == 0
    assert set(statuses) == {200}
    assert not stack.request("GET", greeting(stack)).data.startswith(b"new: ")
    assert stack.outputs["services"]["greeter"]["image"] == first
    (newest,) = [one for one in releases_of(stack.workspace, "greeter") if one.number][-1:]
    assert (newest.image, newest.result) == (first, "succeeded")


def test_an_image_that_was_removed_is_not_built_again(stack: LiveStack) -> None:
    service = stack.outputs["services"]["greeter"]["image"]
    gone = next(one for one in reversed(releases_of(stack.workspace, "greeter")) if one.image not in ("", service))
    stack.objects.client.images.remove(gone.image, force=True)
    with pytest.raises(UserError, match=r"is gone from the engine and no registry gives it"):
        roll_back(stack.workspace, "greeter", gone.number)


def test_a_second_stack_shares_no_port_and_no_network_with_one_that_runs(stack: LiveStack, tmp_path: Path) -> None:
    first = tmp_path / "Pulumi.first.yaml"
    shutil.copy(PROJECT / "tests" / "integration" / "settings.yaml", first)
    shutil.copytree(PROJECT / "services", tmp_path / "services")
    assert new_stack(tmp_path, "second", "first") == 0
    made = load_stack_file(tmp_path / "Pulumi.second.yaml", tmp_path)
    taken = {port for _, port in stack.workspace.settings.host_ports().values()}
    assert taken.isdisjoint(port for _, port in made.host_ports().values())
    assert set(stack.workspace.settings.networks().values()).isdisjoint(made.networks().values())


@pytest.mark.parametrize("kind", [Kind.HTTP, Kind.WORKER])
def test_a_new_service_comes_up_as_it_was_written(stack: LiveStack, tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "services").mkdir()
    shutil.copytree(PROJECT / "services" / "greeter", tmp_path / "services" / "greeter")
    shutil.copytree(PROJECT / "services" / "users", tmp_path / "services" / "users")
    shutil.copy(PROJECT / "services" / "Dockerfile", tmp_path / "services" / "Dockerfile")
    file = tmp_path / "Pulumi.dev.yaml"
    shutil.copy(PROJECT / "Pulumi.dev.yaml", file)
    assert new_service(tmp_path, "cart", kind, ["dev"]) == 0
    entry = json.loads(load_stack_file(file, tmp_path).services["cart"].model_dump_json(exclude_unset=True))
    before = stack.workspace.stack_file.read_bytes()
    try:
        _add_service(stack, "cart", {**entry, "context": str(tmp_path / "services" / "cart")})
        assert lifecycle.up(stack.workspace) == 0
        if kind is Kind.HTTP:
            answer = stack.request("GET", f"{stack.outputs['url']}/cart/hello/ada")
            assert (answer.status, answer.data) == (200, b"Hello, ada, from east\n")
    finally:
        stack.workspace.stack_file.write_bytes(before)
        assert lifecycle.up(stack.workspace) == 0


def _add_service(stack: LiveStack, name: str, values: dict[str, object]) -> None:
    from infra.settings.stack_file import read_stack_file, written

    document = read_stack_file(stack.workspace.stack_file)
    document["config"]["gostack:services"][name] = values
    stack.workspace.stack_file.write_text(written(document), encoding="utf-8")
