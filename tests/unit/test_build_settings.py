"""What is refused before a build, in one sentence that names the setting that helps.

Does not prove that what is accepted can be built: tests/integration/test_15_images.py builds it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.settings import SettingsError, parse_settings
from infra.settings.files import require_files
from infra.settings.stack_file import configuration, read_stack_file

PROJECT = Path(__file__).resolve().parents[2]
KEY = "gostack:services.users"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout beside a workspace with a shared module, a program of its own module, and a service with assets."""
    root = tmp_path / "stack"
    (root / "services").mkdir(parents=True)
    shutil.copy(PROJECT / "services" / "Dockerfile", root / "services")
    files = {
        "space/go.work": "go 1.26\n\nuse (\n\t./orders // the shop's\n\t./shared\n)\n",
        "space/shared/go.mod": "module example.test/shared\n",
        "space/orders/go.mod": "module example.test/orders\n\ngo 1.26.1\n",
        "space/orders/cmd/server/main.go": "// A server.\npackage main\n",
        "space/orders/tool.go": "//go:build ignore\n\npackage main\n",
        "shop/go.mod": "module example.test/shop\n\nrequire example.test/shared v1.0.0\n\n"
        "replace example.test/shared => ../space/shared\n\nreplace example.test/a => example.test/b v1.0.0\n",
        "shop/main.go": "package main\n",
        "all/shop/go.mod": "module example.test/shop\n\nreplace (\n\texample.test/shared v1.0.0 => ../shared\n)\n",
        "all/shop/main.go": "package main\n",
        "all/shared/go.mod": "module example.test/shared\n",
        "page/go.mod": "module example.test/page\n",
        "page/main.go": "package main\n",
        "page/templates/index.html": "<p>",
        "page/drafts/index.html": "<p>",
        "page/.dockerignore": "drafts\n",
        "page/own/Dockerfile": "FROM scratch\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return root


@pytest.fixture
def refusal(project: Path) -> Callable[..., str]:
    """What is said of a service with these settings, without its key; empty when it is accepted."""

    def said(**values: Any) -> str:
        document = configuration(read_stack_file(PROJECT / "Pulumi.dev.yaml"), "Pulumi.dev.yaml")
        document["services"]["users"] = {"routes": [], **values}
        try:
            require_files(parse_settings(document), project)
        except SettingsError as error:
            return str(error).removeprefix(f"{KEY}.")
        return ""

    return said


ACCEPTED: dict[str, dict[str, Any]] = {
    "a program of a workspace": {"context": "../space", "main_package": "./orders/cmd/server"},
    "a module below the context": {"context": "../all", "main_package": "./shop"},
    "assets": {"context": "../page", "build": {"assets": ["templates", "./templates/index.html"]}},
    "an own Dockerfile": {"context": "../page/own", "dockerfile": "../page/own/Dockerfile"},
    "arguments of an own Dockerfile": {
        "context": "../page",
        "dockerfile": "../page/own/Dockerfile",
        "build": {"args": {"ANYTHING": "1"}, "secrets": {"key": {"env": "KEY"}}},
    },
    "arguments of Go and a proxy": {
        "context": "../page",
        "build": {"args": {"GOPROXY": "https://go.example.test,direct", "HTTPS_PROXY": "http://proxy.example.test"}},
    },
    "a newest patch": {"context": "../space", "main_package": "./orders/cmd/server", "build": {"go": "1.26"}},
    "a secret that this machine does not have": {
        "context": "../page",
        "build": {"secrets": {"netrc": {"file": "~/nowhere"}}},
    },
}


@pytest.mark.parametrize("values", ACCEPTED.values(), ids=ACCEPTED)
def test_what_can_be_built_is_accepted(refusal: Callable[..., str], values: dict[str, Any]) -> None:
    assert refusal(**values) == ""


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a workspace without a program": (
        {"context": "../space"},
        'main_package is ".", which is in no Go module of ../space: write the folder of the program, '
        '"./orders/cmd/server".',
    ),
    "a module without a program": (
        {"context": "../space/orders"},
        'main_package is ".", which holds no Go program: write the folder of the program, "./cmd/server".',
    ),
    "a package that is not there": (
        {"context": "../space", "main_package": "./orders/cmd/serve"},
        'main_package is "./orders/cmd/serve", which holds no Go program: write the folder of the program, '
        '"./orders/cmd/server".',
    ),
    "a folder without Go": (
        {"context": "../page/templates"},
        'context is "../page/templates", which holds no go.mod: write the folder of a Go module, or name a Dockerfile '
        "in it by dockerfile.",
    ),
    "a module that needs its neighbour": (
        {"context": "../shop"},
        'context is "../shop", and its go.mod points to ../space/shared, which is outside of it: write a folder that '
        "holds both as the context, and the program in it as main_package.",
    ),
    "the same of a canary": (
        {"context": "../page", "canary": {"context": "../shop"}},
        'canary.context is "../shop", and its go.mod points to ../space/shared, which is outside of it: write a folder '
        "that holds both as the context, and the program in it as main_package.",
    ),
    "a Go that is older than go.mod's": (
        {"context": "../space", "main_package": "./orders/cmd/server", "build": {"go": "1.25"}},
        'build.go is "1.25", and go.mod asks for Go 1.26.1: write "1.26.1" or remove the key.',
    ),
    "an asset that is not there": (
        {"context": "../page", "build": {"assets": ["static"]}},
        'build.assets has "static", which is not in ../page: write a path relative to the context.',
    ),
    "an asset of a canary's own": (
        {"context": "../page", "canary": {"context": "../page", "build": {"assets": ["static"]}}},
        'canary.build.assets has "static", which is not in ../page: write a path relative to the context.',
    ),
    "an asset that is not sent": (
        {"context": "../page", "build": {"assets": ["drafts"]}},
        'build.assets has "drafts", of which the .dockerignore leaves nothing: take it out of that file.',
    ),
    "an asset elsewhere": (
        {"context": "../page", "build": {"assets": ["../shop"]}},
        'build.assets.0: "../shop" is not a path in the context; write it like "templates" or "config/defaults.yaml".',
    ),
    "an unknown argument": (
        {"context": "../page", "build": {"args": {"GOPROXI": "off"}}},
        "build.args.GOPROXI is no argument of services/Dockerfile: remove it, or use one of CGO_CFLAGS, CGO_CXXFLAGS, "
        "CGO_LDFLAGS, COMMIT, GOEXPERIMENT, GOFLAGS, GOINSECURE, GONOPROXY, GONOSUMDB, GOPRIVATE, GOPROXY, GOSUMDB, "
        "SOURCE, TITLE.",
    ),
    "an argument of the platform's": (
        {"context": "../page", "build": {"args": {"MAIN_PACKAGE": "./x"}}},
        "build: args.MAIN_PACKAGE is written by the platform: remove it, the other settings fill it.",
    ),
    "a secret as an argument": (
        {"context": "../page", "build": {"args": {"GITHUB_TOKEN": "x"}}},
        "build: args.GITHUB_TOKEN would be in plain text in the state and in the image's history: give it as a secret "
        "by secrets, for example {netrc: {file: ~/.netrc}}.",
    ),
    "a password in an address": (
        {"context": "../page", "build": {"args": {"GOPROXY": "https://me:pw@go.example.test"}}},
        "build: args.GOPROXY would be in plain text in the state and in the image's history: give it as a secret by "
        "secrets, for example {netrc: {file: ~/.netrc}}.",
    ),
    "tags as a flag": (
        {"context": "../page", "build": {"args": {"GOFLAGS": "-mod=mod -tags=x"}}},
        "build: args.GOFLAGS sets -tags, which the build sets itself: write them as tags.",
    ),
    "a secret without a source": (
        {"context": "../page", "build": {"secrets": {"netrc": {}}}},
        'build.secrets.netrc: it has to have one source: write file: "~/.netrc", or env with the name of a variable.',
    ),
    "a number as a version": (
        {"context": "../page", "build": {"go": "latest"}},
        'build.go: "latest" is not a version of Go; write it in quotes, like "1.27" or "1.27.1".',
    ),
    "cgo of an own Dockerfile": (
        {"context": "../page", "dockerfile": "../page/own/Dockerfile", "build": {"cgo": True}},
        "build.cgo has a meaning only without gostack:services.users.dockerfile: remove one of them, or give the "
        "Dockerfile what it declares by build.args.",
    ),
    "how an image is built that is built elsewhere": (
        {"image": "users:1.0", "build": {"cgo": True}},
        "build has a meaning only with a context, and gostack:services.users.image is built elsewhere: remove it.",
    ),
    "how a canary without a source is built": (
        {"context": "../page", "canary": {"build": {"cgo": True}}},
        "canary: canary.build has a meaning only with canary.context: remove it, or add the folder.",
    ),
}


@pytest.mark.parametrize(("values", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_built_is_refused_with_the_fix(
    refusal: Callable[..., str], values: dict[str, Any], sentence: str
) -> None:
    assert refusal(**values) == sentence
