"""One sentence for a part of the stack: what changes and what users notice of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.gostack.report.changes import Change
from tools.gostack.report.docker_roles import Shape, by_region, role
from tools.gostack.report.findings import described
from tools.gostack.report.kubernetes_workloads import reason, restarts

CALM = "no downtime"
_VERBS = {
    "create": "new",
    "update": "changed in place",
    "replace": "replaced",
    "delete": "deleted",
    "forget": "let go of",
}


@dataclass(frozen=True)
class Part:
    """One part of the stack as its sentence needs it."""

    members: Sequence[Change]
    """Resources that change."""

    regions: Sequence[str]
    """Regions in which they are, in the order in which they are updated."""

    shape: Shape
    """The stack around it."""


def notice(kind: str, members: Sequence[Change], regions: Sequence[str], shape: Shape, *, calm: bool) -> str:
    """Return the sentence for a part; `calm` says that nothing of it is away for a time."""
    whole = kind != "Microservice" and any(
        change.type in ("", f"gostack:index:{kind}") or not kind for change in members
    )
    if whole and all(change.operation == "create" for change in members):
        return f"new{_where(regions)}"
    if whole and all(change.operation == "delete" for change in members):
        return f"removed{_where(regions)}"
    sentence = _with_ground(members, regions) or _KINDS.get(kind, _anything)(Part(members, regions, shape))
    if not sentence.startswith("removed"):
        sentence += f", {CALM}" if calm else ", see downtime"
    return sentence


def _with_ground(members: Sequence[Change], regions: Sequence[str]) -> str:
    """What is made anew because the network or the pod below it is; empty for anything else."""
    made = [change for change in members if change.custom]
    if not made or not all(change.dependent for change in made):
        return ""
    return f"made anew{_where(regions)} with what it stands on"


def _microservice(part: Part) -> str:
    components = [change for change in part.members if change.type.endswith(":Microservice")]
    replicas = [change for change in part.members if role(change) == "application"]
    made = [change for change in replicas if change.operation == "create"]
    gone = [change for change in replicas if change.operation == "delete"]
    kept = [change for change in part.members if change.operation in ("replace", "update")]
    parts: list[str] = []
    if any(change.operation == "create" for change in components):
        parts.append(f"starts with {_replicas(made, part.shape)}")
    elif made:
        parts.append(f"{_replicas(made, part.shape, 'more ')}")
    if any(change.operation == "delete" for change in components):
        parts.append(f"removed{_where(_regions(gone, part.shape))}")
    elif gone:
        parts.append(f"{_replicas(gone, part.shape, 'less ')}, drained before they stop")
    if kept:
        rolled = _regions(kept, part.shape)
        how = "rolls region by region" if len(rolled) > 1 else "rolls"
        why = _reason(kept, part.shape)
        parts.append(f"{why}, {how} ({', then '.join(rolled)})" if rolled else why)
    return "; ".join(parts) or _anything(part)


def _reason(kept: Sequence[Change], shape: Shape) -> str:
    """What is new in replaced replicas, outermost cause first."""
    if rolled := reason(kept):
        return rolled
    changed = {difference.path.split("[")[0].split(".")[0] for change in kept for difference in change.differences}
    causes = {difference.path for change in kept if role(change) == "application" for difference in change.causes}
    if "image" in changed:
        return "new image"
    if any(change.operation == "update" for change in kept) and causes:
        return f"new {', '.join(f'`{path}`' for path in sorted(causes))}"
    applications = [change for change in kept if role(change) == "application"]
    if any(path.startswith("envs") for change in applications for path in (*change.keys, *_paths(change))):
        services = {shape.places.of(change).service for change in applications}
        rotated = [
            change
            for change in shape.stack.changes
            if change.type.endswith(":Stash") and change.operation == "replace" and "password" in change.name
        ]
        if any(shape.places.of(change).service == f"{service}-database" for change in rotated for service in services):
            return "new passwords (`envs`)"
        return "new environment (`envs`)"
    if any(role(change) == "agent" and not change.follows for change in kept) or _agent_changes(kept):
        return "new registration (`envs` of the agent)"
    other = sorted(path for path in causes if not path.startswith("envs"))
    return f"new {', '.join(f'`{path}`' for path in other)}" if other else "replaced with what they stand on"


def _agent_changes(kept: Sequence[Change]) -> bool:
    return any(role(change) == "agent" and "envs" in change.keys for change in kept)


def _paths(change: Change) -> list[str]:
    return [difference.path for difference in change.differences]


def _ingress(part: Part) -> str:
    roles = {role(change) for change in part.members if change.operation in ("replace", "update")}
    if any(change.operation in ("create", "delete") and change.type.endswith(":Ingress") for change in part.members):
        made = [change for change in part.members if change.type.endswith(":Ingress") and change.operation == "create"]
        gone = [change for change in part.members if change.type.endswith(":Ingress") and change.operation == "delete"]
        parts = [f"new{_where(_regions(made, part.shape))}"] if made else []
        parts += [f"gone{_where(_regions(gone, part.shape))}"] if gone else []
        rest = [change for change in part.members if change.operation in ("replace", "update")]
        return "; ".join([*parts, *([_ingress_changes(roles, rest, part.shape)] if rest else [])])
    return _ingress_changes(roles, part.members, part.shape)


def _ingress_changes(roles: set[str], members: Sequence[Change], shape: Shape) -> str:
    where = _where(_regions(members, shape))
    if "sandbox" in roles:
        return f"Nginx and its pod are made anew{where}"
    parts: list[str] = []
    if "nginx" in roles:
        parts.append("a new Nginx takes over from the old one")
    if "configuration" in roles:
        parts.append("new configuration (routes, weights or certificate), tested and then loaded by the running Nginx")
    if rolled := reason(members):
        parts.append(f"{rolled}, a new Nginx is ready before the old one goes")
    if "agent" in roles:
        parts.append("its Consul agent restarts while Nginx keeps the replicas that it knows")
    return ("; ".join(parts) or _anything(Part(members, [], shape))) + where


def _mysql(part: Part) -> str:
    restarted = [
        change
        for change in part.members
        if (role(change) == "mysql" and change.operation == "replace") or restarts(change) is not None
    ]
    made = [change for change in part.members if role(change) == "mysql" and change.operation == "create"]
    parts: list[str] = []
    if made:
        parts.append(f"new member{_where(_regions(made, part.shape))}")
    if any(change.type.endswith("Volume") and change.operation == "replace" for change in part.members):
        parts.append(f"data volume replaced{_where(_regions(restarted, part.shape))}")
    if restarted:
        followers = [region for region in _regions(restarted, part.shape) if region != part.shape.primary]
        if part.shape.topology == "group":
            extra = ", one after the other"
        else:
            extra = f" (reads{_where(followers)} go to the primary meanwhile)" if followers else ""
        parts.append(f"members restart{_where(_regions(restarted, part.shape))}{extra}")
    if any(
        change.type.endswith(":Stash") and "password" in change.name and change.operation == "replace"
        for change in part.members
    ):
        parts.append("new passwords, which the accounts have before anybody uses them")
    if any(
        change.type.endswith(":Stash") and "certificate" in change.name and change.operation == "replace"
        for change in part.members
    ):
        parts.append("new certificates")
    if not restarted and any(role(change) == "agent" and change.operation == "replace" for change in part.members):
        parts.append("registered anew")
    return "; ".join(parts) or _anything(part)


def _consul(part: Part) -> str:
    servers = [change for change in part.members if role(change) == "consul-server" or restarts(change) is not None]
    found = by_region(servers, part.shape.places)
    changed = [region for region, items in found.items() if any(item.operation != "create" for item in items)]
    made = [region for region, items in found.items() if all(item.operation == "create" for item in items)]
    parts = [f"new datacenter{_where(made)}"] if made else []
    if changed:
        parts.append(f"servers restart one after the other{_where(changed)}, the others hold the quorum")
    return "; ".join(parts) or _anything(part)


def _database(part: Part) -> str:
    names = [change.name for change in part.members if role(change) == "job"]
    parts: list[str] = []
    if any("migrations" in name for name in names):
        parts.append("schema migrations run before the release")
    if any(change.type.endswith(":Stash") and change.operation == "replace" for change in part.members):
        parts.append("new passwords, which the accounts take before any replica uses them")
    elif any("accounts" in name for name in names):
        parts.append("accounts are made again")
    return "; ".join(parts) or _anything(part)


def _image(part: Part) -> str:
    if any(change.operation == "create" for change in part.members):
        return "a new image is built"
    causes = [item for change in part.members for item in change.causes if item.path.startswith(("name", "image"))]
    return f"built anew, {described(causes[0])}" if causes else _anything(part)


def _document(part: Part) -> str:
    return f"new settings document, which running replicas take over within seconds{_where(part.regions)}"


def _network(part: Part) -> str:
    causes = [
        item for change in part.members for item in change.causes if item.old is not None and item.new is not None
    ]
    subnet = next((item for item in causes if item.path.endswith("subnet")), causes[0] if causes else None)
    return f"network made anew, {described(subnet)}" if subnet else _anything(part)


def _stored(_: Part) -> str:
    return "a new value is made"


def _anything(part: Part) -> str:
    found = Counter(change.operation for change in part.members if change.custom)
    causes = sorted({item.path for change in part.members for item in change.causes})
    total = [f"{found[operation]} {_VERBS.get(operation, operation)}" for operation in _VERBS if found[operation]]
    why = f" because of {', '.join(f'`{path}`' for path in causes[:3])}" if causes else ""
    return (", ".join(total) or "changed") + _where(part.regions) + why


def _replicas(found: Sequence[Change], shape: Shape, how: str = "") -> str:
    regions = by_region(found, shape.places)
    numbers = {len(replicas) for replicas in regions.values()}
    order = _regions(found, shape)
    if len(numbers) == 1 and len(regions) > 1:
        (number,) = numbers
        return f"{_count(number)} {how}in each of {' and '.join(order) if len(order) < 3 else ', '.join(order)}"
    return " and ".join(f"{_count(len(regions[region]))} {how}in {region}" for region in order) or "no replica"


def _count(number: int) -> str:
    return f"{number} replica" if number == 1 else f"{number} replicas"


def _regions(members: Sequence[Change], shape: Shape) -> list[str]:
    found = {region for change in members if (region := shape.places.of(change).region)}
    return sorted(found, key=lambda region: (region != shape.primary, region))


def _where(regions: Sequence[str]) -> str:
    return f" in {' and '.join(regions) if len(regions) < 3 else ', '.join(regions)}" if regions else ""


_KINDS: dict[str, Callable[[Part], str]] = {
    "Microservice": _microservice,
    "Ingress": _ingress,
    "MySqlCluster": _mysql,
    "ConsulDatacenter": _consul,
    "ServiceDatabase": _database,
    "ServiceImage": _image,
    "ReleasedImage": _image,
    "DynamicConfiguration": _document,
    "Region": _network,
    "Backbone": _network,
    "GossipKey": _stored,
    "CertificateAuthority": _stored,
    "Certificate": _stored,
}
