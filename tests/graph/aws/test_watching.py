"""What is written down, who is told, and what it may cost."""

from __future__ import annotations

from tests.graph.aws.regions import provider_region
from tests.graph.prod import HOME
from tests.graph.recorder import Graph


def test_somebody_is_told_of_load_lag_errors_expiry_and_a_region_that_is_away(prod: Graph) -> None:
    alarms = prod.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    told = {(item.plain("namespace"), item.plain("metricName")) for item in alarms}
    assert {
        ("AWS/RDS", "CPUUtilization"),
        ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
        ("ContainerInsights", "node_cpu_utilization"),
        ("AWS/CertificateManager", "DaysToExpiry"),
        ("AWS/NetworkELB", "HealthyHostCount"),
        ("AWS/Route53", "HealthCheckStatus"),
        ("gostack/ingress", f"gostack-prod-{HOME}-responses-5xx"),
    } <= told
    for alarm in alarms:
        (topic,) = alarm.property_dependencies["alarmActions"]
        # An alarm tells a topic of its own region only.
        assert provider_region(prod, prod.resources[topic]) == provider_region(prod, alarm), alarm.name
    for alarm in alarms:
        if alarm.plain("metricName") in ("CPUUtilization", "node_cpu_utilization"):
            assert (alarm.plain("threshold"), alarm.plain("period") * alarm.plain("evaluationPeriods")) == (80, 300)
