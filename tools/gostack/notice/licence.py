"""Which licence a text is, by the words that no other licence has, and which may be compiled or shipped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

FILE = Path(__file__).resolve().parent / "licences.yaml"
UNKNOWN = "unknown"

# Case counts: the MPL speaks of the "GNU Affero General Public License", whose own title is in capitals.
_WORDS = {
    "AGPL-3.0": "GNU AFFERO GENERAL PUBLIC LICENSE",
    "BUSL-1.1": "Business Source License 1.1",
    "SSPL-1.0": "Server Side Public License",
    "LGPL": "GNU LESSER GENERAL PUBLIC LICENSE",
    "GPL": "GNU GENERAL PUBLIC LICENSE",
    "Apache-2.0": "Apache License Version 2.0|Apache License, Version 2.0",
    "MPL-2.0": "Mozilla Public License Version 2.0|Mozilla Public License, version 2.0",
    "BSD-3-Clause": "Redistributions in binary form.*Neither the name",
    "BSD-2-Clause": "Redistributions in binary form(?!.*Neither the name)",
    "MIT": "Permission is hereby granted, free of charge",
    "ISC": "Permission to use, copy, modify, and/?o?r? ?distribute this software for any purpose with or without fee",
    "Unlicense": "This is free and unencumbered software released into the public domain",
    "CC0-1.0": "CC0 1.0 Universal",
}
# Not a program that is named like one, nor the licence of documentation.
_FILE_NAME = re.compile(r"((un)?licen[cs]e|copying)(?!.*\.(go|docs)$)", re.IGNORECASE)


class Policy(BaseModel):
    """licences.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allowed: frozenset[str]
    """SPDX's names."""

    images: dict[str, str]
    """Key of `gostack:images` to the licence of what is in it."""

    exceptions: dict[str, Annotated[str, Field(min_length=40)]]
    """Key of an image to the reason why it runs under a licence that is not allowed."""

    python: dict[str, str]
    """Name of a Python package to its licence, where its metadata do not say it."""

    def refusal(self, name: str, licence: str) -> str:
        """Return one sentence when something may not be compiled or shipped; else ""."""
        if licence == UNKNOWN or not set(re.split(r" (?:AND|OR) ", licence)) <= self.allowed:
            return f"{name} is under {licence}, which {FILE.name} does not allow: use something else."
        return ""


def load_policy() -> Policy:
    """Return what may be compiled and shipped."""
    return Policy.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def licence_of(folder: Path) -> str:
    """Return the licences of a folder's files about them, joined by AND; UNKNOWN when it has none that is known."""
    texts = [
        file.read_text(encoding="utf-8", errors="replace")
        for file in sorted(folder.iterdir())
        if file.is_file() and _FILE_NAME.match(file.name)
    ]
    return recognised(texts)


def recognised(texts: Iterable[str]) -> str:
    """Return which licences these texts are; UNKNOWN when one of them is none."""
    found: set[str] = set()
    for text in texts:
        words = re.sub(r"\s+", " ", text)
        licences = {name for name, pattern in _WORDS.items() if re.search(pattern, words)}
        if not licences:
            return UNKNOWN
        found |= licences
    return " AND ".join(sorted(found)) or UNKNOWN
