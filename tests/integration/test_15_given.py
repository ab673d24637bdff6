"""What a stranger's service is given, on the real engine: a DSN, secrets, files, arguments; a secret is nowhere else.

The service is the probe, which knows nothing of this stack but the names in its settings. Does not prove that they
arrive on Kubernetes: tests/integration_kubernetes/test_15_given.py does.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from infra.settings.stack_file import written
from tests.integration.brought_up import PROJECT, brought_up, one_region
from tests.integration.cases.support import CasesStack, tell, wait_until
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.secrets import command
from tools.gostack.tasks.command import run_task

# What stands in a URL, in JSON, in a shell and in a file of another language for itself alone.
ASKED = "asked-for %2F'\"\\ $HOME ${x} öß😀"
KEPT = "kept:\n  \"multi\" 'line' & <more> \\n $(id) `id` ÄÖ\n"
ROTATED = "another one, planted later"
USER = "65532"
CACHE, SPOOL = "/var/cache/probe", "/var/spool/probe"

PROBE: dict[str, Any] = {
    "context": "tests/probe",
    "replicas": 2,
    "check": {"path": "/ready?full=1"},
    "routes": [{"path": "/p"}],
    "args": ["serve", "-where", "${region}", "-host", "${mysql.host}", "$${track}"],
    "environment": {
        "DATABASE_URL": "${mysql.dsn}",
        "ASKED": "<${secret.ASKED}>",
        "URL": "${service.other.url}",
        "LITERAL": "$${region} $HOME $(id)",
        "PARTS": "${mysql.host} ${mysql.port} ${mysql.address} ${mysql.user} ${mysql.database} ${mysql.ca_file}",
        "MYSQL_URL": "${mysql.url}",
        "DEBUG": True,
        "WORKERS": 4,
        "lower_case": "as it is",
        # It does not start where it may not write.
        "PROBE_WRITE": f"{CACHE}/started",
    },
    "writable": {CACHE: {}, SPOOL: {"disk": True}},
    "files": {
        "/etc/probe/config.yaml": "track: ${track}\nhost: ${mysql.host}:${mysql.port}\nkey: |\n  ${secret.ASKED}\n",
        "/app/license.txt": {"source": "LICENSE"},
        "/usr/local/bin/hello": {"text": "#!/bin/sh\n", "mode": "0555"},
    },
    "database": {
        "migrate": [
            *("migrate", "need:DATABASE_URL", "need:/run/secrets/KEPT", "need:/etc/probe/config.yaml"),
            "CREATE TABLE IF NOT EXISTS notes (id BIGINT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(200))",
        ]
    },
    "tasks": {"show": {"args": ["show"]}},
}
OTHER: dict[str, Any] = {
    "context": "tests/probe",
    "replicas": 1,
    "command": ["/service", "serve"],
    "args": ["-as", "${track}"],
    "check": {"protocol": "tcp"},
    "routes": [{"path": "/case/other/p"}],
    "files": {"/etc/other.yaml": {"source": "tests/integration/given.template.yaml", "template": True}},
}
DOT_ENV = """# As programs read it.
export TOKEN="a \\"quoted\\" $value # no comment"
PASSWORD='it is' # one
EMPTY=
"""
DOCUMENT = one_region({"other": OTHER})


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    """A stack into which the probe comes with secrets that were written as a person writes them."""
    file = tmp_path_factory.mktemp("given") / "Pulumi.yaml"
    file.write_text(written(DOCUMENT), encoding="utf-8")
    for live in brought_up("given", file, tmp_path_factory, CasesStack):
        live.change_services(probe=PROBE)
        (file.parent / ".env").write_text(DOT_ENV, encoding="utf-8")
        assert command.import_secrets(live.workspace, "other", file.parent / ".env") == 0
        command.write(live.workspace, "probe", {"ASKED": ASKED, "KEPT": KEPT})
        assert lifecycle.up(live.workspace) == 0
        yield live


def given(stack: CasesStack, name: str, prefix: str = "") -> str:
    """What a replica finds under a path, or in a variable."""
    response = stack.ask(f"{prefix}/p/given?name={quote(name, safe='')}")
    assert response.status == 200, response.data
    return response.data.decode()


def sql(stack: CasesStack, statement: str) -> str:
    response = stack.ask("/p/sql", method="POST", body=statement.encode())
    assert response.status == 200, response.data
    return response.data.decode()


def test_a_dsn_is_enough_to_reach_the_database_over_verified_tls(stack: CasesStack) -> None:
    sql(stack, "INSERT INTO notes (note) VALUES ('by a stranger')")
    assert "note=by a stranger" in sql(stack, "SELECT note FROM notes")
    assert "Ssl_version" in sql(stack, "SHOW SESSION STATUS WHERE Variable_name = 'Ssl_version' AND Value <> ''")


def test_a_secret_is_a_file_and_a_variable_only_where_it_was_asked_for(stack: CasesStack) -> None:
    assert given(stack, "/run/secrets/ASKED") == ASKED
    assert given(stack, "/run/secrets/KEPT") == KEPT
    assert given(stack, "ASKED") == f"<{ASKED}>"
    variables: list[str] = stack.replicas()[0].container.attrs["Config"]["Env"]
    assert [line.split("=")[0] for line in variables if "kept:" in line] == []


def test_what_a_dot_env_has_arrives_as_secrets(stack: CasesStack) -> None:
    for name, value in {"TOKEN": 'a "quoted" $value # no comment', "PASSWORD": "it is"}.items():
        assert given(stack, f"/run/secrets/{name}", "/case/other") == value
    assert stack.ask(f"/case/other/p/given?name={quote('/run/secrets/EMPTY', safe='')}").status == 404


def test_a_command_and_a_file_of_the_repository_that_is_a_template(stack: CasesStack) -> None:
    assert given(stack, "/etc/other.yaml", "/case/other") == "region: east\nliteral: ${region}\n"
    program = given(stack, "/proc/self/cmdline", "/case/other").strip("\0").split("\0")
    assert program == ["/service", "serve", "-as", "stable"]


def test_a_program_writes_where_it_was_said_in_memory_or_on_a_disk(stack: CasesStack) -> None:
    for replica in stack.replicas():
        assert [replica.request("GET", f"/p/write?name={folder}/a").status for folder in (CACHE, SPOOL)] == [200, 200]
        mounts = replica.request("GET", f"/p/given?name={quote('/proc/mounts', safe='')}").data.decode().splitlines()
        kinds = {line.split()[1]: line.split()[2] for line in mounts}
        assert (kinds[CACHE], kinds[SPOOL] == "tmpfs") == ("tmpfs", False)
    assert stack.ask("/p/write?name=/var/other").status == 403


def test_numbers_truths_and_lower_case_names_are_texts(stack: CasesStack) -> None:
    assert [given(stack, name) for name in ("DEBUG", "WORKERS", "lower_case")] == ["true", "4", "as it is"]


def test_a_connection_to_the_database_is_told_in_parts_too(stack: CasesStack) -> None:
    host, port, address, user, database, authority = given(stack, "PARTS").split()
    assert (host, port, address) == ("mysql-east", "3306", "mysql-east:3306")
    assert (user, database) == ("probe", "probe")
    assert given(stack, authority).startswith("-----BEGIN CERTIFICATE-----")
    url = urlsplit(given(stack, "MYSQL_URL"))
    assert (url.scheme, url.hostname, url.port, url.username, url.path) == ("mysql", host, 3306, user, "/probe")


def test_files_have_their_texts_and_nobody_changes_them(stack: CasesStack) -> None:
    text = given(stack, "/etc/probe/config.yaml")
    assert text == f"track: stable\nhost: mysql-east:3306\nkey: |\n  {ASKED}\n"
    assert given(stack, "/app/license.txt") == (PROJECT / "LICENSE").read_text(encoding="utf-8")
    for path in ("/etc/probe/config.yaml", "/run/secrets/KEPT", "/run/secrets/NEW", "/run/gostack/given/9"):
        assert stack.ask(f"/p/write?name={path}").status == 403, path
    archive, found = stack.replicas()[0].container.get_archive("/usr/local/bin/hello")
    archive.close()  # type: ignore[attr-defined]
    assert found is not None
    assert found["mode"] & 0o777 == 0o555


def test_arguments_and_literal_texts_arrive(stack: CasesStack) -> None:
    arguments = given(stack, "/proc/self/cmdline").strip("\0").split("\0")[1:]
    assert arguments == ["serve", "-where", "east", "-host", "mysql-east", "${track}"]
    assert given(stack, "LITERAL") == "${region} $HOME $(id)"
    called = stack.ask(f"/p/fetch?url={quote(given(stack, 'URL'), safe='')}/ready")
    assert called.status == 200, called.data


def test_a_task_is_given_what_a_replica_is(stack: CasesStack, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_task(stack.workspace, "probe", "show", ["/run/secrets/KEPT", "ASKED", "/etc/probe/config.yaml"]) == 0
    told = capfd.readouterr().out
    assert KEPT in told
    assert f"<{ASKED}>" in told
    assert "track: stable" in told


def forms(secret: str) -> set[str]:
    """A secret as it could be written down: as it is, in each encoding, and each of its lines by itself."""
    parts = [secret, *(line for line in secret.splitlines() if len(line) > 12)]
    found: set[str] = set()
    for part in parts:
        data = part.encode()
        found |= {part, quote(part), quote(part, safe=""), html.escape(part), data.hex(), data.hex().upper()}
        found |= {json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], repr(part)[1:-1]}
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + data).decode()
            found.add(encoded[4 if offset else 0 : (offset + len(data)) // 3 * 4])
    return found


def readable(text: str, *secrets: str) -> list[str]:
    return [form for secret in secrets for form in forms(secret) if form in text]


def test_planted_secrets_are_found_by_this_search() -> None:
    for secret in (ASKED, KEPT, ROTATED):
        assert readable(base64.b64encode(f"xy{secret}".encode()).decode(), secret)
        assert readable(json.dumps({"a": secret}), secret)


def test_a_secret_is_nowhere_else(stack: CasesStack) -> None:
    workspace = stack.workspace
    told = {
        "stack file": workspace.stack_file.read_text(),
        "configuration": workspace.configuration_file.read_text(),
        "export": stack.pulumi_command("stack", "export").stdout,
        "configuration as shown": stack.pulumi_command("config", "--config-file", str(workspace.stack_file)).stdout,
        "settings": repr(workspace.settings),
    }
    folder = workspace.backend_folder
    for file in folder.rglob("*") if folder is not None else []:
        if file.is_file() and "given" in str(file):
            told[str(file)] = file.read_text(errors="replace")
    for container in stack.objects.containers():
        told[f"log of {container.name}"] = container.logs().decode(errors="replace")
        asked = f"ASKED=<{ASKED}>"
        attributes = json.loads(json.dumps(container.attrs))
        variables: list[str] = attributes["Config"]["Env"] or []
        attributes["Config"]["Env"] = [line for line in variables if line != asked]
        told[f"inspection of {container.name}"] = json.dumps(attributes)
    for image in stack.objects.images():
        told[f"image {image.tags}"] = json.dumps([image.attrs, image.history()])
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            told[str(file)] = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    assert {where: found for where, text in told.items() if (found := readable(text, ASKED, KEPT))} == {}


def test_a_changed_secret_is_a_release_that_loses_no_request(stack: CasesStack) -> None:
    before = {replica.container.id for replica in stack.replicas()}
    command.write(stack.workspace, "probe", {"KEPT": ROTATED})
    stack.workspace.prepare()
    shown = stack.pulumi_command("preview", "--diff", "--config-file", str(stack.workspace.configuration_file))
    assert shown.returncode == 0, shown.stderr
    assert readable(shown.stdout + shown.stderr, ASKED, KEPT, ROTATED) == []
    with stack.load("/p/echo/a", 50) as load:
        assert lifecycle.up(stack.workspace) == 0
    tell(f"a rotated secret: {load.result}")
    assert load.result.failures == []
    assert given(stack, "/run/secrets/KEPT") == ROTATED
    assert not before & {replica.container.id for replica in stack.replicas()}
    # What was given before is gone with the replicas that used it.
    assert len([volume for volume in stack.objects.volumes() if "probe-east-files" in volume.name]) == 1
    assert stack.preview_changes() == ""


def test_a_file_outlives_a_restart_of_its_replica(stack: CasesStack) -> None:
    before = given(stack, "/run/secrets/KEPT")
    for replica in stack.replicas():
        replica.container.restart()
    stack.wait_until_all_pass()
    # None was left: the ingress hears of them a moment after Consul.
    wait_until(lambda: stack.ask("/p/given?name=HOME").status < 500, 10, "the ingress has replicas")
    assert given(stack, "/run/secrets/KEPT") == before


def test_a_missing_secret_is_one_sentence_at_preview(stack: CasesStack, capsys: pytest.CaptureFixture[str]) -> None:
    before = stack.workspace.stack_file.read_bytes()
    try:
        stack.change_settings("probe", environment={"SMTP": "${secret.SMTP_PASSWORD}"})
        shown = stack.pulumi_command("preview", "--config-file", str(stack.workspace.configuration_file))
        assert shown.returncode != 0
        assert (
            "gostack:services.probe.environment.SMTP has ${secret.SMTP_PASSWORD}, which is no secret of probe in this "
            "stack: write it with `gostack secrets set probe SMTP_PASSWORD`."
        ) in shown.stdout + shown.stderr
        assert command.list_secrets(stack.workspace, "probe") == 0
        assert capsys.readouterr().out.splitlines() == ["ASKED", "KEPT", "SMTP_PASSWORD (missing)"]
        with pytest.raises(UserError, match="there is no service"):
            command.list_secrets(stack.workspace, "prob")
    finally:
        stack.workspace.stack_file.write_bytes(before)
        stack.workspace.prepare()


def test_a_program_without_tls_to_the_database_is_told_what_to_add(
    stack: CasesStack, capfd: pytest.CaptureFixture[str]
) -> None:
    before = stack.workspace.stack_file.read_bytes()
    parts: dict[str, Any] = {
        "context": "tests/probe",
        "replicas": 1,
        "check": {"path": "/ready"},
        "database": {"migrate": ["migrate", "CREATE TABLE IF NOT EXISTS notes (id BIGINT PRIMARY KEY)"]},
    }
    try:
        stack.change_services(parts={**parts, "environment": {"PROBE_DSN": "plain"}})
        assert lifecycle.up(stack.workspace) != 0
        told = capfd.readouterr().err
        assert "Access denied for user 'parts_migration'" in told
        assert '-> MySQL takes TLS alone, and the password of this release: write "${mysql.dsn}" where the' in told
        # As it says, or as a program does that verifies nothing.
        stack.change_services(parts={**parts, "environment": {"PROBE_DSN": "skip-verify"}})
        assert lifecycle.up(stack.workspace) == 0
    finally:
        stack.workspace.stack_file.write_bytes(before)
        stack.workspace.prepare()
