"""What is used, pulled or built, and in which case the user gets an error.

Runs against an engine in memory: it does not prove what `docker` does, and building the Debian base, compiling Consul
and copying the Go toolchain are replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from infra.images_lock import load_images_lock
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.images.local import LocalImage, PullOutcome
from tools.gostack.images.resolve import ensure_images, remove_stand_ins
from tools.offline.images.build import STAND_INS

IMAGES = Path(__file__).resolve().parents[2] / "tools" / "offline" / "images"
REFERENCES = {
    "mysql": "mysql:9.7",
    "nginx": "nginx:1.30",
    "consul": "hashicorp/consul:1.22",
    "valkey": "valkey/valkey:8",
    "alertmanager": "prom/alertmanager:v0.28.1",
    "golang": "golang:1.26",
    "pause": "registry.k8s.io/pause:3.10",
    "victoria-metrics": "victoriametrics/victoria-metrics:v1.151.0",
    "victoria-logs": "victoriametrics/victoria-logs:v1.52.1",
    "vmalert": "victoriametrics/vmalert:v1.151.0",
    "oauth2-proxy": "quay.io/oauth2-proxy/oauth2-proxy:v7.15.6",
}


class MemoryEngine:
    """An engine whose registry gives what it is told to give, and whose builds succeed at once."""

    def __init__(self, local: Sequence[str] = (), gives: Sequence[str] = (), answers: bool = True) -> None:
        self.images = {reference: LocalImage(f"sha256:{reference}") for reference in local}
        self.gives = set(gives)
        self.answers = answers
        self.pulls: list[str] = []
        self.builds: list[tuple[str, dict[str, str]]] = []
        self.runs: list[str] = []
        self.used: set[str] = set()

    def inspect(self, reference: str) -> LocalImage | None:
        return self.images.get(reference)

    def pull(self, reference: str, answer_seconds: float) -> PullOutcome:
        self.pulls.append(reference)
        if not self.answers:
            return "unreachable"
        if reference not in self.gives:
            return "refused"
        self.images[reference] = LocalImage(f"sha256:{reference}")
        return "pulled"

    def run(self, reference: str, command: Sequence[str]) -> str:
        self.runs.append(reference)
        return "version 1.2.3 (build 4)"

    def build(self, folder: Path, tag: str, log: Path, arguments: Mapping[str, str], labels: Mapping[str, str]) -> None:
        self.builds.append((tag, dict(arguments)))
        self.images[tag] = LocalImage(f"sha256:{tag}", {"gostack.stand-in": "true", **labels})

    def remove(self, reference: str) -> bool:
        if reference in self.used:
            return False
        return self.images.pop(reference, None) is not None

    def tags(self, label: str) -> list[str]:
        key, _, value = label.partition("=")
        return [tag for tag, image in self.images.items() if image.labels.get(key) == value]

    def prune(self, label: str) -> None:
        pass


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the real recipes, a cache of its own, and what comes from the machine replaced."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    go = tmp_path / "go"
    (go / "bin").mkdir(parents=True)
    (go / "bin" / "go").write_text("binary")
    certificates = tmp_path / "certificates.crt"
    certificates.write_text("authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))

    def nothing(*_positional: object, **_named: object) -> None:
        pass

    def go_root(*_positional: object) -> str:
        return str(go)

    def binary(*_positional: object, **_named: object) -> Path:
        return go / "bin" / "go"

    monkeypatch.setattr("tools.offline.images.build.find_go", lambda: ("go", "go1.26.8 linux/amd64"))
    monkeypatch.setattr("tools.offline.images.build.capture", go_root)
    monkeypatch.setattr("tools.offline.images.build.build_binary", binary)
    monkeypatch.setattr("tools.offline.images.build.run_logged", nothing)
    root = tmp_path / "checkout"
    shutil.copytree(IMAGES, root / "tools" / "offline" / "images")
    return root


def ignore(_: str) -> None:
    pass


def ensure(checkout: Path, engine: MemoryEngine, registry: str = "", debian: bool = True) -> dict[str, str]:
    images = ensure_images(checkout, REFERENCES, registry, ignore, engine=engine, stand_ins_possible=lambda: debian)
    return {name: image.reference for name, image in images.items()}


def test_without_a_registry_every_image_is_a_stand_in(checkout: Path) -> None:
    engine = MemoryEngine(answers=False)
    references = ensure(checkout, engine)
    assert sorted(references) == sorted(STAND_INS)
    assert all(reference.startswith(f"gostack/stand-in-{name}:") for name, reference in references.items())
    # One of each registry.
    assert sorted(engine.pulls) == ["mysql:9.7", REFERENCES["oauth2-proxy"]]


def test_what_another_stack_of_the_checkout_runs_stays_on_record(checkout: Path) -> None:
    engine = MemoryEngine(gives=list(REFERENCES.values()))
    ensure(checkout, engine)
    without = {name: reference for name, reference in REFERENCES.items() if name != "valkey"}
    ensure_images(checkout, without, "", lambda _: None, engine=engine)
    assert load_images_lock(checkout)["valkey"].reference == "valkey/valkey:8"


def test_with_a_registry_only_the_namespace_holder_is_built(checkout: Path) -> None:
    engine = MemoryEngine(gives=list(REFERENCES.values()))
    references = ensure(checkout, engine, debian=False)
    assert {name: reference for name, reference in references.items() if name != "pause"} == {
        name: reference for name, reference in REFERENCES.items() if name != "pause"
    }
    assert references["pause"].startswith("gostack/stand-in-pause:")
    assert REFERENCES["pause"] not in engine.pulls
    assert engine.builds[0][1] == {"GOLANG": "golang:1.26"}


def test_one_image_that_the_registry_lacks_is_built(checkout: Path) -> None:
    engine = MemoryEngine(gives=["mysql:9.7", "hashicorp/consul:1.22", "golang:1.26"])
    references = ensure(checkout, engine)
    assert references["mysql"] == "mysql:9.7"
    assert references["nginx"].startswith("gostack/stand-in-nginx:")


def test_the_second_time_asks_nobody_and_builds_nothing(checkout: Path) -> None:
    engine = MemoryEngine(answers=False)
    first = ensure(checkout, engine)
    engine.pulls.clear()
    engine.builds.clear()
    engine.runs.clear()
    assert ensure(checkout, engine) == first
    assert (engine.pulls, engine.builds, engine.runs) == ([], [], [])


def test_a_local_upstream_image_is_used_without_asking(checkout: Path) -> None:
    engine = MemoryEngine(local=["mysql:9.7"], answers=False)
    assert ensure(checkout, engine)["mysql"] == "mysql:9.7"
    assert "mysql:9.7" not in engine.pulls


def test_a_stand_in_stays_in_use_when_a_registry_answers_later(checkout: Path) -> None:
    engine = MemoryEngine(answers=False)
    first = ensure(checkout, engine)
    engine.answers, engine.gives = True, set(REFERENCES.values())
    assert ensure(checkout, engine) == first


def test_a_mirror_is_asked_instead_of_the_registry(checkout: Path) -> None:
    engine = MemoryEngine(gives=["mirror.example/mysql:9.7"])
    assert ensure(checkout, engine, registry="mirror.example")["mysql"] == "mirror.example/mysql:9.7"
    assert all(reference.startswith("mirror.example/") for reference in engine.pulls)


def test_the_namespace_holder_is_compiled_by_the_golang_image_of_the_same_run(checkout: Path) -> None:
    engine = MemoryEngine(answers=False)
    references = ensure(checkout, engine)
    compiled = [arguments["GOLANG"] for _tag, arguments in engine.builds if "GOLANG" in arguments]
    assert compiled == [references["golang"]]


def test_the_record_names_origin_version_and_content(checkout: Path) -> None:
    engine = MemoryEngine(gives=["mysql:9.7"])
    ensure(checkout, engine)
    record = load_images_lock(checkout)
    mysql, nginx = record["mysql"], record["nginx"]
    assert (mysql.origin, mysql.upstream, mysql.version, mysql.image_id) == (
        "registry",
        "mysql:9.7",
        "1.2.3",
        "sha256:mysql:9.7",
    )
    assert (nginx.origin, nginx.upstream, nginx.version) == ("stand-in", "nginx:1.30", "1.2.3")


def test_the_version_of_an_upstream_image_is_asked_once(checkout: Path) -> None:
    engine = MemoryEngine(local=list(REFERENCES.values()))
    ensure(checkout, engine)
    engine.runs.clear()
    ensure(checkout, engine)
    assert engine.runs == []


def test_no_unfinished_name_stays(checkout: Path) -> None:
    engine = MemoryEngine(answers=False)
    ensure(checkout, engine)
    assert [tag for tag in engine.images if tag.endswith("-unversioned")] == []


def test_neither_registry_nor_debian_is_one_clear_sentence(checkout: Path) -> None:
    with pytest.raises(BootstrapError) as raised:
        ensure(checkout, MemoryEngine(answers=False), debian=False)
    assert str(raised.value) == (
        "No container registry gave mysql:9.7, nginx:1.30, hashicorp/consul:1.22, valkey/valkey:8, "
        "prom/alertmanager:v0.28.1, golang:1.26, victoriametrics/victoria-metrics:v1.151.0, "
        "victoriametrics/victoria-logs:v1.52.1, "
        "victoriametrics/vmalert:v1.151.0, quay.io/oauth2-proxy/oauth2-proxy:v7.15.6, "
        "and stand-ins can be built only on Debian or "
        "Ubuntu: connect this machine to a registry or name a mirror."
    )


def test_an_unknown_image_has_no_stand_in(checkout: Path) -> None:
    engine = MemoryEngine(answers=False)
    with pytest.raises(BootstrapError, match=r"gave redis:8, and there is no stand-in for it: name a mirror\.$"):
        ensure_images(checkout, {"redis": "redis:8"}, "", ignore, engine=engine)


def test_without_a_registry_there_is_no_grafana_and_a_sentence_says_how_to_do_without(checkout: Path) -> None:
    with pytest.raises(BootstrapError) as raised:
        ensure_images(checkout, {"grafana": "grafana:13"}, "", ignore, engine=MemoryEngine(answers=False))
    assert str(raised.value) == (
        "No container registry gave grafana:13, and there is no stand-in for it: name a mirror, "
        "or set gostack:telemetry.grafana to false."
    )


def test_the_namespace_holder_needs_a_compiler(checkout: Path) -> None:
    engine = MemoryEngine(answers=False)
    with pytest.raises(BootstrapError, match="compiled by `golang`"):
        ensure_images(checkout, {"pause": "registry.k8s.io/pause:3.10"}, "", ignore, engine=engine)


def test_a_failed_build_names_itself_and_leaves_no_record(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = MemoryEngine(answers=False)

    def refuse(*_positional: object, **_named: object) -> Path:
        raise BootstrapError("Building Consul failed (exit status 1).")

    monkeypatch.setattr("tools.offline.images.build.build_binary", refuse)
    with pytest.raises(BootstrapError, match="Building Consul failed"):
        ensure(checkout, engine)
    assert load_images_lock(checkout) == {}
    # What did succeed is not built again.
    assert any(tag.startswith("gostack/stand-in-mysql:") for tag in engine.images)


def test_cleaning_removes_stand_ins_only_and_keeps_those_in_use(checkout: Path) -> None:
    engine = MemoryEngine(local=["somebody/else:1"], answers=False)
    references = ensure(checkout, engine)
    engine.used = {references["mysql"]}
    lines: list[str] = []
    removed = remove_stand_ins(lines.append, engine=engine)
    assert sorted(removed) == sorted(set(references.values()) - engine.used)
    assert sorted(engine.images) == sorted(["somebody/else:1", references["mysql"]])
    assert lines == [f"{references['mysql']} is in use by a container and stays"]
