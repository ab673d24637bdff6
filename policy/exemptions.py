"""Exemptions from the rules: each for one rule and named resources, with a reason and an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from policy.rule import Finding


@dataclass(frozen=True)
class Exemption:
    """One exemption."""

    rule: str
    """Name of the rule."""

    type: str
    """Type token of the resources."""

    name: str
    """Name of the resources; `*` stands for any text."""

    reason: str
    """Why the rule does not hold for them, in a sentence."""

    until: date
    """Last day on which it holds: then somebody has to look again."""

    def covers(self, rule: str, finding: Finding) -> bool:
        """Return whether it excuses a finding of a rule."""
        resource = finding.resource
        return rule == self.rule and resource.type == self.type and fnmatchcase(resource.name, self.name)


EXEMPTIONS: tuple[Exemption, ...] = ()
"""Every exemption in force."""
