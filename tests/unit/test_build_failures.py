"""An image that was not built: one sentence with the setting that helps, and the builder's own words.

The words are those of BuildKit and Go as they were seen. Does not prove that other versions say the same: then only
the words are shown.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from components.images import build_context
from tools.gostack.images.build_failures import build_failures, failed_step, reason
from tools.gostack.lifecycle.workspace import Workspace

KEY, BUILD = "gostack:services.shop", "gostack:services.shop.build"

WORDS = {
    "cgo": (
        "github.com/mattn/go-sqlite3 builds without cgo, and does not work",
        "it uses github.com/mattn/go-sqlite3, which does not work without cgo: write gostack:services.shop.build.cgo: "
        "true, or false if it is never used",
    ),
    "cgo that excludes all": (
        "main.go:4:2: build constraints exclude all Go files in /go/pkg/mod/github.com/acme/c@v1.0.0/driver",
        "github.com/acme/c leaves files out: write gostack:services.shop.build.cgo: true if they are in C",
    ),
    "no compiler": ('cgo: C compiler "gcc" not found: exec: "gcc"', "name one that has them by gostack:images.golang"),
    "a C library": (
        "./main.go:3:11: fatal error: vips/vips.h: No such file or directory",
        "the C library of vips/vips.h is missing: install it in a Dockerfile of its own (gostack:services",
    ),
    "a Go that is older than go.mod's": (
        "go: go.mod requires go >= 1.99 (running go 1.26.8; GOTOOLCHAIN=go1.26.8)",
        "it needs Go 1.99, which the build has not and could not download: correct gostack:services.shop.build.go",
    ),
    "a Go that does not exist": (
        "go: download go1.99.0: golang.org/toolchain@v0.0.1-go1.99.0.linux-amd64: reading "
        "https://proxy.golang.org/golang.org/toolchain/@v/v0.0.1-go1.99.0.linux-amd64.zip: 403 Forbidden",
        "it needs Go 1.99.0, which the build has not",
    ),
    "a private module by a proxy": (
        "main.go:3:8: github.com/acme/private@v1.2.3: reading "
        "https://proxy.golang.org/github.com/acme/private/@v/v1.2.3.zip: 403 Forbidden",
        "the module github.com/acme/private was not given: if it is private, name it by "
        "gostack:services.shop.build.args.GOPRIVATE, for example github.com/acme, and who asks for it by "
        "gostack:services.shop.build.secrets.netrc",
    ),
    "a private module that a proxy takes for no module": (
        "main.go:10:2: private.example.test/lost@v1.0.0: reading "
        "https://proxy.golang.org/private.example.test/lost/@v/v1.0.0.zip: 400 Bad Request",
        "the module private.example.test/lost was not given",
    ),
    "a private module by git": (
        "main.go:3:8: reading github.com/acme/private/go.mod at revision v1.2.3: git ls-remote -q https://github.com/acme"
        "/private in /go/pkg/mod/cache/vcs/4a0: exit status 128:\n"
        "\tfatal: could not read Username for 'https://github.com': terminal prompts disabled",
        "the module github.com/acme/private was not given",
    ),
    "a private module of a host that is not known here": (
        'go: private.example.test/words@v1.0.0: unrecognized import path "private.example.test/words": https fetch: '
        'Get "https://private.example.test/words?go-get=1": dial tcp: lookup private.example.test: no such host',
        "the module private.example.test/words was not given",
    ),
    "no network": (
        'go: example.test/a@v1.0.0: Get "https://proxy.golang.org/a": dial tcp: lookup proxy.golang.org: no such host',
        "name a mirror that this machine reaches by gostack:services.shop.build.args.GOPROXY",
    ),
    "another checksum": ("verifying example.test/a@v1: checksum mismatch", "build.args.GOPRIVATE"),
    "a go.mod that is not tidy": ("main.go:3:8: missing go.sum entry for module x", "run `go mod tidy` in its folder"),
    "a module that go.work does not name": (
        "current directory is contained in a module that is not one of the workspace modules listed in go.work",
        "go.work does not name the program's module: add it there, or correct gostack:services.shop.main_package",
    ),
}


@pytest.mark.parametrize(("words", "sentence"), WORDS.values(), ids=WORDS)
def test_the_setting_that_helps_is_named(words: str, sentence: str) -> None:
    assert sentence in reason(words, KEY, BUILD, default=True)


def test_of_a_dockerfile_of_its_own_only_what_every_builder_says_is_told() -> None:
    asked = 'failed to do request: Head "https://gcr.io/v2/distroless": dial tcp: lookup gcr.io: no such host'
    assert "gostack:images.registry" in reason(asked, KEY, BUILD, default=False)
    copied = '"/static": not found'
    assert reason(copied, KEY, BUILD, default=False).startswith("the Dockerfile copies /static, which is not in")
    assert reason("main.go:3: undefined: x", KEY, BUILD, default=False) == ""


LOG = """#0 building with "default" instance using docker driver

#9 [build 5/8] RUN go build
#9 0.973 go: downloading example.test/a v1.0.0
#9 2.808 # example.test/shop
#9 2.884 ./main.go:7:2: undefined: answer
#9 ERROR: process "/bin/sh -c go build [x]: y" did not complete successfully: exit code: 1
------
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A checkout with a greeter that has a netrc which is not there."""
    monkeypatch.setattr(build_context, "PROJECT", tmp_path)
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "go.mod").write_text("module example.test/shop\n")
    (shop / "main.go").write_text("package main\n")
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n"
        "  gostack:regions: {east: {cidr: 10.80.1.0/24, https_port: 8443, http_port: 8080, consul_port: 8500}}\n"
        "  gostack:mysql: {primary: east, topology: single}\n  gostack:services: {shop: {context: shop}}\n"
    )
    (tmp_path / ".gostack" / "build" / "dev" / "shop").mkdir(parents=True)
    return Workspace(tmp_path, "dev")


def log_of(workspace: Workspace) -> Path:
    return workspace.project / ".gostack" / "build" / "dev" / "shop" / "build.log"


def test_the_builders_words_are_shown_without_its_progress(workspace: Workspace) -> None:
    log_of(workspace).write_text(LOG)
    assert failed_step(LOG) == ["# example.test/shop", "./main.go:7:2: undefined: answer", "exit code: 1"]
    (told,) = build_failures(workspace)
    assert told.splitlines()[:3] == [
        "shop was not built: correct what the builder names; its last words:",
        "    # example.test/shop",
        "    ./main.go:7:2: undefined: answer",
    ]


def test_a_build_that_went_well_is_not_told(workspace: Workspace) -> None:
    assert build_failures(workspace) == []
    log_of(workspace).write_text("#16 exporting to image\n#16 DONE 0.2s\n")
    assert build_failures(workspace) == []


def test_a_build_secret_that_this_machine_does_not_have_is_told(workspace: Workspace) -> None:
    file = workspace.stack_file
    file.write_text(file.read_text().replace("context: shop", "context: shop, build: {secrets: {netrc: {file: gone}}}"))
    log_of(workspace).write_text("")
    assert build_failures(workspace) == [
        "shop was not built: gostack:services.shop.build.secrets.netrc.file is gone, which is not there."
    ]
