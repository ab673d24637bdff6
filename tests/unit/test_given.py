"""What a service is given: what its settings accept, what they refuse and how, and how texts are filled.

Does not prove that it arrives: tests/integration/test_15_given.py does.
"""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.microservice.references import filled, is_secret, literal, references
from infra.settings import Settings, SettingsError
from infra.settings.files import LARGEST_GIVEN, require_files
from infra.settings.given import known_references
from infra.settings.loading import load_stack_file
from tests.graph.conftest import Document, dev_settings
from tests.support.settings import refused
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.variables import SALT_FILTER
from tools.gostack.explorer.settings_table import settings_of
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.release.stack_file import make_canary_stable
from tools.gostack.secrets import command
from tools.gostack.secrets.dotenv import parse

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "pl@nted value"


def users(**values: Any) -> Callable[[Document], Any]:
    def change(document: Document) -> None:
        document["accessories"] = {"cache": {"kind": "valkey"}, "queue": {"image": "queue:1", "port": 5672}}
        document["services"]["users"].update({"secrets": {"JWT_KEY": SECRET}, **values})

    return change


def settings(**values: Any) -> Settings:
    return dev_settings(users(**values))


def refusal(**values: Any) -> str:
    return refused(lambda: require_files(settings(**values), PROJECT))


# References


def test_names_are_replaced_and_everything_else_arrives_as_it_is() -> None:
    assert filled("$x $(y) $${z} ${region}-$${${track}", {"region": "east", "track": "stable"}) == (
        "$x $(y) ${z} east-${stable"
    )


@pytest.mark.parametrize("text", ["${a}", "$${a}", "$$${a}", "plain", "$", "${"])
def test_a_literal_text_arrives_as_it_was(text: str) -> None:
    assert references(literal(text)) == []
    assert filled(literal(text), {}) == text


def test_the_url_of_a_service_is_no_secret() -> None:
    assert [is_secret(name) for name in ("service.orders.url", "accessory.cache.url", "secret.A", "region")] == [
        False, True, True, False,
    ]  # fmt: skip


def test_every_kind_of_value_can_be_referred_to() -> None:
    def change(document: Document) -> None:
        users()(document)
        document["services"]["orders"] = {"context": "services/greeter"}

    known = known_references(dev_settings(change), "users")
    assert {"region", "track", "secret.JWT_KEY", "mysql.dsn", "service.orders.url", "accessory.cache.password"} <= set(
        known
    )
    assert "accessory.queue.password" not in known
    assert "mysql.dsn" not in known_references(dev_settings(change), "orders")


UNKNOWN = {
    "a name that is nearly one": (
        {"environment": {"DSN": "${mysql.pasword}"}},
        "gostack:services.users.environment.DSN has ${mysql.pasword}, which stands for nothing: did you mean "
        '"mysql.password"?',
    ),
    "a variable of a shell": (
        {"environment": {"P": "${HOME}/x"}},
        "has ${HOME}, which stands for nothing: use one of accessory.cache.address",
    ),
    "a secret that is not there": (
        {"environment": {"KEY": "${secret.SMTP_PASSWORD}"}},
        "which is no secret of users in this stack: write it with `gostack secrets set users SMTP_PASSWORD`.",
    ),
    "a database that is not there": (
        {"environment": {"DSN": "${mysql.dsn}"}, "database": None},
        "and users has no database: add database: {}.",
    ),
    "one that never ends": ({"environment": {"A": "${region"}}, 'it has "${" without "}"'),
    "a secret among the arguments": (
        {"args": ["-key", "${secret.JWT_KEY}"]},
        "gostack:services.users.args has ${secret.JWT_KEY}, a secret, and everybody sees the arguments of a program",
    ),
    "a text of a file": ({"files": {"/etc/a": "${nothing}"}}, 'gostack:services.users.files."/etc/a" has ${nothing}'),
    "a canary's variable": (
        {"canary": {"environment": {"A": "${nothing}"}}},
        "gostack:services.users.canary.environment.A has ${nothing}",
    ),
}


@pytest.mark.parametrize(("values", "sentence"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_stands_for_nothing_is_refused_with_what_was_meant(values: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(**values)


# Secrets


def test_a_secret_is_in_no_text_of_the_settings() -> None:
    assert SECRET not in repr(settings()) + str(settings().model_dump()) + settings().model_dump_json()
    assert settings().services["users"].secrets["JWT_KEY"].get_secret_value() == SECRET


WRONG_SECRETS = {
    "no mapping": ([SECRET], "it is no mapping of names to encrypted values: write it with `gostack secrets set`"),
    "no text": ({"JWT_KEY": [SECRET]}, "secrets.JWT_KEY: it has no encrypted text: write it with"),
    "nothing": ({"JWT_KEY": None}, "secrets.JWT_KEY: it has no encrypted text"),
    "an empty text": ({"JWT_KEY": ""}, "it is empty or has a character with the code 0"),
    "a long text": ({"JWT_KEY": SECRET * 10_000}, "has 130000 bytes, and a file 65536 at most"),
    "a path": ({"../JWT": SECRET}, '"../JWT" is not the name of a secret'),
}


@pytest.mark.parametrize(("secrets", "sentence"), WRONG_SECRETS.values(), ids=WRONG_SECRETS)
def test_what_is_no_secret_is_refused_without_its_value(secrets: Any, sentence: str) -> None:
    told = refusal(secrets=secrets)
    assert sentence in told
    assert SECRET not in told


def stack_file(folder: Path, value: Any) -> Path:
    text = (PROJECT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    file = folder / "Pulumi.dev.yaml"
    file.write_text(text.replace("      replicas: 2\n", f"      replicas: 2\n      secrets: {json.dumps(value)}\n"))
    return file


def test_a_stack_file_holds_encrypted_values_alone(tmp_path: Path) -> None:
    read = load_stack_file(stack_file(tmp_path, {"JWT_KEY": {"secure": "v1:abc"}}), PROJECT)
    assert list(read.services["users"].secrets) == ["JWT_KEY"]
    with pytest.raises(SettingsError) as caught:
        load_stack_file(stack_file(tmp_path, {"JWT_KEY": SECRET}), PROJECT)
    assert "gostack:services.users.secrets.JWT_KEY is in plain text: encrypt it with `gostack secrets set users" in str(
        caught.value
    )
    assert SECRET not in str(caught.value)


def test_an_encrypted_variable_is_led_to_secrets() -> None:
    assert 'A is encrypted: write it into secrets, and "${secret.A}" here.' in refusal(
        environment={"A": {"secure": "v1:abc"}}
    )


def test_the_page_of_all_settings_hides_it() -> None:
    assert {row.key: row.value for row in settings_of(settings())}["services.users.secrets"] == {"JWT_KEY": "secret"}


# Files


def test_a_file_is_its_text_or_that_of_one_in_the_repository() -> None:
    files = (
        settings(files={"/etc/a": "x: ${region}", "/etc/b": {"source": "LICENSE", "mode": "0555"}})
        .services["users"]
        .files
    )
    assert files["/etc/a"].content(PROJECT) == "x: ${region}"
    assert files["/etc/b"].content(PROJECT) == (PROJECT / "LICENSE").read_text()


def test_a_file_of_the_repository_is_filled_only_when_it_is_a_template(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("${region}")
    plain = settings(files={"/etc/x": {"source": str(tmp_path / "x")}}).services["users"].files["/etc/x"]
    assert filled(plain.content(PROJECT), {}) == "${region}"
    template = plain.model_copy(update={"template": True})
    assert filled(template.content(PROJECT), {"region": "east"}) == "east"


WRONG_FILES = {
    "a relative path": ({"etc/a": "x"}, '"etc/a" is not a path in a container'),
    "the platform's": ({"/run/secrets/A": "x"}, "is written by the platform"),
    "every container's": ({"/etc/resolv.conf": "x"}, "is written by the platform"),
    "one inside of another": ({"/etc/a": "x", "/etc/a/b": "x"}, 'files has "/etc/a", where "/etc/a/b" is to be too'),
    "no text": ({"/etc/a": ""}, "is empty"),
    "two texts": ({"/etc/a": {"text": "x", "source": "LICENSE"}}, "needs one of text and source"),
    "an open mode": ({"/etc/a": {"text": "x", "mode": "0666"}}, "mode"),
    "a source that is not there": ({"/etc/a": {"source": "nowhere"}}, 'source is "nowhere", which is not a file'),
    "one that is too large": ({"/etc/a": "x" * 65_537}, "has 65537 bytes, and a file 65536 at most"),
    "all too large": ({f"/etc/{index}": "x" * 65_000 for index in range(9)}, f"use at most {LARGEST_GIVEN}"),
}


@pytest.mark.parametrize(("files", "sentence"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_file_that_cannot_be_given_is_refused(files: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(files=files)


def test_a_file_may_not_take_the_place_of_a_folder() -> None:
    assert 'files has "/var/cache", where' in refusal(files={"/var/cache": "x"}, writable=["/var/cache/shop"])


def test_a_source_that_is_no_text_belongs_into_the_image(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    assert "which is not text in UTF-8" in refusal(files={"/etc/a": {"source": str(tmp_path / "x")}})


# gostack secrets


class KnownWorkspace(Workspace):
    """One whose Pulumi only remembers what it is asked for."""

    def prepare(self) -> None:
        pass

    def capture(self, *arguments: str, folder: Path | None = None, text: str | None = None) -> str:
        CALLS.append((arguments, text))
        return ""


CALLS: list[tuple[tuple[str, ...], str | None]] = []


@pytest.fixture
def workspace(tmp_path: Path) -> KnownWorkspace:
    CALLS.clear()
    return KnownWorkspace(tmp_path, "dev", stack_file(tmp_path, {"JWT_KEY": {"secure": "v1:abc"}}))


def test_a_value_reaches_pulumi_by_standard_input_alone(
    workspace: KnownWorkspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))
    assert command.set_secret(workspace, "users", "JWT_KEY") == 0
    ((arguments, text),) = CALLS
    assert text == SECRET
    assert arguments[-1] == "gostack:services.users.secrets.JWT_KEY"
    assert {"--secret", "--path", str(workspace.stack_file)} <= set(arguments)
    told = capsys.readouterr()
    assert SECRET not in f"{arguments}{told.out}{told.err}"


def test_an_accessory_has_secrets_too(workspace: KnownWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x"))
    text = workspace.stack_file.read_text()
    queue = "config:\n  gostack:accessories: {queue: {image: 'queue:1', port: 5672, secrets: {OLD: plain}}}\n"
    workspace.stack_file.write_text(text.replace("config:\n", queue))
    assert command.set_secret(workspace, "queue", "KEY") == 0
    assert CALLS[0][0][-1] == "gostack:accessories.queue.secrets.KEY"
    with pytest.raises(SettingsError, match=r"gostack:accessories.queue.secrets.OLD is in plain text: encrypt it with"):
        load_stack_file(workspace.stack_file, PROJECT)


def test_a_host_of_the_ingress_has_secrets_too(workspace: KnownWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x"))
    text = workspace.stack_file.read_text()
    ingress = "config:\n  gostack:ingress: {sites: {shop.example.com: {redirect_from: [www.example.com]}}}\n"
    workspace.stack_file.write_text(text.replace("config:\n", ingress))
    assert command.set_secret(workspace, "shop.example.com", "key") == 0
    # A dot divides keys.
    assert CALLS[0][0][-1] == 'gostack:ingress.sites["shop.example.com"].secrets.key'


def test_a_service_or_a_name_that_cannot_be_is_refused(
    workspace: KnownWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("x"))
    with pytest.raises(UserError, match=r'there is no service "user" in .*: did you mean "users"'):
        command.set_secret(workspace, "user", "JWT_KEY")
    with pytest.raises(UserError, match="is not the name of a secret"):
        command.set_secret(workspace, "users", "a.b")
    assert CALLS == []


def test_names_are_listed_and_what_is_missing(workspace: KnownWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    text = workspace.stack_file.read_text()
    settings = '      environment: {A: "${secret.SMTP}", B: "$${secret.C}", D: "${secret.JWT_KEY}"}\n'
    workspace.stack_file.write_text(text.replace("      replicas: 2\n", f"      replicas: 2\n{settings}"))
    assert command.list_secrets(workspace, "users") == 0
    assert capsys.readouterr().out.split("\n")[:2] == ["JWT_KEY", "SMTP (missing)"]


def test_a_promoted_canary_keeps_what_its_variables_refer_to(workspace: KnownWorkspace) -> None:
    canary = {"environment": {"DB_PASSWORD": "${mysql.password}", "WORKERS": 4}}
    make_canary_stable(workspace, settings(canary=canary), "users")
    assert [arguments[arguments.index("--path") + 1 :] for arguments, _ in CALLS] == [
        ("--plaintext", "gostack:services.users.environment.DB_PASSWORD", "--", "${mysql.password}"),
        ("--type", "string", "gostack:services.users.environment.WORKERS", "--", "4"),
    ]


def test_a_file_of_variables_is_read_as_other_programs_read_it() -> None:
    text = '# x\n\nexport A=1\nB = two words # not this\nC=\'$x #\'\nD="a\\n\\"b\\"" # c\nE=\nF=a#b=c\n'
    assert parse(text) == {"A": "1", "B": "two words", "C": "$x #", "D": 'a\n"b"', "E": "", "F": "a#b=c"}


@pytest.mark.parametrize("line", ['A="begins', "A='x' y", "just words"])
def test_a_line_that_programs_read_differently_is_refused_without_its_value(line: str) -> None:
    with pytest.raises(UserError, match="line 1 is no NAME=value on one line") as caught:
        parse(line)
    assert "begins" not in str(caught.value)


def test_all_of_a_file_is_checked_before_the_first_is_written(workspace: KnownWorkspace, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nB.C=2\n")
    with pytest.raises(UserError, match=r'"B[.]C" is not the name'):
        command.import_secrets(workspace, "users", file)
    assert CALLS == []
    file.write_text("A=1\nE=\nB=2\n")
    assert command.import_secrets(workspace, "users", file) == 0
    assert [text for _, text in CALLS] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "committed"),
    [
        ("encryptionsalt: v1:a\nconfig:\n  a: b\n", "config:\n  a: b\n"),
        ("encryptionsalt: v1:a\na:\n  secure: v1:b\n", "a:\n  secure: v1:b\nencryptionsalt: v1:a\n"),
        ("a: {secure: v1:b}\nencryptionsalt: v1:a\n", "a: {secure: v1:b}\nencryptionsalt: v1:a\n"),
    ],
)
def test_the_salt_is_committed_only_with_what_it_decrypts(text: str, committed: str) -> None:
    result = subprocess.run(SALT_FILTER, shell=True, input=text, capture_output=True, text=True, check=True)
    assert result.stdout == committed
