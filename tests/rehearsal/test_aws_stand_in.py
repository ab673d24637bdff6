"""The stand-in for the AWS plugin under the real Pulumi engine: a small network with a cluster in each of two regions.

It does not prove what AWS does. The whole of prod runs on it elsewhere.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.engine import Program, missing_toolchain

pytestmark = pytest.mark.skipif(missing_toolchain() is not None, reason=str(missing_toolchain()))

SOURCE = """
import json
from pathlib import Path

import pulumi
import pulumi_aws as aws

wanted = json.loads(Path("wanted.json").read_text())
zone_id = "Z0123456789EXAMPLE"
for region in wanted["regions"]:
    provider = aws.Provider(region, region=region, default_tags={"tags": {"stack": "test"}})
    options = pulumi.ResourceOptions(provider=provider)
    network = aws.ec2.Vpc(f"{region}-network", cidr_block=wanted["cidr"], tags={"owner": "me"}, opts=options)
    subnets = [
        aws.ec2.Subnet(
            f"{region}-{zone}",
            vpc_id=network.id,
            cidr_block=f"10.0.{number}.0/24",
            availability_zone=f"{region}{zone}",
            opts=options,
        )
        for number, zone in enumerate("ab")
    ]
    role = aws.iam.Role(f"{region}-role", assume_role_policy=json.dumps({"Statement": []}), opts=options)
    cluster = aws.eks.Cluster(
        f"{region}-cluster",
        role_arn=role.arn,
        vpc_config={"subnet_ids": [subnet.id for subnet in subnets]},
        opts=options,
    )
    aws.secretsmanager.SecretVersion(
        f"{region}-password",
        secret_id=aws.secretsmanager.Secret(f"{region}-secret", opts=options).arn,
        secret_string=pulumi.Output.secret("correct horse"),
        opts=options,
    )
    aws.route53.Record(
        f"{region}-record",
        zone_id=zone_id,
        name="api.example.com",
        type="CNAME",
        ttl=60,
        set_identifier=region,
        records=[cluster.endpoint],
        opts=options,
    )
    pulumi.export(region, {"endpoint": cluster.endpoint, "authority": cluster.certificate_authority.data})
"""
REGIONS = ["eu-central-1", "us-east-1"]


class Cloud(Program):
    """The program with what it is to make."""

    def want(self, regions: list[str] = REGIONS, cidr: str = "10.0.0.0/16") -> None:
        """Say what the program is to make."""
        (self.folder / "wanted.json").write_text(json.dumps({"regions": regions, "cidr": cidr}))

    @property
    def journal(self) -> Path:
        return Path(self.variables["GOSTACK_AWS_JOURNAL"])

    def operations(self) -> list[tuple[str, str]]:
        """What was done since the last look, in order."""
        lines = [json.loads(line) for line in self.journal.read_text().splitlines()]
        self.journal.write_text("")
        return [(line["operation"], line["name"]) for line in sorted(lines, key=lambda line: line["finished"])]


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    variables = {
        "GOSTACK_AWS_JOURNAL": str(tmp_path / "journal"),
        "GOSTACK_AWS_FAULTS": str(tmp_path / "faults.json"),
        # Nothing of an account may be needed, or used.
        "AWS_ACCESS_KEY_ID": "",
        "AWS_PROFILE": "",
    }
    (tmp_path / "journal").touch()
    (tmp_path / "faults.json").write_text("[]")
    program = Cloud(tmp_path / "shop", ("aws",), variables)
    program.write(SOURCE)
    program.want()
    return program


def test_two_regions_are_made_stay_as_they_are_and_a_replacement_is_told_before_it_happens(cloud: Cloud) -> None:
    preview = cloud.preview()
    assert preview.code == 0, preview.text
    assert cloud.operations() == []

    first = cloud.up()
    assert first.code == 0, first.text
    made = cloud.operations()
    for region in REGIONS:
        order = [made.index(("create", f"{region}-{part}")) for part in ("network", "a", "cluster", "record")]
        assert order == sorted(order)
    assert cloud.steps() == {}
    assert "correct horse" not in json.dumps(cloud.state())

    cloud.want(cidr="10.1.0.0/16")
    # The network cannot change in place, nor what is in it; the cluster is told of its new subnets.
    told = cloud.steps()
    assert {told[f"{region}-{part}"] for region in REGIONS for part in ("network", "a", "b")} == {"replace"}
    assert told["eu-central-1-cluster"] == "update"


def test_a_region_that_is_taken_away_goes_in_the_order_of_its_dependencies(cloud: Cloud) -> None:
    assert cloud.up().code == 0
    cloud.operations()
    cloud.want(regions=["eu-central-1"])

    result = cloud.up()

    assert result.code == 0, result.text
    gone = cloud.operations()
    assert {operation for operation, _ in gone} == {"delete"}
    order = [gone.index(("delete", f"us-east-1-{part}")) for part in ("record", "cluster", "a", "network")]
    assert order == sorted(order)
    assert cloud.destroy().code == 0
    assert [name for name in cloud.state() if name.startswith(tuple(REGIONS))] == []


def test_a_failure_is_told_and_the_next_update_makes_the_rest(cloud: Cloud) -> None:
    fail = {"type": "aws:eks/cluster:Cluster", "name": "eu-*", "fault": "fail", "message": "ResourceLimitExceeded"}
    slow = {"type": "aws:ec2/subnet:Subnet", "fault": "slow", "seconds": 0.1}
    throttle = {"type": "aws:iam/*", "fault": "throttle", "times": 3}
    Path(cloud.variables["GOSTACK_AWS_FAULTS"]).write_text(json.dumps([fail, slow, throttle]))

    failed = cloud.up()

    assert failed.code != 0
    assert "ResourceLimitExceeded" in failed.text
    assert "eu-central-1-network" in cloud.state()
    cloud.operations()
    mended = cloud.up()
    assert mended.code == 0, mended.text
    assert ("create", "eu-central-1-cluster") in cloud.operations()
    assert cloud.steps() == {}


def test_what_the_sdk_does_not_have_is_refused_before_anything_is_made(cloud: Cloud) -> None:
    inputs = '{"cidrBlok": "10.0.0.0/16", "enableDnsSupport": "yes"}'
    wrong = f'pulumi.CustomResource("aws:ec2/vpc:Vpc", "typo", {inputs}, options)'
    cloud.write(f"{SOURCE}\n{wrong}\n")

    refused = cloud.preview()

    assert refused.code != 0
    assert "Invalid or unknown key. Examine values at 'typo.cidrBlok'" in refused.text
    assert "expected boolean type, got string type" in refused.text


def test_without_a_region_there_is_no_provider(cloud: Cloud) -> None:
    cloud.write('import pulumi_aws as aws\n\naws.ec2.Vpc("network", cidr_block="10.0.0.0/16")\n')

    refused = cloud.preview()

    assert refused.code != 0
    assert "unable to find AWS region" in refused.text
