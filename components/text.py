"""Text for other programs, from the files beside the components that use it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_COMPONENTS = Path(__file__).resolve().parent


def script(*files: str) -> str:
    """Return the text of one shell script, or of several in a row; raises FileNotFoundError for an unknown one.

    Each is named by its path below `components`, for example "ingress/release.sh". It is the first process of a
    container, and writes files from the environment, as the root file system is read-only.
    """
    return "".join((_COMPONENTS / file).read_text(encoding="utf-8") for file in files)


def rendered(template: str, **values: Any) -> str:
    """Return the text of a template, for example "mysql/my.cnf.j2", filled with values.

    Raises `jinja2.UndefinedError` for a value that the template reads and nobody gave.
    """
    return templates().get_template(template).render(**values)


def verbatim(text: str) -> str:
    """Return a text that Kubernetes leaves alone: in commands and variables it replaces `$(NAME)`, and `$$` by `$`."""
    return text.replace("$", "$$")


@cache
def templates(folder: Path = _COMPONENTS) -> Environment:
    """Return Jinja's environment for the templates below a folder; filters may be added to it."""
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        # Escaping is HTML's; what goes into these templates was checked by the settings.
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
