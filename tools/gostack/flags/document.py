"""The document with a service's flags: flagd's format, as far as a service can evaluate it in process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from tools.gostack.documents import is_list, is_mapping
from tools.gostack.environment.errors import UserError

SCHEMA = "https://flagd.dev/schema/v0/flags.json"
LARGEST_DOCUMENT = 65_536
"""Bytes of a document: Consul takes it and its history in one transaction of at most 512 KiB."""

ON = {"on": True, "off": False}
"""Variants of a flag that is made without any."""

# fmt: off
_OPERATORS = frozenset({
    "var", "missing", "missing_some", "if", "?:", "==", "===", "!=", "!==", "!", "!!", "or", "and", ">", ">=", "<",
    "<=", "max", "min", "+", "-", "*", "/", "%", "map", "reduce", "filter", "all", "none", "some", "merge", "in", "cat",
    "substr", "fractional", "starts_with", "ends_with",
})
# fmt: on
_Any = TypeVar("_Any", bound=BaseModel)
_Model = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Flag(BaseModel):
    """One flag."""

    model_config = _Model

    state: Literal["ENABLED", "DISABLED"] = "ENABLED"
    """DISABLED is the off-switch: everybody gets the default of the service's code."""

    variants: Annotated[dict[str, JsonValue], Field(min_length=1)]
    """Name to value; all values of one kind."""

    default_variant: Annotated[str, Field(alias="defaultVariant")]
    """Variant of those for whom no rule gives another one."""

    targeting: dict[str, Any] = Field(default_factory=dict[str, Any])
    """JsonLogic that gives the name of a variant; empty: everybody has the default one."""

    metadata: dict[str, str | int | float | bool] = Field(default_factory=dict[str, str | int | float | bool])

    @model_validator(mode="after")
    def _can_be_evaluated(self) -> Self:
        known = ", ".join(sorted(self.variants))
        if self.default_variant not in self.variants:
            raise ValueError(f'the default variant "{self.default_variant}" is unknown: use one of {known}.')
        kinds = {"number" if type(value) in (int, float) else type(value).__name__ for value in self.variants.values()}
        if len(kinds) > 1:
            raise ValueError(f"the variants are of several kinds ({', '.join(sorted(kinds))}): give all one kind.")
        for variant in _results(self.targeting):
            if variant not in self.variants:
                raise ValueError(f'the targeting names the variant "{variant}", which is unknown: use one of {known}.')
        _check(self.targeting)
        try:
            json.dumps([self.variants, self.targeting, self.metadata], allow_nan=False)
        except ValueError:
            raise ValueError("NaN and Infinity are no JSON, and services refuse them: give another number.") from None
        return self


class Document(BaseModel):
    """All flags of a service."""

    model_config = _Model

    schema_url: Annotated[str, Field(alias="$schema")] = SCHEMA
    flags: dict[str, Flag] = Field(default_factory=dict[str, Flag])
    metadata: dict[str, str | int | float | bool] = Field(default_factory=dict[str, str | int | float | bool])
    """`version`, `changed_at` and `changed_by` of the last change."""

    @property
    def version(self) -> int:
        """Number of changes so far; 0 for a document that no command has written."""
        found = self.metadata.get("version", 0)
        return found if isinstance(found, int) else 0

    def changed(self, name: str, flag: Flag | None, by: str, at: str) -> Document:
        """Return the next version of the document: with another definition of one flag, or without it."""
        flags = {key: value for key, value in self.flags.items() if key != name}
        if flag is not None:
            flags[name] = flag
        stamp = {"version": self.version + 1, "changed_at": at, "changed_by": by}
        return self.model_copy(update={"flags": dict(sorted(flags.items())), "metadata": {**self.metadata, **stamp}})

    def text(self) -> str:
        """Return it as it is written."""
        return json.dumps(dumped(self), indent=2, ensure_ascii=False) + "\n"


def parse(text: str) -> Document:
    """Return a document; raises UserError with what is wrong."""
    return _validated(Document, text)


def parse_flag(text: str) -> Flag:
    """Return the definition of one flag; raises UserError with what is wrong."""
    return _validated(Flag, text)


def flag_of(values: Mapping[str, Any]) -> Flag:
    """Return a flag made of these values; raises UserError with what is wrong."""
    return parse_flag(json.dumps(values))


def dumped(model: Flag | Document) -> dict[str, Any]:
    """Return what stands in the document, without what is empty."""
    found = model.model_dump(by_alias=True)
    for one in (found, *found.get("flags", {}).values()):
        for key in ("targeting", "metadata"):
            if key in one and not one[key]:
                del one[key]
    return found


def _validated(kind: type[_Any], text: str) -> _Any:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        problem = str(first.get("ctx", {}).get("error") or first["msg"])
        raise UserError(f"{place}: {problem}" if place else problem) from None


def _check(logic: object) -> None:
    """Raise ValueError for an operator that no service knows, and for shares that are not 100 together."""
    if is_list(logic):
        for one in logic:
            _check(one)
    if not is_mapping(logic) or not logic:
        return
    operator, arguments = next(iter(logic.items()))
    if len(logic) != 1 or operator not in _OPERATORS:
        raise ValueError(f"the targeting has {', '.join(logic)}, which is no operator: see docs/flags.md.")
    if operator == "fractional":
        weights = [share[1] for share in _shares(arguments) if len(share) == 2]
        if len(weights) != len(_shares(arguments)) or not all(type(weight) is int for weight in weights):
            raise ValueError('a share is written like ["on", 5], in whole percents.')
        if sum(weights) != 100 or min(weights) < 0:
            raise ValueError(f"the shares are {sum(weights)} % together: write all of them, 100 % together.")
    _check(arguments)


def _shares(arguments: object) -> Sequence[list[Any]]:
    return [one for one in arguments if is_list(one)] if is_list(arguments) else []


def _results(logic: object) -> list[str]:
    """The variants that a rule can give, as far as it names them."""
    if isinstance(logic, str):
        return [logic]
    if not is_mapping(logic):
        return []
    if "fractional" in logic:
        return [str(share[0]) for share in _shares(logic["fractional"]) if share]
    branches = logic.get("if")
    if not is_list(branches):
        return []
    last = branches[-1:] if len(branches) % 2 else []
    return [variant for one in [*branches[1::2], *last] for variant in _results(one)]
