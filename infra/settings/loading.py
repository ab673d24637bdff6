"""Where settings come from: the configuration of the running program, or a stack file for tools."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import ValidationError

from infra.settings.errors import SettingsError, sentence
from infra.settings.files import require_files
from infra.settings.model import Settings
from infra.settings.names import require_stack_name
from infra.settings.secrets import require_encrypted
from infra.settings.stack_file import NAMESPACE, configuration, read_stack_file

_TOO_DEEP = "{} has too many lists and mappings inside each other: no setting needs as many."
PROJECT = Path(__file__).resolve().parent.parent.parent


def load_settings() -> Settings:
    """Return the settings of the running Pulumi program; the only reader of its configuration.

    Raises SettingsError with one sentence that names the key and the fix.
    """
    values = {
        key.removeprefix(NAMESPACE): _decoded(key, value)
        for key, value in _configuration().items()
        if key.startswith(NAMESPACE)
    }
    settings = _complete(values, PROJECT)
    require_stack_name(pulumi.get_stack(), settings)
    return settings


def load_stack_file(path: Path, project: Path = PROJECT) -> Settings:
    """Return the settings that a `Pulumi.<stack>.yaml` holds.

    Raises SettingsError when the file is missing, is not YAML or holds a wrong setting, and when no stack can have the
    name that the file's gives it.
    """
    values = configuration(read_stack_file(path), path.name)
    require_encrypted(values)
    settings = _complete(values, project)
    named = re.fullmatch(r"Pulumi\.(.*)\.yaml", path.name)
    if named is not None:
        require_stack_name(named[1], settings)
    return settings


def other_stacks(project: Path, stack: str = "") -> dict[str, Settings]:
    """Return the settings of every stack file of a project but one stack's, by the stacks' names; a file that is wrong
    is left out, as no stack of it runs."""
    found: dict[str, Settings] = {}
    for file in sorted(project.glob("Pulumi.*.yaml")):
        name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        with suppress(SettingsError):
            if name != stack:
                found[name] = load_stack_file(file, project)
    return found


def parse_settings(values: Mapping[str, Any]) -> Settings:
    """Return the settings in `values` (key without namespace to plain value); raises SettingsError."""
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        raise SettingsError(sentence(error, Settings)) from None
    except RecursionError:
        raise SettingsError(_TOO_DEEP.format("the configuration")) from None


def _complete(values: Mapping[str, Any], project: Path) -> Settings:
    settings = parse_settings(values)
    require_files(settings, project)
    return settings


def _configuration() -> Mapping[str, Any]:
    """All keys at once: a key that nobody asks for must be refused, and `pulumi.Config` cannot list them."""
    return {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}


def _decoded(key: str, value: str) -> Any:
    """The engine hands structured values over as JSON text and plain ones as they are."""
    if not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{key} is not valid JSON ({error.msg}): correct it in the stack file.") from None
    except RecursionError:
        raise SettingsError(_TOO_DEEP.format(key)) from None
