"""A release from one environment to the next: what is refused, what is written, what is copied and what is committed.

Does not prove that a registry, or GitHub, takes what is sent here: a class and bare repositories stand for them.
tests/rehearsal/test_image_copy.py copies between two real registries.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings, SettingsError
from tests.graph.conftest import published_settings
from tools.gostack.canary import rollout
from tools.gostack.canary.promote import promote, roll_back
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.copy_image import accepted_image, copied, copy_image, copy_signatures
from tools.gostack.release.crane import log_in
from tools.gostack.release.images import set_image
from tools.gostack.release.kubeconfig import write_kubeconfig

PROJECT = Path(__file__).resolve().parents[2]
DIGEST = f"sha256:{'a' * 64}"
COMMIT = "c" * 40
ACCEPTED = f"staging.example.com/gostack/users@{DIGEST}"
PROD = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/gostack/users"


@pytest.mark.parametrize("stack", ["staging", "prod"])
@pytest.mark.parametrize("command", [promote, roll_back])
def test_where_no_canary_can_be_judged_none_gets_a_client(
    stack: str, command: Callable[[Workspace, str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> int:
        raise AssertionError("the stack was touched")

    monkeypatch.setattr(lifecycle, "update", nothing)
    monkeypatch.setattr(rollout, "set_weight", nothing)
    before = (PROJECT / f"Pulumi.{stack}.yaml").read_bytes()
    with pytest.raises(PulumiError, match=f"Docker alone, and {stack} is on Kubernetes: release there with .gostack"):
        command(Workspace(PROJECT, stack), "users")
    assert (PROJECT / f"Pulumi.{stack}.yaml").read_bytes() == before


def test_a_canary_of_a_stack_without_telemetry_gets_no_client_but_can_lose_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class WithoutTelemetry(Workspace):
        @property
        def settings(self) -> Settings:
            def change(document: dict[str, Any]) -> None:
                document["telemetry"] = {"enabled": False}
                document["services"]["users"]["canary"] = {"environment": {"RELEASE": "next"}}

            return published_settings("dev", change)

    taken_back: list[str] = []
    monkeypatch.setattr(rollout, "set_weight", lambda *_: taken_back.append("refused too late"))
    monkeypatch.setattr("tools.gostack.canary.promote.take_back", lambda _, service, __: taken_back.append(service))
    monkeypatch.setattr("tools.gostack.canary.promote.StackObjects.of", lambda *_: None)
    workspace = WithoutTelemetry(PROJECT, "dev")
    with pytest.raises(PulumiError, match=r"gostack:telemetry\.enabled is false in Pulumi\.dev\.yaml: set it to true"):
        promote(workspace, "users")
    assert taken_back == []
    assert roll_back(workspace, "users") == 0
    assert taken_back == ["users"]


class Recorded(Workspace):
    """Keeps what Pulumi would be called with."""

    calls: list[tuple[str, ...]]

    def capture(self, *arguments: str, folder: Path | None = None) -> str:
        self.__dict__.setdefault("calls", []).append(arguments)
        return ""


def test_an_image_is_written_as_what_the_service_runs() -> None:
    workspace = Recorded(PROJECT, "staging")
    assert set_image(workspace, "users", f"{PROD}@{DIGEST}") == 0
    written = [" ".join(call[:2]) + " " + " ".join(call[call.index("--path") + 1 :]) for call in workspace.calls]
    assert written == [
        f"config set --type string gostack:services.users.image -- {PROD}@{DIGEST}",
        "config rm gostack:services.users.context",
    ]


def test_the_image_of_its_sql_files_is_written_with_it() -> None:
    workspace = Recorded(PROJECT, "staging")
    assert set_image(workspace, "users", f"{PROD}@{DIGEST}", f"{PROD}-migrations@{DIGEST}") == 0
    assert workspace.calls[-1][-3:] == (
        "gostack:services.users.database.migrations.image",
        "--",
        f"{PROD}-migrations@{DIGEST}",
    )


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(SettingsError, match='"user" is no service of this stack: use one of users'):
        set_image(Recorded(PROJECT, "staging"), "user", "image")


def test_the_kubeconfig_of_the_pipeline_is_for_its_owner_alone(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Pulumi.staging.yaml", tmp_path)
    (tmp_path / "services" / "users").mkdir(parents=True)
    (tmp_path / "services" / "users" / "go.mod").touch()
    (tmp_path / "services" / "users" / "main.go").write_text("package main\n")
    (tmp_path / "services" / "Dockerfile").touch()
    workspace = Workspace(tmp_path, "staging")
    assert write_kubeconfig(workspace, "apiVersion: v1\n\n") == 0
    file = tmp_path / ".gostack" / "kubeconfig"
    assert file.read_text() == "apiVersion: v1\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(PulumiError, match=r"is on the cluster of .gostack/kubeconfig, and KUBECONFIG_CONTENT is empty"):
        write_kubeconfig(workspace, " ")


def test_a_stack_whose_cluster_it_makes_itself_needs_no_kubeconfig(capsys: pytest.CaptureFixture[str]) -> None:
    assert write_kubeconfig(Workspace(PROJECT, "prod"), "") == 0
    assert capsys.readouterr().out == "prod needs no kubeconfig\n"


def release_file(folder: Path, image: str, commit: str = COMMIT) -> Path:
    file = folder / "release.json"
    file.write_text(json.dumps({"stack": "staging", "commit": commit, "services": {"users": image}}))
    return file


class Registry:
    """Plays crane: knows which references exist."""

    def __init__(self, *known: str, arrives: bool = True) -> None:
        self.known, self.arrives = set(known), arrives
        self.calls: list[tuple[str, ...]] = []

    def __call__(self, arguments: Sequence[str], given: str) -> str:
        self.calls.append(tuple(arguments))
        if arguments[0] == "copy" and self.arrives:
            self.known.add(f"{arguments[2].rpartition(':')[0]}@{arguments[1].partition('@')[2]}")
        if arguments[0] == "digest" and arguments[1] not in self.known:
            raise PulumiError("crane digest failed (MANIFEST_UNKNOWN).")
        return arguments[1].partition("@")[2] if arguments[0] == "digest" else ""


def test_prod_gets_the_digest_that_staging_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    registry = Registry(ACCEPTED)
    assert copy_image(Workspace(PROJECT, "prod"), "users", release_file(tmp_path, ACCEPTED), COMMIT, registry) == 0
    assert ("copy", ACCEPTED, f"{PROD}:sha256-{'a' * 64}") in registry.calls
    assert (tmp_path / "output").read_text() == f"image={PROD}@{DIGEST}\n"


def test_the_signature_goes_with_the_image_and_without_one_nothing_is_released() -> None:
    tag = f"sha256-{'a' * 64}"
    registry = Registry(ACCEPTED)
    copy_signatures(registry, ACCEPTED, PROD)
    assert registry.calls == [
        ("copy", f"staging.example.com/gostack/users:{tag}.{ending}", f"{PROD}:{tag}.{ending}")
        for ending in ("sig", "att")
    ]

    def unsigned(arguments: Sequence[str], given: str) -> str:
        raise PulumiError("crane copy failed (MANIFEST_UNKNOWN).")

    with pytest.raises(PulumiError, match=r"comes without its signature .crane copy failed"):
        copy_signatures(unsigned, ACCEPTED, PROD)


def test_prod_gets_the_sql_files_of_what_staging_accepted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Prod(Workspace):
        migrations: dict[str, str] | None = None

        @property
        def settings(self) -> Settings:
            def change(document: dict[str, Any]) -> None:
                document["services"]["users"]["database"] = {"migrations": self.migrations} if self.migrations else {}

            return published_settings("prod", change)

    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    file = release_file(tmp_path, ACCEPTED)
    source = ACCEPTED.replace("/users@", "/staging-users-migrations@")
    file.write_text(json.dumps({**json.loads(file.read_text()), "migrations": {"users": source}}))
    prod = Prod(PROJECT, "prod")
    with pytest.raises(
        PulumiError, match=r"users\.database\.migrations\.image of prod is missing: write an image once"
    ):
        copy_image(prod, "users", file, COMMIT, Registry(ACCEPTED, source))
    (tmp_path / "output").write_text("")
    Prod.migrations = {"image": f"{PROD}-migrations@sha256:{'b' * 64}"}
    assert copy_image(prod, "users", file, COMMIT, Registry(ACCEPTED, source)) == 0
    assert (tmp_path / "output").read_text().splitlines() == [
        f"image={PROD}@{DIGEST}",
        f"migrations-image={PROD}-migrations@{DIGEST}",
    ]


def test_what_is_there_already_is_not_copied_again() -> None:
    registry = Registry(f"{PROD}@{DIGEST}")
    assert copied(registry, ACCEPTED, PROD) == f"{PROD}@{DIGEST}"
    assert [call for call in registry.calls if call[0] == "copy"] == []


def test_an_image_that_does_not_arrive_is_not_released() -> None:
    with pytest.raises(PulumiError, match=f"has nothing where {DIGEST} was accepted: nothing is released"):
        copied(Registry(ACCEPTED, arrives=False), ACCEPTED, PROD)


@pytest.mark.parametrize(
    ("image", "commit", "reason"),
    [
        ("staging.example.com/gostack/users:1.0", COMMIT, "names no digest"),
        (ACCEPTED, "d" * 40, f"is of {'d' * 40} and not of {COMMIT}"),
        ("", COMMIT, "accepted no image of users"),
    ],
)
def test_an_image_that_staging_did_not_accept_is_refused(tmp_path: Path, image: str, commit: str, reason: str) -> None:
    with pytest.raises(PulumiError, match=reason):
        accepted_image(release_file(tmp_path, image, commit), "users", COMMIT)


def test_an_artifact_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PulumiError, match=r"release.json cannot be read"):
        accepted_image(tmp_path / "release.json", "users", COMMIT)


def test_the_password_of_a_registry_stands_in_no_argument() -> None:
    given: list[tuple[str, str]] = []
    log_in(lambda arguments, text: given.append((" ".join(arguments), text)) or "", "staging.example.com", PASSWORD)
    assert given == [("auth login staging.example.com --username robot --password-stdin", "hunter2")]


PASSWORD = {"REGISTRY_USER": "robot", "REGISTRY_PASSWORD": "hunter2"}


# --- the commit of a release


def git(folder: Path, *arguments: str) -> str:
    person = ["-c", "user.name=tester", "-c", "user.email=tester@localhost", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *person, "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path]:
    """The pipeline's clone and somebody's, of one bare repository; the pipeline has released."""
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    for name in ("pipeline", "somebody"):
        git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), name)
        if name == "pipeline":
            (tmp_path / name / "Pulumi.prod.yaml").write_text("image: one\n# between\n# them\n# all\nreplicas: 1\n")
            git(tmp_path / name, "add", "--all")
            git(tmp_path / name, "commit", "--quiet", "--message", "first")
            git(tmp_path / name, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    file = tmp_path / "pipeline" / "Pulumi.prod.yaml"
    file.write_text(file.read_text().replace("one", "two"))
    return tmp_path / "pipeline", tmp_path / "somebody"


def pushed_by_somebody(clone: Path, old: str, new: str) -> None:
    file = clone / "Pulumi.prod.yaml"
    file.write_text(file.read_text().replace(old, new))
    git(clone, "commit", "--quiet", "--all", "--message", "meanwhile")
    git(clone, "push", "--quiet", "origin", "HEAD:refs/heads/main")


def commit_release(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(PROJECT / "tools" / "gostack" / "release" / "commit_release.sh")],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "STACK": "prod", "SERVICE": "users", "GITHUB_TOKEN": "token-of-the-run"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_is_committed_although_main_has_moved(clones: tuple[Path, Path]) -> None:
    pipeline, somebody = clones
    pushed_by_somebody(somebody, "replicas: 1", "replicas: 3")
    done = commit_release(pipeline)
    assert done.returncode == 0, done.stderr
    git(somebody, "pull", "--quiet")
    text = (somebody / "Pulumi.prod.yaml").read_text()
    assert "image: two" in text
    assert "replicas: 3" in text
    assert git(somebody, "log", "-1", "--format=%an %s") == "release release: users in prod\n"


def test_a_release_that_cannot_be_committed_fails_and_says_what_runs(clones: tuple[Path, Path]) -> None:
    pipeline, somebody = clones
    pushed_by_somebody(somebody, "image: one", "image: three")
    done = commit_release(pipeline)
    assert done.returncode == 1
    assert "prod runs the new users, and main does not say so: somebody has changed the same lines" in done.stderr
    assert not (pipeline / ".git" / "rebase-merge").exists()


def test_a_refused_push_fails_and_ends(clones: tuple[Path, Path]) -> None:
    pipeline, _ = clones
    hook = pipeline.parent / "origin.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = commit_release(pipeline)
    assert done.returncode == 1
    assert "the push was refused 5 times" in done.stderr


def test_the_token_stays_in_no_file_of_the_checkout(clones: tuple[Path, Path]) -> None:
    pipeline, _ = clones
    assert commit_release(pipeline).returncode == 0
    configuration = (pipeline / ".git" / "config").read_text()
    assert "extraheader" not in configuration.lower()
    assert "token-of-the-run" not in configuration


def test_a_release_that_changed_nothing_commits_nothing(clones: tuple[Path, Path]) -> None:
    pipeline, _ = clones
    git(pipeline, "checkout", "--quiet", "Pulumi.prod.yaml")
    done = commit_release(pipeline)
    assert (done.returncode, done.stdout) == (0, "Pulumi.prod.yaml is as it was: nothing to commit\n")


# --- the Makefile

HOSTILE = '"; touch pwned; echo $(touch pwned) `touch pwned` "'
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
VARIABLES = sorted(set(re.findall(r"\$\$\{?([A-Z_]+)", MAKEFILE)) - {"HOME", "PWD", "XDG_CACHE_HOME"})
TARGETS = sorted(set(re.findall(r"^([a-z-]+):.*\n(?:\t.*\n)*?\t.*\$\$\{?[A-Z_]+", MAKEFILE, re.M)))


def test_the_targets_that_take_a_name_from_outside_are_known() -> None:
    # `up` and the others pass the exported STACK on without naming it.
    assert {"bench"} <= set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_variable_holds_is_never_a_part_of_a_command(target: str) -> None:
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "--dry-run", "--always-make", target],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **dict.fromkeys(VARIABLES, HOSTILE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pwned" not in done.stdout
