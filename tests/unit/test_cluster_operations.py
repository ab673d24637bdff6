"""`make up` on a cluster tells the truth: what is missing, in whose words; and a quota is lowered after what goes.

The API server is a mapping of paths: it proves nothing of a real one, which tests/integration_kubernetes asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import yaml

from infra.settings import Settings, SettingsError, load_stack_file
from infra.settings.cluster_demand import region_demand, region_quota
from tests.graph.conftest import published_settings
from tools.gostack.kubernetes import lifecycle as cluster_lifecycle
from tools.gostack.kubernetes.api import ClusterApi, NotFoundError
from tools.gostack.kubernetes.instances import expected, wait_until_complete
from tools.gostack.kubernetes.quota import amount, keep_quota, quota_to_keep
from tools.gostack.kubernetes.report import diagnosis
from tools.gostack.lifecycle.workspace import Workspace

PROJECT = Path(__file__).resolve().parents[2]
NAMESPACE = "gostack-staging-east"
QUOTA = f"/api/v1/namespaces/{NAMESPACE}/resourcequotas/east-quota"
REFUSED = 'pods "users-east-1" is forbidden: exceeded quota: east-quota, limited: limits.cpu=16'
Object = dict[str, Any]


@dataclass
class FakeApi:
    """Objects by kind, texts and single objects by path."""

    objects: dict[str, list[Object]] = field(default_factory=dict[str, list[Object]])
    texts: dict[str, str] = field(default_factory=dict[str, str])

    def items(self, path: str, **labels: str) -> list[Object]:
        wanted = {key.replace("_", "."): value for key, value in labels.items()}
        found = self.objects.get(path.rpartition("/")[2], [])
        return [item for item in found if wanted.items() <= item["metadata"]["labels"].items()]

    def get(self, path: str) -> Object:
        plain = urlsplit(path).path
        if plain.endswith("/events"):
            return {"items": self.objects.get("events", [])}
        for item in self.objects.get(plain, []):
            return item
        raise NotFoundError(path)

    def text(self, path: str) -> str:
        name = path.split("/pods/")[1].split("/")[0]
        if "previous=true" not in path or name not in self.texts:
            raise NotFoundError(path)
        return self.texts[name]


@pytest.fixture
def settings() -> Settings:
    return load_stack_file(PROJECT / "Pulumi.staging.yaml", PROJECT)


def as_api(fake: FakeApi) -> ClusterApi:
    return cast("ClusterApi", fake)


def whole(settings: Settings) -> FakeApi:
    """A cluster with everything that the settings want."""
    api = FakeApi()
    for number, part in enumerate(expected(settings, "staging")):
        kind = "statefulsets" if part.labels["gostack.role"] in ("mysql", "consul-server") else "deployments"
        status = {"observedGeneration": 2, "updatedReplicas": part.replicas, "replicas": part.replicas}
        api.objects.setdefault(kind, []).append(
            {
                "metadata": {
                    "name": f"part-{number}",
                    "namespace": part.namespace,
                    "generation": 2,
                    "labels": {"gostack.stack": "staging", **part.labels},
                },
                "spec": {"replicas": part.replicas},
                "status": {**status, "availableReplicas": part.replicas, "readyReplicas": part.replicas},
            }
        )
    return api


def of(api: FakeApi, kind: str, role: str) -> Object:
    return next(item for item in api.objects[kind] if item["metadata"]["labels"]["gostack.role"] == role)


def look(api: FakeApi, settings: Settings) -> list[str]:
    return wait_until_complete(as_api(api), settings, "staging", patience=0)


def test_a_stack_with_all_its_replicas_lacks_nothing(settings: Settings) -> None:
    assert look(whole(settings), settings) == []


@pytest.mark.parametrize(
    ("kind", "role", "status", "told"),
    [
        ("deployments", "application", {"availableReplicas": 1}, "users in the region east: 1 of 2 replicas are"),
        ("deployments", "application", {"updatedReplicas": 1}, "users in the region east: 1 of 2 replicas are"),
        ("deployments", "application", {"observedGeneration": 1}, "users in the region east: 0 of 2 replicas are"),
        ("deployments", "nginx", {"availableReplicas": None}, "the ingress in the region east: 0 of 2 replicas are"),
        ("statefulsets", "consul-server", {"readyReplicas": 2}, "consul in the region east: 2 of 3 replicas are"),
        ("statefulsets", "mysql", {"readyReplicas": 0}, "the primary of mysql in the region east: 0 of 1 replicas are"),
    ],
)
def test_a_part_that_lacks_a_replica_is_named(
    kind: str, role: str, status: Object, told: str, settings: Settings
) -> None:
    api = whole(settings)
    of(api, kind, role)["status"].update(status)
    (line,) = look(api, settings)
    assert line == f"{told} available"


def test_a_part_that_is_not_there_at_all_is_named(settings: Settings) -> None:
    api = whole(settings)
    api.objects["deployments"].remove(of(api, "deployments", "application"))
    assert look(api, settings) == ["users in the region east: 0 of 2 replicas are available"]


def test_a_schedule_whose_cron_job_is_gone_or_suspended_is_named() -> None:
    def schedules(document: Object) -> None:
        document["services"]["users"]["tasks"] = {"report": {"args": ["report"]}}
        document["services"]["users"]["schedules"] = {
            name: {"cron": "0 3 * * *", "task": "report"} for name in ("nightly", "weekly", "yearly")
        }

    wanted = published_settings("staging", schedules)
    api = whole(wanted)
    (part,) = [one for one in expected(wanted, "staging") if one.cron_jobs]
    assert part.region == "east"
    metadata = {"namespace": NAMESPACE, "labels": {"gostack.stack": "staging", **part.labels}}

    def job(name: str, *, suspend: bool = False) -> Object:
        return {"metadata": {"name": f"users-{name}", **metadata}, "spec": {"suspend": suspend}}

    api.objects["cronjobs"] = [job("nightly"), job("weekly", suspend=True), job("older")]
    assert look(api, wanted) == [
        "the schedules of users in the region east: 1 of 3 are in force",
        "  users-weekly: its CronJob is gone or suspended",
        "  users-yearly: its CronJob is gone or suspended",
    ]
    api.objects["cronjobs"] = [job("nightly"), job("weekly"), job("yearly")]
    assert look(api, wanted) == []


def pod(name: str, labels: Object, *containers: Object, **status: Any) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels, "uid": name}
    return {"metadata": metadata, "status": {"containerStatuses": list(containers), **status}}


def test_what_is_missing_is_told_with_the_controllers_reason_and_the_programs_last_words(settings: Settings) -> None:
    api = whole(settings)
    users = of(api, "deployments", "application")
    users["status"]["availableReplicas"] = 1
    labels = users["metadata"]["labels"]
    failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": REFUSED}
    newest: Object = {
        "metadata": {"name": "users-east-5d", "namespace": NAMESPACE, "labels": labels},
        "spec": {"replicas": 3},
        "status": {"replicas": 2, "conditions": [failed]},
    }
    somebody: Object = {
        "metadata": {"name": "ingress-east-7", "namespace": NAMESPACE, "labels": {**labels, "gostack.role": "nginx"}},
        "spec": {"replicas": 3},
        "status": {"replicas": 2, "conditions": [failed]},
    }
    api.objects["replicasets"] = [newest, somebody]
    looping = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    last = {"terminated": {"exitCode": 2}}
    api.objects["pods"] = [
        pod("users-east-5d-a", labels, {"name": "application", "ready": False, "state": looping, "lastState": last}),
        pod("users-east-5d-b", labels, conditions=[{"type": "Ready", "status": "True"}]),
    ]
    api.texts["users-east-5d-a"] = 'panic: no DATABASE_URL\n{"level":"fatal"}\n'
    assert look(api, settings) == [
        "users in the region east: 1 of 2 replicas are available",
        f"  {NAMESPACE}/users-east-5d makes no pod: FailedCreate {REFUSED}",
        "  users-east-5d-a: application waits: CrashLoopBackOff back-off 10s",
        "    the last lines of application:",
        "      panic: no DATABASE_URL",
        '      {"level":"fatal"}',
    ]


def test_a_probe_whose_path_a_program_does_not_have_is_told_with_the_key(settings: Settings) -> None:
    api = whole(settings)
    users = of(api, "deployments", "application")
    users["status"]["availableReplicas"] = 1
    running = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    waits = {"name": "application", "ready": False, "state": running}
    api.objects["pods"] = [pod("users-east-5d-a", users["metadata"]["labels"], waits)]
    api.texts["users-east-5d-a"] = "listening\n"
    api.objects["events"] = [{"message": "Readiness probe failed: HTTP probe failed with statuscode: 404"}]
    assert look(api, settings)[1:] == [
        "  users-east-5d-a: is not ready: application does not pass its probes",
        "    the last lines of application:",
        "      listening",
        "    the kubelet says: Readiness probe failed: HTTP probe failed with statuscode: 404",
        "    -> its check wants 2xx and gets 404: write check: {path: …}, a path that it answers to everybody, or "
        "check: {protocol: tcp}",
    ]


def test_of_a_probe_of_our_own_the_words_are_told_and_no_key_of_a_service() -> None:
    message = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    waits: Object = {"name": "nginx", "ready": False, "state": {}}
    labels = {"gostack.stack": "staging", "gostack.role": "nginx"}
    api = FakeApi({"pods": [pod("ingress-east-7", labels, waits)], "events": [{"message": message}]})
    assert diagnosis(as_api(api), "staging").splitlines() == [
        "ingress-east-7: is not ready: nginx does not pass its probes",
        f"  the kubelet says: {message}",
    ]


@pytest.mark.parametrize("kind", ["jobs", "statefulsets"])
def test_a_failed_update_tells_what_a_controller_says_by_events_alone(kind: str) -> None:
    metadata = {"name": "some", "namespace": NAMESPACE, "uid": "1", "labels": {"gostack.stack": "staging"}}
    spec = {"backoffLimit": 2} if kind == "jobs" else {"replicas": 1}
    events = [
        {"message": REFUSED, "lastTimestamp": "2026-01-01T00:00:02Z"},
        {"message": "an older one", "lastTimestamp": "2026-01-01T00:00:01Z"},
    ]
    api = FakeApi({kind: [{"metadata": metadata, "spec": spec, "status": {}}], "events": events})
    assert diagnosis(as_api(api), "staging") == f"{NAMESPACE}/some makes no pod: FailedCreate {REFUSED}"
    done = {"active": 1} if kind == "jobs" else {"replicas": 1}
    api.objects[kind][0]["status"] = done
    assert diagnosis(as_api(api), "staging") == ""


def test_a_pod_without_room_is_told_in_the_schedulers_words() -> None:
    message = "0/3 nodes are available: 3 Insufficient memory."
    labels = {"gostack.stack": "staging"}
    unscheduled = [{"type": "PodScheduled", "status": "False", "message": message}]
    api = FakeApi({"pods": [pod("users-1", labels, conditions=unscheduled)]})
    assert diagnosis(as_api(api), "staging") == f"users-1: is not scheduled: {message}"


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("500m", 0.5), ("16", 16), ("24500m", 24.5), ("48Gi", 48 * 2**30), ("1536Mi", 1536 * 2**20), ("2k", 2000)],
)
def test_quantities_are_read_as_kubernetes_writes_them(quantity: str, number: float) -> None:
    assert amount(quantity) == number


def live(cpu_limits: float, used: float) -> FakeApi:
    hard = {"requests.cpu": "9", "limits.cpu": f"{cpu_limits:g}", "requests.memory": "9Gi", "limits.memory": "24Gi"}
    hard |= {"pods": "40", "requests.storage": "14Gi"}
    return FakeApi({QUOTA: [{"spec": {"hard": hard}, "status": {"hard": hard, "used": {"limits.cpu": f"{used:g}"}}}]})


def test_a_quota_that_is_lowered_below_what_still_runs_is_kept_until_that_has_gone(settings: Settings) -> None:
    wanted = region_quota(settings, "east")
    kept = quota_to_keep(as_api(live(2 * wanted.cpu_limits, used=wanted.cpu_limits)), settings, "staging")
    assert kept["cpus"] == 2 * wanted.cpu_limits / 2
    # And is one that the settings take.
    assert kept["memory_gib"] * 2048 >= region_demand(settings, "east").memory_limits_mib
    assert isinstance(kept["pods"], int)


def test_a_quota_that_has_room_or_grows_is_changed_at_once(settings: Settings) -> None:
    wanted = region_quota(settings, "east")
    assert quota_to_keep(as_api(live(2 * wanted.cpu_limits, used=4)), settings, "staging") == {}
    assert quota_to_keep(as_api(live(wanted.cpu_limits / 2, used=wanted.cpu_limits / 2)), settings, "staging") == {}
    assert quota_to_keep(as_api(FakeApi()), settings, "staging") == {}


@dataclass
class Recording:
    """A workspace whose commands are written down, with the quota that each of them found."""

    settings: Settings
    configuration_file: Path
    codes: list[int]
    stack: str = "staging"
    ran: list[Any] = field(default_factory=list[Any])

    def prepare(self) -> None:
        document = {"config": {"gostack:kubernetes": {"context": "gostack"}}}
        self.configuration_file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def outputs(self) -> Object:
        return {}

    def run(self, *_: str) -> int:
        document = yaml.safe_load(self.configuration_file.read_text(encoding="utf-8"))
        self.ran.append(document["config"]["gostack:kubernetes"].get("quota"))
        return self.codes.pop(0)


@pytest.mark.parametrize(("codes", "quotas"), [([0, 0], [{"cpus": 50}, None]), ([7], [{"cpus": 50}])])
def test_an_update_that_lowers_a_quota_which_is_in_use_is_made_twice(
    codes: list[int],
    quotas: list[Any],
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = Recording(settings, tmp_path / "Pulumi.staging.yaml", [*codes])
    keeps: Callable[..., dict[str, float]] = lambda *_: {"cpus": 50}  # noqa: E731
    monkeypatch.setattr("tools.gostack.kubernetes.quota.quota_to_keep", keeps)
    monkeypatch.setattr(cluster_lifecycle, "reachable", lambda _: as_api(FakeApi()))
    assert cluster_lifecycle.update(cast("Workspace", workspace), workspace.prepare) == codes[-1]
    assert workspace.ran == quotas
    assert "quota" not in workspace.configuration_file.read_text(encoding="utf-8")


def test_the_quota_that_is_kept_is_all_that_changes_in_the_configuration(tmp_path: Path, settings: Settings) -> None:
    workspace = Recording(settings, tmp_path / "Pulumi.staging.yaml", [])
    workspace.prepare()
    keep_quota(cast("Workspace", workspace), {"cpus": 12.5, "pods": 90})
    document = yaml.safe_load(workspace.configuration_file.read_text(encoding="utf-8"))
    assert document == {"config": {"gostack:kubernetes": {"context": "gostack", "quota": {"cpus": 12.5, "pods": 90}}}}


def namespaces_of(*stacks: str) -> FakeApi:
    labels = [{"gostack.project": "gostack", "gostack.stack": stack} for stack in stacks]
    return FakeApi({"namespaces": [{"metadata": {"name": NAMESPACE, "labels": one}} for one in labels]})


def test_an_update_takes_over_no_namespace_of_another_stack(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_lifecycle, "reachable", lambda _: as_api(namespaces_of("elsewhere")))
    workspace = Recording(settings, tmp_path / "Pulumi.staging.yaml", [])
    for change in (cluster_lifecycle.up, cluster_lifecycle.update):
        with pytest.raises(
            SettingsError, match=rf"the namespace {NAMESPACE} on this cluster is of the stack elsewhere"
        ):
            change(cast("Workspace", workspace), workspace.prepare)
    assert workspace.ran == []
    cluster_lifecycle.refuse_foreign_namespaces(as_api(namespaces_of("staging")), settings, "staging")


@pytest.mark.parametrize(
    ("code", "forget", "done"),
    [(0, True, ["destroy", "forget", NAMESPACE]), (0, False, ["destroy", NAMESPACE]), (255, True, ["destroy"])],
)
def test_a_stack_is_forgotten_before_the_namespaces_that_say_until_when_it_may_stay(
    code: int, forget: bool, done: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    class Removed:
        stack = "staging"

        def __init__(self) -> None:
            self.settings = settings

        def run(self, verb: str, *_: str) -> int:
            order.append(verb)
            return code

        def forget(self) -> None:
            order.append("forget")

    monkeypatch.setattr(cluster_lifecycle, "reachable", lambda _: as_api(namespaces_of("staging")))
    monkeypatch.setattr(cluster_lifecycle, "remove_namespace", lambda _, name: order.append(name))
    workspace = cast("Workspace", Removed())
    assert cluster_lifecycle.down(workspace, lambda: None, purge=True, forget=forget) == code
    assert order == done
