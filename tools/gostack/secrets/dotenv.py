"""Files with a line NAME=value for each variable, as many programs read them (`.env`)."""

from __future__ import annotations

import re

from tools.gostack.environment.errors import UserError

_LINE = re.compile(r"(?:export\s+)?([^\s=]+)\s*=\s*(.*)")
_VALUE = re.compile(
    r"""'(?P<raw>[^']*)'(\s+\#.*)?|"(?P<quoted>(?:[^"\\]|\\.)*)"(\s+\#.*)?|(?P<bare>[^'"\s].*?)?(\s+\#.*)?"""
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> dict[str, str]:
    """Return the variables of a file; raises UserError, without a value, for a line that programs read differently."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        variable = _LINE.fullmatch(line.strip())
        value = _VALUE.fullmatch(variable[2]) if variable is not None else None
        if variable is None or value is None:
            raise UserError(
                f"line {number} is no NAME=value on one line: correct it, or give a value of several lines to "
                "`gostack secrets set`."
            )
        if value["quoted"] is not None:
            found[variable[1]] = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), value["quoted"])
        else:
            found[variable[1]] = value["raw"] or value["bare"] or ""
    return found
