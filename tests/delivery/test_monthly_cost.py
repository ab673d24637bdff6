"""What the report says a stack on AWS costs a month, against calculations by hand; and what it says is in no sum.

Does not prove that a bill agrees: no account was reachable, and what is charged by use is in no sum.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.delivery.streams import TODAY, report
from tests.graph.prod import HOME, OTHER, Document, ground
from tests.graph.recorder import Graph, masked
from tools.gostack.gate.decision import decide
from tools.gostack.gate.environments import environment_of, load_environments
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import Change, Operation, StackChanges
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.monthly_cost import MonthlyCost
from tools.gostack.report.recording import load, save
from tools.gostack.report.render import as_json, as_markdown

MORE = "us-east-2"
HOURS = 730


def changes(before: Graph | None, after: Graph | None) -> StackChanges:
    """What the engine says of an update from one recorded stack to another."""
    old = {resource.urn: resource for resource in (before.resources if before else {}).values()}
    new = {resource.urn: resource for resource in (after.resources if after else {}).values()}
    found: list[Change] = []
    for urn in sorted(old | new):
        known = new.get(urn) or old[urn]
        was = masked(old[urn].inputs) if urn in old else {}
        becomes = masked(new[urn].inputs) if urn in new else {}
        operation: Operation = "create" if urn not in old else "delete" if urn not in new else "same"
        if operation == "same" and was != becomes:
            operation = "update"
        found.append(
            Change(
                urn,
                known.type,
                known.name,
                operation,
                parent=known.parent_urn,
                provider=known.provider,
                custom=known.custom,
                old=was,
                new=becomes,
            )
        )
    return StackChanges(
        "prod",
        tuple(change for change in found if change.operation != "same"),
        tuple(change for change in found if change.operation == "same"),
        settings={"gostack:regions": json.dumps({region: {} for region in (HOME, OTHER, MORE)})},
    )


def stack_report(before: Graph | None, after: Graph | None) -> StackReport:
    looked_at = Assessment.of(changes(before, after))
    return StackReport(looked_at, decide(looked_at, environment_of("prod", load_environments()), [], TODAY))


def cost(before: Graph | None, after: Graph | None) -> MonthlyCost:
    found = stack_report(before, after).monthly_cost
    assert found is not None
    return found


def near(amount: float) -> Any:
    """Within the 5 % that a table may be off before somebody has to look at it."""
    return pytest.approx(amount, rel=0.05)


def one_more(document: Document) -> None:
    document["regions"][MORE] = {}
    document["aws"]["regions"][MORE] = {"cidr": "10.18.0.0/16"}
    document["ingress"]["hosts"].append(f"{MORE}.api.example.com")


def small(document: Document) -> None:
    document["aws"]["size"] = "small"


@pytest.fixture(scope="module")
def published() -> Graph:
    return ground()


PUBLISHED = {
    # Control plane, three NAT gateways, an address for each and three for the load balancer, six endpoints in three
    # zones, the database's secret and its replica. Not priced here: Aurora, the load balancer, keys, alarms.
    HOME: HOURS * (0.10 + 3 * 0.052 + 6 * 0.005 + 18 * 0.012) + 2 * 0.40,
    # The same with two instances of Aurora and the load balancer; four keys of the region and one of what watches the
    # whole stack; 13 alarms of the region and two of the health checks.
    OTHER: HOURS * (0.10 + 3 * 0.045 + 6 * 0.005 + 18 * 0.01 + 2 * 0.552 + 0.0225) + 5 * 1.00 + 15 * 0.10,
    # Two health checks with three options each.
    "aws-global": 2 * (0.75 + 3 * 2.00),
}
"""Region to US dollars a month, by hand: 367.26, 1153.70 and 13.50."""


def by_region(found: MonthlyCost) -> dict[str, float]:
    sums: dict[str, float] = {}
    for line in found.lines:
        sums[line.quantity.region] = sums.get(line.quantity.region, 0) + float(line.after)
    return sums


def test_prod_as_published_costs_what_a_calculation_by_hand_says(published: Graph) -> None:
    found = cost(None, published)
    assert by_region(found) == {region: near(amount) for region, amount in PUBLISHED.items()}
    assert (float(found.before), float(found.after)) == (0, near(1534.46))
    assert (found.budget_usd, found.budget_share) == (4500, 34)


def test_a_further_region_costs_what_a_calculation_by_hand_says(published: Graph) -> None:
    found = cost(published, ground(one_more))
    assert float(found.before) == near(1534.46)
    # Control plane, NAT gateways and four keys there; a replica of the secret, a health check, and its alarm.
    by_hand = HOURS * (0.10 + 3 * 0.045) + 4 * 1.00 + 0.40 + (0.75 + 3 * 2.00) + 0.10
    assert by_hand == pytest.approx(182.80)
    assert float(found.after - found.before) == near(by_hand)
    assert {(item.title, item.before, item.after) for item in found.unpriced if item.region == MORE} == {
        ("Aurora MySQL db.r8g.xlarge", 0, 2),
        ("Network Load Balancer", 0, 1),
        ("alarm, metrics", 0, 13),
        ("interface endpoint, zones", 0, 18),
        ("public IPv4 address", 0, 6),
    }


def test_size_small_saves_what_a_calculation_by_hand_says(published: Graph) -> None:
    found = cost(published, ground(small))
    # One NAT gateway with its address instead of three; no endpoints; one instance of a smaller class.
    home = HOURS * (2 * 0.052 + 2 * 0.005 + 18 * 0.012)
    other = HOURS * (2 * 0.045 + 2 * 0.005 + 18 * 0.01 + 2 * 0.552 - 0.26)
    assert home + other == pytest.approx(1061.42)
    assert float(found.before - found.after) == near(home + other)
    changed = {(line.title, line.quantity.region): line.quantity for line in found.lines if line.before != line.after}
    assert (changed["NAT gateway", HOME].before, changed["NAT gateway", HOME].after) == (3, 1)
    assert changed["Aurora MySQL db.r6g.large", OTHER].after == 1
    assert changed["Aurora MySQL db.r8g.xlarge", OTHER].after == 0


def test_every_line_has_a_source_and_a_day_and_what_has_none_is_named(published: Graph) -> None:
    found = cost(None, published)
    assert all(line.price.source.startswith("https://") and line.price.date.year >= 2024 for line in found.lines)
    assert {(item.title, item.region, item.after) for item in found.unpriced} == {
        ("Aurora MySQL db.r8g.xlarge", HOME, 2),
        ("KMS key", HOME, 4),
        ("Network Load Balancer", HOME, 1),
        ("alarm, metrics", HOME, 12),
    }
    assert all("no dated source" in item.reason for item in found.unpriced)
    assert "data through NAT gateways" in found.by_use


@pytest.mark.parametrize(
    ("existing", "change", "difference"),
    [(False, None, 1534.46), (True, one_more, 182.80), (True, small, -1061.42)],
    ids=["prod as published", "one region more", "size small"],
)
def test_a_report_says_what_a_change_costs_with_source_and_day_of_every_line(
    existing: bool, change: Callable[[Document], None] | None, difference: float, published: Graph
) -> None:
    before, after = (published, ground(change)) if existing else (None, published)
    text = as_markdown(Report((stack_report(before, after),)))
    table = text[text.index("| region | what |") :].partition("\n\n")[0].splitlines()[2:]
    assert len(table) >= 15
    for line in table:
        source = r"\[20\d\d-\d\d-\d\d\]\(https://[^) ]+\)"
        assert re.fullmatch(rf"\| [a-z0-9-]+ \| .+ \| {source} \|", line), line
    # What stays as it was says so by a nought.
    by_line = [float(line.split(" | ")[5].replace(",", "")) for line in table]
    told = re.search(r"<b>Monthly price</b>: \S+ → \S+ USD \(([+-][\d,.]+)\), \d+ % of the budget", text)
    assert told is not None
    assert sum(by_line) == near(difference)
    assert float(told[1].replace(",", "")) == near(difference)


def test_the_comment_tells_the_sums_and_each_line(published: Graph) -> None:
    text = as_markdown(Report((stack_report(None, published),)))
    assert (
        "<summary><b>Monthly price</b>: 0.00 → 1,534.46 USD (+1,534.46), 34 % of the budget of 4,500;"
        " 4 kinds of resources are not priced</summary>"
    ) in text
    assert (
        "| eu-central-1 | NAT gateway | 0 → 3 | 0.052 / hour | 0.00 → 113.88 | +113.88 | [2025-10-28](https://" in text
    )
    assert "- not priced: KMS key in eu-central-1, 0 → 4: no dated source was found for this region" in text
    assert "- by use, in no sum: data through NAT gateways" in text
    # Risk first: the price stands below what is at risk.
    assert text.index("**Cost**") < text.index("Monthly price")


def test_json_has_the_same_figures(published: Graph) -> None:
    (stack,) = json.loads(as_json(Report((stack_report(None, published),))))["stacks"]
    figures = stack["monthlyCost"]
    assert (figures["before"], figures["after"], figures["budget"], figures["budgetShare"]) == (0, 1534.46, 4500, 34)
    (nat,) = [line for line in figures["lines"] if (line["price"], line["region"]) == ("nat-gateway", OTHER)]
    assert (nat["numberAfter"], nat["usd"], nat["unit"], nat["after"], nat["date"]) == (
        3,
        0.045,
        "hour",
        98.55,
        "2026-09-03",
    )


def test_a_recording_keeps_what_is_counted(published: Graph, tmp_path: Any) -> None:
    looked_at = Assessment.of(changes(None, published))
    save(looked_at, tmp_path / "prod.json")
    assert load(tmp_path / "prod.json").quantities == looked_at.quantities


def test_a_stack_that_pays_nobody_has_no_price() -> None:
    made = report("scale")
    assert made.stacks[0].monthly_cost is None
    assert "Monthly price" not in as_markdown(made)


def change(kind: str, operation: Operation, *, old: Any = None, new: Any = None, retained: bool = False) -> Change:
    return Change(
        f"urn:pulumi:prod::gostack::{kind}::thing-{OTHER}",
        kind,
        f"thing-{OTHER}",
        operation,
        custom=True,
        retained=retained,
        old=old or {},
        new=new or {},
    )


def counted(*found: Change) -> dict[str, tuple[int, int]]:
    stack = StackChanges("prod", found, settings={"gostack:regions": json.dumps({OTHER: {}})})
    return {item.price: (item.before, item.after) for item in Assessment.of(stack).quantities.items}


def test_disks_of_a_cluster_on_eks_are_counted_by_what_is_claimed() -> None:
    claims = [{"spec": {"resources": {"requests": {"storage": "10Gi"}}}}]
    servers = change(
        "kubernetes:apps/v1:StatefulSet",
        "update",
        old={"spec": {"replicas": 3, "volumeClaimTemplates": claims}},
        new={"spec": {"replicas": 5, "volumeClaimTemplates": claims}},
    )
    assert counted(servers) == {}
    cluster = change("aws:eks/cluster:Cluster", "same", new={"name": "prod"})
    assert counted(servers, cluster) == {"eks-cluster": (1, 1), "gp3-storage": (30, 50)}


def test_what_is_let_out_of_the_state_is_paid_for_all_the_same() -> None:
    kind, key = "aws:kms/key:Key", {"description": "data"}
    assert counted(change(kind, "delete", old=key)) == {"kms-key": (1, 0)}
    assert counted(change(kind, "delete", old=key, retained=True)) == {"kms-key": (1, 1)}
    assert counted(change(kind, "forget", old=key)) == {"kms-key": (1, 1)}


def test_nodes_of_a_cache_are_counted_by_their_class() -> None:
    cache = change(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "create",
        new={"nodeType": "cache.t4g.small", "numCacheClusters": 2},
    )
    assert counted(cache) == {"valkey/cache.t4g.small": (0, 2)}


def test_a_text_that_is_no_class_is_not_told() -> None:
    kind = "aws:rds/clusterInstance:ClusterInstance"
    assert counted(change(kind, "create", new={"instanceClass": "hunter2-hunter2"})) == {
        "aurora-mysql/of a class not known": (0, 1)
    }


def test_a_type_that_is_paid_for_and_not_known_is_named() -> None:
    found = Assessment.of(StackChanges("prod", (change("aws:rds/proxy:Proxy", "create", new={"name": "proxy"}),)))
    assert found.quantities.unknown == ("aws:rds/proxy:Proxy",)


def test_sums_are_exact() -> None:
    looked_at = Assessment.of(
        StackChanges("prod", tuple(change("aws:ec2/eip:Eip", "create", new={"domain": "vpc"}) for _ in range(3)))
    )
    found = StackReport(
        looked_at, decide(looked_at, environment_of("prod", load_environments()), [], TODAY)
    ).monthly_cost
    assert found is not None
    assert found.after == Decimal("10.95")
