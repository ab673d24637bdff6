"""Everything that is said of one stack's change. It holds names, operations and paths of properties, and no value but
the numbers and classes that a price follows from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.cost import cost
from tools.gostack.report.data_loss import data_loss
from tools.gostack.report.downtime import downtime
from tools.gostack.report.exposure import exposure
from tools.gostack.report.findings import RISKS, Finding
from tools.gostack.report.groups import Group, counts, groups
from tools.gostack.report.place import Places
from tools.gostack.report.quantities import Quantities, quantities


@dataclass(frozen=True)
class Assessment:
    """A stack's change, looked at."""

    changes: StackChanges
    """What the engine would do, without values."""

    findings: tuple[Finding, ...] = ()
    """What is at risk, worst first."""

    groups: tuple[Group, ...] = ()
    """Everything that changes, by the parts of the stack."""

    settings: tuple[str, ...] = ()
    """Settings that differ from the version that the change is compared with, each in words."""

    quantities: Quantities = field(default_factory=Quantities)
    """What AWS charges for, counted."""

    @classmethod
    def of(cls, changes: StackChanges, settings: Sequence[str] = ()) -> Assessment:
        """Look at what the engine said, and keep no value of it."""
        places = Places(changes)
        found = [
            *data_loss(changes, places),
            *downtime(changes, places),
            *exposure(changes, places),
            *cost(changes, places),
        ]
        findings = tuple(
            sorted(found, key=lambda item: (RISKS.index(item.risk), item.region, item.name, item.property))
        )
        return cls(
            changes=changes.without_values(),
            findings=findings,
            groups=tuple(groups(changes, places, findings)),
            settings=tuple(settings),
            quantities=quantities(changes, places),
        )

    @property
    def everything(self) -> tuple[Change, ...]:
        """Every resource, changed or not."""
        return (*self.changes.changes, *self.changes.unchanged)

    @property
    def packages(self) -> set[str]:
        """Packages of its resources; a provider counts as what it provides."""
        return {
            change.type.rsplit(":", 1)[-1] if change.type.startswith("pulumi:providers:") else change.type.split(":")[0]
            for change in self.everything
        }

    @property
    def counts(self) -> dict[str, int]:
        """Operation to number of resources."""
        return counts(self.changes.changes)

    @property
    def unchanged(self) -> int:
        """Number of resources that stay as they are."""
        return len([change for change in self.changes.unchanged if change.custom])

    @property
    def stateful_losses(self) -> list[Change]:
        """Resources whose loss needs to be allowed."""
        urns = {finding.urn for finding in self.findings if finding.risk == "data loss"}
        return [change for change in self.changes.changes if change.urn in urns]

    @property
    def risky(self) -> bool:
        """Whether data, answers or doors are at stake; money alone is not."""
        return bool(self.changes.errors) or any(finding.risk != "cost" for finding in self.findings)

    @property
    def new(self) -> bool:
        """Whether nothing of the stack is there yet."""
        return bool(self.changes.changes) and all(change.operation == "create" for change in self.everything)
