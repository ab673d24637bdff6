"""What AWS maintains, and for how long."""

from __future__ import annotations

from datetime import date, timedelta

from policy.resource import Resource
from policy.rule import PROD_ALONE, Finding, Findings, Level, resource_rule

# `aws eks describe-cluster-versions`, or
# https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar
_STANDARD_SUPPORT_ENDS = {
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
    "1.36": date(2027, 8, 2),
}
_NOTICE = timedelta(days=90)


@resource_rule("kubernetes-version", level=Level.ADVISORY, environments=PROD_ALONE)
def kubernetes_version(resource: Resource) -> Findings:
    """A cluster's version has 90 days of standard support left; at its end AWS upgrades the cluster by itself, and what
    the stack says would be a step back."""
    version = resource.at("version")
    if resource.type != "aws:eks/cluster:Cluster" or not isinstance(version, str):
        return
    # A version that is newer than all that are known here is maintained.
    if version not in _STANDARD_SUPPORT_ENDS and _number(version) > max(map(_number, _STANDARD_SUPPORT_ENDS)):
        return
    end = _STANDARD_SUPPORT_ENDS.get(version)
    if end is None or date.today() > end - _NOTICE:
        problem = f'is "{version}", whose standard support {f"ends on {end}" if end else "has ended"}'
        yield Finding(resource, "version", problem, "raise gostack:aws.kubernetes_version")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
