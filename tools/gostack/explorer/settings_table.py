"""Every setting of a stack with its default, its meaning, and whether the stack file says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from infra.settings import Settings
from tools.gostack.explorer.texts import readable
from tools.gostack.reference import docstrings
from tools.gostack.report.redaction import MASK


@dataclass(frozen=True)
class Setting:
    """One key, as it is in force."""

    key: str
    """The key without namespace, for example `regions.east.cidr`."""

    value: Any
    """Plain value, without secrets."""

    default: Any
    """What holds where the stack file says nothing; None when it must say something."""

    required: bool
    """Whether there is no default."""

    given: bool
    """Whether the stack file says it."""

    meaning: str
    """Documentation."""


def settings_of(settings: Settings) -> list[Setting]:
    """Return every key of the settings, in the order of the model."""
    return list(_section(settings, ""))


def _section(model: BaseModel, prefix: str) -> Iterator[Setting]:
    meanings = docstrings(type(model))
    for name, field in type(model).model_fields.items():
        value: object = getattr(model, name)
        yield from _value(
            Setting(
                key=f"{prefix}{name}",
                value=value,
                default=_default(field, name),
                required=field.is_required(),
                given=name in model.model_fields_set,
                meaning=" ".join(meanings.get(name, "").split()),
            )
        )


def _value(setting: Setting) -> Iterator[Setting]:
    """A section is told by its keys; so are the sections in a mapping or a list."""
    inner = _inner_sections(setting.value)
    if inner is None:
        plain = _plain(setting.value)
        name = setting.key.rsplit(".", 1)[-1]
        yield Setting(
            setting.key, readable(plain, name), setting.default, setting.required, setting.given, setting.meaning
        )
        return
    for key, section in inner.items():
        yield from _section(section, f"{setting.key}.{key}." if key else f"{setting.key}.")


def _inner_sections(value: object) -> dict[str, BaseModel] | None:
    if isinstance(value, BaseModel):
        return {"": value}
    items: dict[str, object] = {}
    if isinstance(value, Mapping):
        items = {str(key): item for key, item in cast("Mapping[object, object]", value).items()}
    elif isinstance(value, list):
        items = {str(index): item for index, item in enumerate(cast("list[object]", value))}
    sections = {key: item for key, item in items.items() if isinstance(item, BaseModel)}
    return sections if items and len(sections) == len(items) else None


def _default(field: FieldInfo, name: str) -> Any:
    if field.is_required():
        return None
    return readable(_plain(field.get_default(call_default_factory=True)), name)


def _plain(value: object) -> Any:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    return value
