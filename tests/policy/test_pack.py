"""The policy pack as the engine starts it: a process that is asked over gRPC, resource by resource.

Does not prove that the engine stops an update: that is the engine's own promise for a mandatory policy.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policy.readers.masking import SIGNATURE
from policy.rules import RULES

PACK = Path(__file__).resolve().parents[2] / "policy"
CONTAINER = "docker:index/container:Container"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": "MYSQL_PASSWORD=hunter2"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@pytest.fixture(scope="module")
def pack() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    process = subprocess.Popen([sys.executable, "-u", str(PACK), "127.0.0.1:1"], stdout=subprocess.PIPE, cwd="/")
    assert process.stdout is not None
    try:
        channel = grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}")
        yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def told(pack: analyzer_pb2_grpc.AnalyzerStub, inputs: dict[str, Any], stack: str = "dev") -> set[str]:
    """Names of the rules that a container with these inputs violates."""
    properties = json_format.ParseDict(inputs, struct_pb2.Struct())
    response = pack.Analyze(
        analyzer_pb2.AnalyzeRequest(
            type=CONTAINER,
            name="server",
            urn=f"urn:pulumi:{stack}::gostack::{CONTAINER}::server",
            properties=properties,
            options=analyzer_pb2.AnalyzerResourceOptions(),
        )
    )
    return {diagnostic.policyName for diagnostic in response.diagnostics}


def test_every_rule_is_a_policy_with_its_level(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    policies = pack.GetAnalyzerInfo(empty_pb2.Empty()).policies
    levels = {analyzer_pb2.MANDATORY: "mandatory", analyzer_pb2.ADVISORY: "advisory"}
    assert {policy.name: levels[policy.enforcementLevel] for policy in policies} == {
        rule.name: rule.level for rule in RULES
    }


def test_a_secret_in_plain_text_is_told_and_a_marked_one_is_not(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    assert "plain-secret" in told(pack, {"envs": ["MYSQL_PASSWORD=hunter2"]})
    assert "plain-secret" not in told(pack, {"envs": [SECRET]})


def test_an_unknown_value_does_not_keep_a_rule_from_judging_the_others(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    assert "container-hardened" in told(pack, {"image": UNKNOWN, "user": "root"})
    assert "pinned-container" not in told(pack, {"image": UNKNOWN})


def test_the_environment_is_the_one_of_the_stack(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    ports = {"ports": [{"internal": 80, "external": 80, "ip": "192.168.1.9"}]}
    assert "loopback-ports" in told(pack, ports)
    assert "loopback-ports" not in told(pack, ports, stack="prod")


def test_a_rule_over_the_whole_stack_sees_all_resources(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    vpc = analyzer_pb2.AnalyzerResource(
        type="aws:ec2/vpc:Vpc",
        name="vpc",
        urn="urn:pulumi:prod::gostack::aws:ec2/vpc:Vpc::vpc",
        properties=struct_pb2.Struct(),
        options=analyzer_pb2.AnalyzerResourceOptions(),
    )
    flows = analyzer_pb2.AnalyzerResource(
        type="aws:ec2/flowLog:FlowLog",
        name="flows",
        urn="urn:pulumi:prod::gostack::aws:ec2/flowLog:FlowLog::flows",
        properties=struct_pb2.Struct(),
        options=analyzer_pb2.AnalyzerResourceOptions(),
        dependencies=[vpc.urn],
    )

    def names(*resources: analyzer_pb2.AnalyzerResource) -> set[str]:
        response = pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources))
        return {diagnostic.policyName for diagnostic in response.diagnostics}

    assert "flow-logs" in names(vpc)
    assert "flow-logs" not in names(vpc, flows)
