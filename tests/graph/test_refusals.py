"""What the running program refuses is one sentence, told before the first resource, and never a traceback.

Does not prove what the language host prints of it; tests/rehearsal runs the program under the real engine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra import program
from infra.settings import Settings, SettingsError
from tests.graph import recorder
from tests.graph.conftest import Document, published_settings
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
