"""A kubeconfig is read for the one context that the settings name, and every mistake in it is one sentence.

Does not prove that the cluster of the context answers: the preflight asks it.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.platforms.kubeconfig import chosen_context
from infra.settings import SettingsError
from tools.gostack.kubernetes.api import warning_text


def document() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "production",
        "clusters": [
            {"name": "far", "cluster": {"server": "https://far.example.com"}},
            {"name": "near", "cluster": {"server": "https://near.example.com", "certificate-authority": "ca.pem"}},
        ],
        "users": [
            {"name": "root", "user": {"token": "dangerous"}},
            {"name": "me", "user": {"client-certificate": "me.pem", "client-key": "me.key"}},
        ],
        "contexts": [
            {"name": "production", "context": {"cluster": "far", "user": "root"}},
            {"name": "staging", "context": {"cluster": "near", "user": "me", "namespace": "default"}},
        ],
    }


def written(folder: Path, content: object) -> Path:
    for name in ("ca.pem", "me.pem", "me.key"):
        (folder / name).write_text(f"text of {name}")
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file


def test_only_the_named_context_is_taken_over_whatever_is_current(tmp_path: Path) -> None:
    text = chosen_context(written(tmp_path, document()), "staging")
    (cluster,) = yaml.safe_load(text)["clusters"]
    assert cluster["cluster"]["server"] == "https://near.example.com"
    assert "dangerous" not in text
    assert "far.example.com" not in text
    assert yaml.safe_load(text)["current-context"] == "staging"


def test_the_shells_kubeconfig_is_never_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, document())))
    with pytest.raises(SettingsError, match="which does not exist"):
        chosen_context(tmp_path / "elsewhere", "staging")


def test_certificates_in_files_beside_it_go_with_it(tmp_path: Path) -> None:
    parsed = yaml.safe_load(chosen_context(written(tmp_path, document()), "staging"))
    user = parsed["users"][0]["user"]
    assert base64.b64decode(user["client-key-data"]).decode() == "text of me.key"
    assert base64.b64decode(parsed["clusters"][0]["cluster"]["certificate-authority-data"]) == b"text of ca.pem"
    assert "client-key" not in user


def test_the_same_file_gives_the_same_text(tmp_path: Path) -> None:
    file = written(tmp_path, document())
    assert chosen_context(file, "staging") == chosen_context(file, "staging")


@pytest.mark.parametrize(
    ("content", "context", "told"),
    [
        (document(), "stagin", "which .* does not have: use one of its contexts \\(production, staging\\)"),
        ({**document(), "users": []}, "staging", 'names the user "me", which the file does not have'),
        ({**document(), "clusters": []}, "staging", 'names the cluster "near", which the file does not have'),
        (["no", "mapping"], "staging", "is no kubeconfig"),
        ({}, "staging", "use one of its contexts \\(none\\)"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(content: object, context: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        chosen_context(written(tmp_path, content), context)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_yaml_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text("a: [")
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        chosen_context(file, "staging")
    assert "\n" not in str(caught.value)


def test_a_certificate_that_is_missing_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, document())
    (tmp_path / "me.key").unlink()
    with pytest.raises(SettingsError, match=r"names the file me\.key, which cannot be read"):
        chosen_context(file, "staging")


def test_a_warning_of_the_api_server_is_told_with_its_quotes() -> None:
    header = '299 - "would violate PodSecurity \\"restricted:latest\\": seccompProfile"'
    assert warning_text(header) == 'would violate PodSecurity "restricted:latest": seccompProfile'
