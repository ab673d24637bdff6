"""Why the images of services were not built, after an update that failed: what helps, and the builder's own words.

Pulumi says only which command of the Dockerfile ended with which exit code; the rest is in the log of the build.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from components.images.build_options import DEFAULT_DOCKERFILE, BuildOptions
from components.images.staging import LOG, build_folder, secret_file
from components.service_database.migrations import TRACK as MIGRATIONS
from infra.settings.services import ServiceSettings, Track
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.reasons import Reason, what_helps

_LAST_LINES = 12
_ERROR = re.compile(r"^#(\d+) ERROR: (.*)$", re.MULTILINE)
_NOISE = re.compile(r"^go: (downloading|finding) ")


@dataclass(frozen=True)
class _Reason(Reason):
    """Words of a builder; the sentence has `key` and `build` for where the settings are."""

    of_any_dockerfile: bool = False


def _reason(words: str, sentence: str, *, of_any_dockerfile: bool = False) -> _Reason:
    return _Reason(re.compile(words, re.IGNORECASE), sentence, of_any_dockerfile)


_NOT_GIVEN = (
    "the module {module} was not given: if it is private, name it by {build}.args.GOPRIVATE, for example "
    "github.com/acme, and who asks for it by {build}.secrets.netrc"
)

# The first that fits is told: what is more exact comes first.
_REASONS = (
    _reason(r"no space left on device", "the disk is full: run `make doctor`", of_any_dockerfile=True),
    _reason(
        r"(?P<module>\S+) builds without cgo, and does not work",
        "it uses {module}, which does not work without cgo: write {build}.cgo: true, or false if it is never used",
    ),
    _reason(
        r'C compiler "\S+" not found|"(gcc|git)": executable file not found|apt-get: not found',
        "the image of Go has no C compiler, or no git: name one that has them by gostack:images.golang",
    ),
    _reason(
        r"fatal error: (?P<header>\S+): No such file|Package '?(?P<package>[^\s',]+)'?,? .*not found"
        r"|cannot find -l(?P<library>\S+)",
        "the C library of {header}{package}{library} is missing: install it in a Dockerfile of its own "
        "({key}.dockerfile)",
    ),
    _reason(
        r"build constraints exclude all Go files in \S*?/pkg/mod/(?P<module>[^\s:@]+)"
        r"|/pkg/mod/(?P<other>[^\s:@]+)\S*: undefined: ",
        "{module}{other} leaves files out: write {build}.cgo: true if they are in C, or what they want as {build}.tags",
    ),
    _reason(
        r"requires go >= (?P<go>[\d.]+)|download go(?P<toolchain>[\d.]+)[ :]|no matching versions for query \"go",
        "it needs Go {go}{toolchain}, which the build has not and could not download: correct {build}.go, or name an "
        "image that has it by gostack:images.golang, or a mirror by {build}.args.GOPROXY",
    ),
    _reason(
        r"pull access denied|failed to (resolve|do request|authorize)|manifest unknown|manifest for \S+ not found",
        "no registry gave the image that a stage begins with: name a mirror by gostack:images.registry, or another "
        "image by {build}.args",
        of_any_dockerfile=True,
    ),
    _reason(
        r'"(?P<path>/\S*)":? not found',
        "the Dockerfile copies {path}, which is not in {key}.context, or which a .dockerignore leaves out",
        of_any_dockerfile=True,
    ),
    _reason(r'unrecognized import path "(?P<module>[^"]+)"', _NOT_GIVEN),
    _reason(
        r"dial tcp|no such host|could not resolve host|i/o timeout|connection refused|TLS handshake|x509: ",
        "modules could not be downloaded: name a mirror that this machine reaches by {build}.args.GOPROXY",
    ),
    _reason(
        r"(?P<module>[\w.-]+\.\w+/[^\s@:]+?)(/go\.mod)?[@ ][^:\n]*: [\s\S]*?(terminal prompts disabled|could not read"
        r" Username|Authentication failed|Repository not found|git ls-remote|Permission denied"
        r"|\b(400|401|403|404|410) )",
        _NOT_GIVEN,
    ),
    _reason(
        r"checksum mismatch|SECURITY ERROR|sum\.golang\.org",
        "a module has another checksum than is known: name a private one by {build}.args.GOPRIVATE, for any other "
        "correct go.sum",
    ),
    _reason(
        r"missing go\.sum entry|updates to go\.mod needed|no required module provides|inconsistent vendoring",
        "go.mod does not say all that it needs: run `go mod tidy` in its folder",
    ),
    _reason(
        r"not one of the workspace modules|is contained in a module that is not|does not contain package",
        "go.work does not name the program's module: add it there, or correct {key}.main_package",
    ),
)


def build_failures(workspace: Workspace) -> list[str]:
    """Return a text for each image of the stack's services whose last build failed; empty when none did."""
    found: list[str] = []
    for name, service in workspace.settings.services.items():
        parts = service.tracks()
        if service.migrations is not None:
            parts.append(replace(parts[0], name=MIGRATIONS, context=service.migrations.directory))
        for track in parts:
            log = build_folder(workspace.stack, f"{name}{track.suffix}") / LOG
            if track.context is not None and log.is_file():
                found += _failure(name, service, track, log)
    return found


def _failure(name: str, service: ServiceSettings, track: Track, log: Path) -> Iterator[str]:
    text = log.read_text(encoding="utf-8", errors="replace")
    key = f"gostack:services.{name}"
    own = service.canary is not None and service.canary.build is not None and bool(track.suffix)
    build = f"{key}.canary.build" if own else f"{key}.build"
    missing = missing_secret(build, track.build)
    words = failed_step(text)
    if not words:
        # A secret is read before the builder says anything.
        if missing and "exporting" not in text:
            yield f"{name}{track.suffix} was not built: {missing}."
        return
    why = missing or reason("\n".join(words), key, build, default=service.dockerfile == DEFAULT_DOCKERFILE)
    told = f"{name}{track.suffix} was not built: {why or 'correct what the builder names'}; its last words:"
    lines = [f"    {line}" for line in words[-_LAST_LINES:]]
    yield "\n".join([told, *lines, f"    (all of them: {os.path.relpath(log)})"])


def failed_step(log: str) -> list[str]:
    """Return what the step of a build that failed said, the builder's own error last; empty when none failed."""
    errors = _ERROR.findall(log)
    if not errors:
        return []
    step, error = errors[-1]
    said = re.findall(rf"^#{step} [\d.]+ (.*)$", log, re.MULTILINE)
    ended = re.search(r"exit code: \d+$", error)
    return [*(line for line in said if not _NOISE.match(line)), ended[0] if ended else error]


def reason(words: str, key: str, build: str, *, default: bool) -> str:
    """Return what helps against the words of a failed step, without a full stop; empty when that is not known."""
    fitting = [known for known in _REASONS if default or known.of_any_dockerfile]
    return what_helps(fitting, words, key=key, build=build)


def missing_secret(build: str, options: BuildOptions) -> str:
    """Return which secret of a build this machine does not have, without a full stop; empty when it has all."""
    for name, secret in options.secrets.items():
        if secret.file is not None and not secret_file(secret.file).is_file():
            return f"{build}.secrets.{name}.file is {secret.file}, which is not there"
        if secret.env is not None and not os.environ.get(secret.env):
            return f"{build}.secrets.{name}.env is {secret.env}, which is not set"
    return ""
