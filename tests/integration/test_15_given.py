"""What a stranger's service is given, on the real engine: a DSN, secrets, files, arguments; a secret is nowhere else.

The service is the probe, which knows nothing of this stack but the names in its settings. Does not prove that they
arrive on Kubernetes: tests/graph/test_given.py shows what a cluster is asked for.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from infra.settings.stack_file import written
from tests.integration.brought_up import PROJECT, brought_up, one_region
from tests.integration.cases.support import CasesStack, tell
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.secrets import command
from tools.gostack.tasks.command import run_task

# What stands in a URL, in JSON, in a shell and in a file of another language for itself alone.
ASKED = "asked-for %2F'\"\\ $HOME ${x} öß😀"
KEPT = "kept:\n  \"multi\" 'line' & <more> \\n $(id) `id` ÄÖ\n"
ROTATED = "another one, planted later"
USER = "65532"

PROBE: dict[str, Any] = {
    "context": "tests/probe",
    "replicas": 2,
    "check": {"path": "/ready"},
    "routes": [{"path": "/p"}],
    "args": ["serve", "-where", "${region}", "-host", "${mysql.host}", "$${track}"],
    "environment": {
        "DATABASE_URL": "${mysql.dsn}",
        "ASKED": "<${secret.ASKED}>",
        "URL": "${service.other.url}",
        "LITERAL": "$${region} $HOME $(id)",
    },
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
OTHER = {**{key: PROBE[key] for key in ("context", "check")}, "replicas": 1, "routes": [{"path": "/other"}]}
DOCUMENT = one_region({"other": OTHER})


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    """A stack into which the probe comes with secrets that were written as a person writes them."""
    file = tmp_path_factory.mktemp("given") / "Pulumi.yaml"
    file.write_text(written(DOCUMENT), encoding="utf-8")
    for live in brought_up("given", file, tmp_path_factory, CasesStack):
        live.change_services(probe=PROBE)
        command.write(live.workspace, "probe", {"ASKED": ASKED, "KEPT": KEPT})
        assert lifecycle.up(live.workspace) == 0
        yield live


def given(stack: CasesStack, name: str) -> str:
    """What a replica finds under a path, or in a variable."""
    response = stack.ask(f"/p/given?name={quote(name, safe='')}")
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
