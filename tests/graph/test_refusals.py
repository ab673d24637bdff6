"""What the running program refuses is one sentence, told before the first resource, and never a traceback.

Does not prove what the language host prints of it; tests/rehearsal runs the program under the real engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra import program
from infra.outputs import ImageOutput
from infra.settings import Settings, SettingsError
from tests.graph import recorder
from tests.graph.conftest import KUBECONFIG, Document, published_settings
from tests.support.signing import put_cosign_on_path
from tools.gostack.explorer import monitor

ELSEWHERE = "/nowhere/kubeconfig"


def refusal(monkeypatch: pytest.MonkeyPatch, load: Callable[[], Settings], stack: str = "staging") -> str:
    """What the program says; it must not have registered anything."""
    monkeypatch.setattr(program, "load_settings", load)
    registered: list[str] = []
    register = monitor.Recorder.RegisterResource

    def noted(self: monitor.Recorder, request: Any) -> Any:
        registered.append(f"{request.type} {request.name}")
        return register(self, request)

    monkeypatch.setattr(monitor.Recorder, "RegisterResource", noted)
    with pytest.raises(pulumi.RunError) as told:
        recorder.record(lambda: program.stack_outputs(stack), stack=stack)
    assert [name for name in registered if not name.startswith("pulumi:pulumi:Stack")] == []
    return str(told.value)


def staging(change: Callable[[Document], Any]) -> Callable[[], Settings]:
    return lambda: published_settings("staging", change)


def test_a_kubeconfig_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    words = refusal(monkeypatch, staging(lambda d: d["kubernetes"].update(kubeconfig=ELSEWHERE)))
    assert words.startswith(f"gostack:kubernetes.kubeconfig is {ELSEWHERE}, which does not exist: ")
    assert "\n" not in words


def test_a_context_that_the_kubeconfig_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path(__file__).resolve().parents[1] / "support" / "kubeconfig.yaml"
    change = {"kubeconfig": str(here), "context": "elsewhere"}
    words = refusal(monkeypatch, staging(lambda d: d["kubernetes"].update(change)))
    assert words.startswith('gostack:kubernetes.context is "elsewhere", which ')
    assert "\n" not in words


def test_a_namespace_that_another_stack_file_has(monkeypatch: pytest.MonkeyPatch) -> None:
    words = refusal(monkeypatch, staging(lambda d: d["kubernetes"].update(namespace="gostack-staging")), "copy")
    assert words.startswith(
        'gostack:kubernetes.namespace makes "gostack-staging-east" the namespace of the region east'
    )


def test_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> Settings:
        raise SettingsError("gostack:regions is missing: add it to the stack file.")

    assert refusal(monkeypatch, load) == "gostack:regions is missing: add it to the stack file."


DIGEST = f"sha256:{'a' * 64}"
PREBUILT = f"registry.example.com/users@{DIGEST}"


def prebuilt(document: Document) -> None:
    document["services"]["users"].pop("context")
    document["services"]["users"]["image"] = PREBUILT
    document["signatures"] = {"public_key": "cosign.pub"}
    document["kubernetes"]["kubeconfig"] = KUBECONFIG


def test_an_image_without_a_signature(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_cosign_on_path(tmp_path, monkeypatch)
    words = refusal(monkeypatch, staging(prebuilt))
    assert words.startswith(f"{PREBUILT} has no valid signature of cosign.pub (no signatures found): ")


def test_prod_as_it_is_published_runs_nothing_that_is_not_signed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_cosign_on_path(tmp_path, monkeypatch)
    words = refusal(monkeypatch, lambda: published_settings("prod"), "prod")
    assert re.match(r"\S+/gostack/users@sha256:5+ has no valid signature of https://github.com/\S+/main.yml@", words)


def test_with_its_signature_the_same_stack_comes_up_and_a_preview_asks_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program, "load_settings", staging(prebuilt))
    asked = put_cosign_on_path(tmp_path, monkeypatch, PREBUILT)
    recorder.record(lambda: program.stack_outputs("staging"), stack="staging", preview=True)
    assert asked.read_text() == ""
    graph = recorder.record(lambda: program.stack_outputs("staging"), stack="staging")
    assert graph.of_type("kubernetes:apps/v1:Deployment")
    assert len(asked.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("images", "registries", "sentence"),
    [
        (
            {},
            ["docker.io", "localhost:5001/gostack"],
            'gostack:images.mysql is "mysql:9.7", which gostack:kubernetes.image_registries keeps out, as it names no '
            "digest: write it as name@sha256:<64 hex digits>.",
        ),
        (
            {name: f"{name}@{DIGEST}" for name in ("mysql", "consul", "nginx")},
            ["docker.io"],
            "gostack:registry is pulled as localhost:5001/gostack/, from no registry of "
            "gostack:kubernetes.image_registries: add it there.",
        ),
    ],
    ids=["no digest", "another registry"],
)
def test_an_image_that_the_cluster_would_keep_out(
    images: dict[str, str], registries: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upstream(settings: Settings) -> dict[str, ImageOutput]:
        # Whatever this machine has pulled or built.
        found = settings.third_party_images()
        return {name: {"reference": one, "origin": "registry", "upstream": one} for name, one in found.items()}

    monkeypatch.setattr(program, "resolved_images", upstream)

    def change(document: Document) -> None:
        document["images"] = images
        document["kubernetes"]["image_registries"] = registries

    assert refusal(monkeypatch, staging(change)) == sentence
