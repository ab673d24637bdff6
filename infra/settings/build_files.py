"""What the files of a service must hold so that its image can be built: everything that is known without a build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.images.build_options import PLATFORM_ARGUMENTS, BuildOptions
from components.images.go_module import go_directive, is_program, local_folders, module_folder, programs

_ONLY_THE_DEFAULT = ("go", "cgo", "tags", "assets")
_ALWAYS = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"})
"""Build arguments that need no declaration: https://docs.docker.com/reference/dockerfile/#predefined-args."""


@dataclass(frozen=True)
class Source:
    """The source of a track."""

    key: str
    """The service's key, for example `gostack:services.shop`."""

    track: str
    """What stands before the track's own keys: nothing, or `canary.`."""

    context: str
    """The folder as it stands in the settings."""

    folder: Path
    """The folder."""

    main_package: str
    """The program's package in it."""

    recipe: Path
    """The Dockerfile."""

    default: bool
    """Whether that is the one that builds any Go program."""

    build: BuildOptions
    """How it is built."""

    own_build: bool
    """Whether that stands among the track's own keys."""

    @property
    def context_is(self) -> str:
        """The folder's key and value, as an error begins."""
        return f'{self.key}.{self.track}context is "{self.context}"'

    @property
    def main_package_is(self) -> str:
        """The same of the package."""
        return f'{self.key}.main_package is "{self.main_package}"'

    @property
    def build_key(self) -> str:
        """Key of how it is built."""
        return f"{self.key}.{self.track if self.own_build else ''}build"


def build_problems(source: Source) -> Iterator[str]:
    """Yield one sentence for each setting of a build that its files do not bear out."""
    if not source.default:
        for name in _ONLY_THE_DEFAULT:
            if name in source.build.model_fields_set:
                yield (
                    f"{source.build_key}.{name} has a meaning only without {source.key}.dockerfile: remove one of "
                    "them, or give the Dockerfile what it declares by build.args."
                )
        return
    yield from _argument_problems(source)
    module = module_folder(source.folder, source.main_package)
    if module is None:
        yield _no_module(source)
        return
    yield from _program_problems(source)
    yield from _version_problems(source, source.folder / module / "go.mod")
    yield from _neighbour_problems(source, module)
    yield from _asset_problems(source)


def _argument_problems(source: Source) -> Iterator[str]:
    declared = set(re.findall(r"^ARG (\w+)", source.recipe.read_text(encoding="utf-8"), re.MULTILINE))
    known = declared - PLATFORM_ARGUMENTS
    for name in source.build.args.keys() - known - _ALWAYS:
        yield (
            f"{source.build_key}.args.{name} is no argument of services/Dockerfile: remove it, or use one of "
            f"{', '.join(sorted(known))}."
        )


def _no_module(source: Source) -> str:
    found = _found(source.folder)
    if found:
        return (
            f"{source.main_package_is}, which is in no Go module of {source.context}: write the folder of the program, "
            f"{found}."
        )
    return (
        f"{source.context_is}, which holds no go.mod: write the folder of a Go module, or name a Dockerfile in it by "
        "dockerfile."
    )


def _program_problems(source: Source) -> Iterator[str]:
    if is_program(source.folder / source.main_package):
        return
    found = _found(source.folder)
    fix = f"write the folder of the program, {found}" if found else "write the folder that holds package main"
    yield f"{source.main_package_is}, which holds no Go program: {fix}."


def _found(folder: Path) -> str:
    """The programs in a folder as an error names them."""
    return " or ".join(f'"{package}"' for package in programs(folder, 3))


def _version_problems(source: Source, module: Path) -> Iterator[str]:
    asked, given = go_directive(module), source.build.go
    if asked is not None and given is not None and _numbers(given) < _numbers(asked)[: len(_numbers(given))]:
        yield f'{source.build_key}.go is "{given}", and go.mod asks for Go {asked}: write "{asked}" or remove the key.'


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _neighbour_problems(source: Source, module: str) -> Iterator[str]:
    """Of what the module, or its workspace, points to by a path: only what is in the context is built."""
    root = source.folder.resolve()
    files = {f"{module}/{name}".removeprefix("./"): root / module / name for name in ("go.mod", "go.work")}
    files["go.work"] = root / "go.work"
    for name, file in files.items():
        for folder in local_folders(file) if file.is_file() else []:
            target = (file.parent / folder).resolve()
            if not target.is_relative_to(root):
                yield (
                    f"{source.context_is}, and its {name} points to {folder}, which is outside of it: write a folder "
                    "that holds both as the context, and the program in it as main_package."
                )
            elif not target.is_dir():
                yield (
                    f"{source.context_is}, and its {name} points to {folder}, which is not there: add the folder, or "
                    "take it out of that file."
                )


def _asset_problems(source: Source) -> Iterator[str]:
    if not source.build.assets:
        return
    # Here, because it loads the engine's client, which most readers of settings do without.
    from components.images.build_context import built_files

    files = built_files(str(source.folder), str(source.recipe))
    for asset in source.build.assets:
        if not (source.folder / asset).exists():
            yield (
                f'{source.build_key}.assets has "{asset}", which is not in {source.context}: write a path relative to '
                "the context."
            )
        elif not any(Path(file).is_relative_to(asset) for file in files):
            yield (
                f'{source.build_key}.assets has "{asset}", of which the .dockerignore leaves nothing: take it out of '
                "that file."
            )
