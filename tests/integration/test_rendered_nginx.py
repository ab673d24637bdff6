"""Whatever valid settings a stack has, the real nginx accepts what the program sends to its ingress.

The files are those of the recorded release, not of the renderer alone. Does not prove that requests go where they
should, and needs an engine with the ingress's image: without one it is skipped.
"""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from components.ingress.docker import variable_name
from infra.settings import parse_settings
from tests.graph.conftest import recorded
from tests.support.generated import valid_settings
from tests.support.images import image_or_skip

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = 12
Document = dict[str, Any]


@pytest.fixture(scope="module")
def image() -> str:
    return image_or_skip("nginx")


def releases_of(document: Document) -> dict[str, dict[str, str]]:
    """Region to file name to text, as its release carries them."""
    graph = recorded(parse_settings(document))
    releases: dict[str, dict[str, str]] = {}
    for container in graph.with_role("configuration"):
        secrets = {path.rpartition("/")[2]: text for path, text in graph.files(container.name).items()}
        texts = {**container.environment, **secrets}
        releases[container.labels["gostack.region"]] = {
            name: texts[variable_name(name)] for name in texts["FILES"].split()
        }
    return releases


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        # The container's user is another one; the key is a throw-away.
        (folder / name).chmod(0o644)


def judged(image: str, folder: Path) -> dict[str, str]:
    """Release to what `nginx -t` says against it, for those that it refuses."""
    folder.chmod(0o755)
    script = (
        "cd /releases && for release in *; do "
        'said=$(nginx -t -q -p "/releases/$release/" -c nginx.conf -g "pid /tmp/test.pid;" 2>&1) '
        '|| printf "%s\\t%s\\n" "$release" "$(printf %s "$said" | head -n 1)"; done; echo judged'
    )
    options = ["--rm", "--network", "none", "--user", "nginx", "--volume", f"{folder}:/releases:ro"]
    result = subprocess.run(
        ["docker", "run", *options, "--entrypoint", "/bin/sh", image, "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, last = result.stdout.splitlines()
    assert last == "judged", result.stderr
    return dict(line.split("\t", 1) for line in lines)


def test_nginx_accepts_what_any_valid_settings_are_rendered_to(image: str, tmp_path: Path) -> None:
    documents: list[Document] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(document=valid_settings())
    def collect(document: Document) -> None:
        # Services and their number make a graph, not an nginx configuration.
        for service in document["services"].values():
            service["replicas"] = 1
        documents.append(document)
        for region, files in releases_of(document).items():
            write(tmp_path / f"{len(documents):03}-{region}", files)

    collect()
    assert len(documents) == EXAMPLES
    refused = judged(image, tmp_path)
    told = {release: documents[int(release[:3]) - 1]["services"] for release in refused}
    assert refused == {}, told


def published() -> Document:
    config = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"]
    return {key.removeprefix("gostack:"): value for key, value in copy.deepcopy(config).items()}


def hosts(*names: str) -> Callable[[Document], Any]:
    return lambda document: document.update(ingress={"hosts": list(names)})


SPECIAL: dict[str, Callable[[Document], Any]] = {
    "dev": lambda document: document,
    "service-at-the-root": lambda document: document["services"]["users"].update(routes=[{"path": "/"}]),
    "exact-root": lambda document: document["services"]["users"].update(routes=[{"path": "/", "match": "exact"}]),
    "every-option": lambda document: document["services"]["users"].update(
        canary={"weight": 5, "match": [{"header": "X-User-Tag", "value": "beta"}]},
        routes=[
            {"path": "/shop", "strip_prefix": True, "hosts": ["localhost"], "write_per_try_timeout_seconds": 5},
            {"path": "/v1/users:batch", "match": "exact", "per_try_timeout_seconds": 1},
            {"path": "/@me/100%25", "rate_limit_per_second": 3, "idempotent": True, "static": True},
            {"path": "/events", "protocol": "sse", "retry": {"tries": 3, "statuses": [503], "other_regions": True}},
            {"path": "/chat", "protocol": "websocket", "buffering": True, "compression": True},
            {"path": "/echo.Echo/", "protocol": "grpc"},
            {
                "path": "/pages",
                "headers": {"set": {"X-Price": '5 $ "each" \\'}, "remove": ["X-Powered-By"]},
                "cors": {"origins": ["https://a.example.com"], "credentials": True},
            },
        ],
    ),
    "a-hundred-and-fifty-routes": lambda document: document["services"]["users"].update(
        routes=[{"path": f"/r{number}", "write_per_try_timeout_seconds": 5} for number in range(150)]
    ),
    "no-route": lambda document: document["services"]["users"].update(routes=[]),
    "one-region": lambda document: (
        document["regions"].pop("west"),
        document.update(mysql={"primary": "east", "topology": "single"}),
    ),
    "longest-host": hosts(".".join(["a" * 60, "b" * 60, "c" * 60, "example.com"])),
    "many-hosts": hosts(*(f"host-{number}.example.com" for number in range(300))),
}


@pytest.fixture(scope="module")
def special(image: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What nginx says against each of the special settings."""
    folder = tmp_path_factory.mktemp("special")
    for name, change in SPECIAL.items():
        document = published()
        change(document)
        write(folder / name, releases_of(document)["east"])
    return judged(image, folder)


@pytest.mark.parametrize("name", SPECIAL)
def test_nginx_accepts_what_people_write(special: dict[str, str], name: str) -> None:
    assert special.get(name) is None


MISTAKES: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "an unknown directive": lambda files: {"route-0.conf": "location /x { no_such_directive on; }\n"},
    "a missing upstream's zone": lambda files: {
        "service-users.conf": files["service-users.conf"].replace("zone stable.users.east 128k;", "")
    },
    "a key of another certificate": lambda files: {"private_key.pem": files["certificate.pem"]},
    "a route twice": lambda files: {"route-0.conf": files["route-0.conf"] * 2},
    "half a file": lambda files: {"nginx.conf": files["nginx.conf"][: len(files["nginx.conf"]) // 2]},
}


def test_nginx_refuses_each_mistake(image: str, tmp_path: Path) -> None:
    files = releases_of(published())["east"]
    for name, mistake in MISTAKES.items():
        write(tmp_path / name, {**files, **mistake(files)})
    assert judged(image, tmp_path).keys() == MISTAKES.keys()
