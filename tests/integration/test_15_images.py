"""Programs of strangers are built as they are: a repository beside the stack with its files, a workspace, C, private
modules, a Dockerfile of its own; and what cannot be built is told with the setting that helps.

Modules of `private.example.test` come from a proxy of the test's own. Needs the public module proxy (SQLite), and where
no registry answers Debian's mirror (a C compiler). Does not prove that git takes the netrc: there is no private host.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import docker
import pytest
from docker.models.containers import Container

from infra.images_lock import load_images_lock
from infra.settings.stack_file import written
from tests.integration.brought_up import PROJECT, brought_up, one_region
from tests.integration.support import LiveStack, tell
from tools.gostack.lifecycle import lifecycle

SOURCES = Path(__file__).with_name("images")
LARGEST_IMAGE = 8_000_000
"""Bytes of the image of a program that serves HTTP."""

PASSWORD, TOKEN = secrets.token_hex(16), secrets.token_hex(16)
TOKEN_VARIABLE = "GOSTACK_TEST_BUILD_TOKEN"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repositories of strangers, in a folder outside of the project."""
    folder = tmp_path_factory.mktemp("strangers")
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    for dropping in ("shop/.git/HEAD", "shop/.idea/workspace.xml", "shop/templates/.page.html.swp"):
        (folder / dropping).parent.mkdir(exist_ok=True)
        (folder / dropping).write_text("not a part of it")
    # The same module without a workspace: one program needs the folder beside it.
    shutil.copytree(folder / "space", folder / "beside", ignore=shutil.ignore_patterns("go.work"))
    with (folder / "beside" / "orders" / "go.mod").open("a") as module:
        module.write("\nrequire example.test/shared v0.0.0\n\nreplace example.test/shared => ../shared\n")
    # One that no proxy has.
    shutil.copytree(folder / "letters", folder / "lost")
    for name in ("go.mod", "main.go"):
        file = folder / "lost" / name
        file.write_text(file.read_text().replace("example.test/words", "example.test/lost"))
    (folder / "netrc").write_text(f"machine go.example.test login ci password {PASSWORD}\n")
    return folder


@pytest.fixture(scope="module")
def module_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A proxy that has one private module, where builds on the engine reach it."""
    folder = tmp_path_factory.mktemp("proxy")
    versions = folder / "private.example.test" / "words" / "@v"
    versions.mkdir(parents=True)
    files = {"go.mod": "module private.example.test/words\n", "words.go": 'package words\n\nconst Hello = "private"\n'}
    (versions / "list").write_text("v1.0.0\n")
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0", "Time": "2026-01-01T00:00:00Z"}')
    (versions / "v1.0.0.mod").write_text(files["go.mod"])
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"private.example.test/words@v1.0.0/{name}", text)
    bridge = docker.from_env().networks.get("bridge")
    gateway = bridge.attrs["IPAM"]["Config"][0]["Gateway"]
    server = ThreadingHTTPServer((gateway, 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{gateway}:{server.server_port}"
    server.shutdown()


def services(sources: Path, module_proxy: str) -> dict[str, Any]:
    """What a stack file says of them."""
    base = load_images_lock(PROJECT)["golang"].reference
    described: dict[str, dict[str, Any]] = {
        "probe": {
            "context": "tests/probe",
            "environment": {"PROBE_TZ": "Europe/Berlin", "TZ": "Asia/Tokyo"},
            "routes": [{"path": "/p"}],
        },
        # Beside the stack: a path that leads out of the project.
        "shop": {"context": os.path.relpath(sources / "shop", PROJECT), "build": {"assets": ["templates"]}},
        "orders": {"context": str(sources / "space"), "main_package": "./orders/cmd/server"},
        "second": {"context": str(sources / "space"), "main_package": "./orders/cmd/second"},
        "beside": {"context": str(sources / "beside"), "main_package": "orders/cmd/server"},
        "stock": {"context": str(sources / "stock"), "build": {"cgo": True}},
        "letters": {
            "context": str(sources / "letters"),
            "build": {
                "args": {"GOPROXY": module_proxy, "GONOSUMDB": "private.example.test", "GOFLAGS": "-mod=mod"},
                "secrets": {"netrc": {"file": str(sources / "netrc")}},
            },
        },
        "own": {
            "context": str(sources / "own"),
            "dockerfile": str(sources / "own" / "Dockerfile"),
            "build": {
                "args": {"BASE": base},
                "secrets": {"netrc": {"file": str(sources / "netrc")}, "token": {"env": TOKEN_VARIABLE}},
            },
        },
    }
    usual = {"replicas": 1, "check": {"path": "/ready"}}
    return {name: {**usual, "routes": [{"path": f"/{name}"}], **values} for name, values in described.items()}


@dataclass(frozen=True)
class ImagesStack(LiveStack):
    """The stack of the strangers."""

    def answer(self, path: str) -> str:
        """What a service answers with 200."""
        response = self.request("GET", f"https://localhost:31443{path}")
        assert response.status == 200, response.data
        return response.data.decode().strip()

    def image(self, service: str) -> Any:
        """The image of a service's replica as the engine describes it."""
        return self.objects.client.images.get(self.replica(service).attrs["Image"])

    def replica(self, service: str) -> Container:
        """The one replica of a service."""
        (container,) = self.containers("application", service=service)
        return container


@pytest.fixture(scope="module")
def stack(sources: Path, module_proxy: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImagesStack]:
    document = one_region(services(sources, module_proxy), ports=31, network=94)
    file = tmp_path_factory.mktemp("images") / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(TOKEN_VARIABLE, TOKEN)
        yield from brought_up("images", file, tmp_path_factory, ImagesStack)


def test_a_program_reaches_hosts_over_tls_and_knows_time_zones(stack: ImagesStack) -> None:
    # The probe ends at its start without Europe/Berlin.
    assert '"instance"' in stack.answer("/p/echo/a")
    archive, _ = stack.replica("probe").get_archive("/etc/ssl/certs/ca-certificates.crt")
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as files:
        bundle = files.extractfile("ca-certificates.crt")
        assert bundle is not None
        assert bundle.read().count(b"BEGIN CERTIFICATE") > 100
    said = stack.request("GET", "https://localhost:31443/p/fetch?url=https://proxy.golang.org/").data.decode()
    if "dial tcp" in said:
        pytest.skip("replicas do not reach the internet from here")
    assert said[:3].isdigit(), said


def test_an_image_is_small_and_has_no_shell_and_no_root(stack: ImagesStack) -> None:
    image = stack.image("shop")
    tell(f"image of a program that serves HTTP: {image.attrs['Size'] / 1e6:.1f} MB")
    assert image.attrs["Size"] <= LARGEST_IMAGE
    assert image.attrs["Config"]["User"] == "65532:65532"
    layers = b"".join(cast("Iterator[bytes]", stack.replica("shop").export()))
    with tarfile.open(fileobj=io.BytesIO(layers)) as files:
        names = files.getnames()
    assert not [name for name in names if name.startswith(("bin/", "usr/bin/"))]
    assert "app/templates/page.html" in names
    assert not [name for name in names if ".git" in name or name.endswith(".swp")]


ANSWERS = {
    "/shop": "<p>open</p>",
    "/orders": "server",
    "/second": "second",
    "/beside": "server",
    "/stock": "42",
    "/letters": "private",
    "/own": "own 1.2.3",
}


@pytest.mark.parametrize(("path", "text"), ANSWERS.items(), ids=ANSWERS)
def test_what_strangers_wrote_answers(stack: ImagesStack, path: str, text: str) -> None:
    assert stack.answer(path) == text


def test_an_own_dockerfile_is_built_as_it_is(stack: ImagesStack) -> None:
    configuration = stack.image("own").attrs["Config"]
    assert configuration["Entrypoint"] == ["/usr/local/bin/app", "--greeting", "own"]
    assert configuration["User"] == "1000:1000"


def test_a_build_secret_is_nowhere(stack: ImagesStack) -> None:
    told = str(stack.workspace.state())
    for service in ("letters", "own"):
        image = stack.image(service)
        log = PROJECT / ".gostack" / "build" / "images" / service / "build.log"
        told += f"{image.history()}{image.attrs}{log.read_text() if log.is_file() else ''}"
        content = b"".join(image.save())
        assert PASSWORD.encode() not in content
        assert TOKEN.encode() not in content
    assert PASSWORD not in told
    assert TOKEN not in told


def test_what_version_control_and_editors_leave_changes_nothing(stack: ImagesStack, sources: Path) -> None:
    (sources / "shop" / ".git" / "HEAD").write_text("another branch")
    (sources / "shop" / ".DS_Store").write_text("opened")
    assert stack.preview_changes() == ""


NOT_BUILT: dict[str, tuple[str, dict[str, Any], str]] = {
    "a program that needs C": (
        "stock",
        {"build": {}},
        "stock was not built: it uses github.com/mattn/go-sqlite3, which does not work without cgo: write "
        "gostack:services.stock.build.cgo: true",
    ),
    "a private module": (
        "letters",
        {"context": "lost", "build": {"args": {"GOFLAGS": "-mod=mod"}}},
        "letters was not built: the module private.example.test/lost was not given: if it is private, name it by "
        "gostack:services.letters.build.args.GOPRIVATE",
    ),
    "a secret that is not there": (
        "letters",
        {"build": {"secrets": {"netrc": {"file": "/nowhere/netrc"}}}},
        "letters was not built: gostack:services.letters.build.secrets.netrc.file is /nowhere/netrc, which is not",
    ),
}


@pytest.mark.parametrize(("service", "values", "sentence"), NOT_BUILT.values(), ids=NOT_BUILT)
def test_what_is_not_built_is_told_with_the_setting_that_helps(
    stack: ImagesStack,
    sources: Path,
    capsys: pytest.CaptureFixture[str],
    service: str,
    values: dict[str, Any],
    sentence: str,
) -> None:
    before = stack.workspace.stack_file.read_bytes()
    answered = stack.answer(f"/{service}")
    context = {"context": str(sources / values["context"])} if "context" in values else {}
    stack.change_settings(service, **{**values, **context})
    try:
        assert lifecycle.up(stack.workspace) != 0
        assert sentence in capsys.readouterr().err
        # What runs goes on.
        assert stack.answer(f"/{service}") == answered
    finally:
        stack.workspace.stack_file.write_bytes(before)
        stack.workspace.prepare()
