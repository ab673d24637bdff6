"""Secrets in files of the machine that deploys: whole ones, or a key of a JSON or YAML file."""

from __future__ import annotations

from pathlib import Path

from infra.secret_stores.store import value_of_key
from infra.settings.loading import PROJECT


def read_file(place: str, key: str) -> str:
    """Return the text of a file, relative to Pulumi.yaml or absolute; one line break at its end is none of it."""
    try:
        text = (PROJECT / Path(place)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"that file cannot be read ({type(error).__name__}): write its path, relative to Pulumi.yaml or absolute."
        ) from None
    return value_of_key(text, key).removesuffix("\n")
