"""The services of services/examples, as their READMEs write them into a stack file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "services" / "examples"


def written_examples() -> dict[str, dict[str, Any]]:
    """Return the keys of a stack file, `gostack:services` and others, with what all READMEs together say."""
    keys: dict[str, dict[str, Any]] = {}
    for readme in sorted(EXAMPLES.glob("*/README.md")):
        (block,) = re.findall(r"```yaml\n(.*?)```", readme.read_text(encoding="utf-8"), flags=re.S)
        for key, values in yaml.safe_load(block).items():
            keys.setdefault(key, {}).update(values)
    return keys
