"""Settings of a stack on AWS: what is wrong is refused by one sentence with key and fix, before anything is made.

Does not prove that the account has what the settings name: zone, role and quotas are looked at by AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.settings import SettingsError
from infra.settings.aws_files import require_certificates
from tests.graph.conftest import PROJECT, Document, published_settings
from tools.gostack.rds_certificates import CertificatesError, bundle, stack_regions

HOME, OTHER = "eu-central-1", "us-east-1"


def refused(change: Callable[[Document], Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        published_settings("prod", change)
    text = str(caught.value)
    assert "\n" not in text
    return text


def setting(path: str, value: Any) -> Callable[[Document], None]:
    """A change of one key; `.` leads into a section."""

    def change(document: Document) -> None:
        *sections, key = path.split(".")
        place: Any = document
        for section in sections:
            place = place.setdefault(section, {})
        place[key] = value

    return change


def without(path: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        *sections, key = path.split(".")
        place: Any = document
        for section in sections:
            place = place[section]
        del place[key]

    return change


def test_the_published_stack_file_is_accepted() -> None:
    settings = published_settings("prod")
    assert settings.aws is not None
    assert settings.aws.sizing().instances == 2
    assert settings.aws.zones(HOME) == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


@pytest.mark.parametrize("key", ["account", "deploy_role", "home_region", "kubernetes_version", "owner", "cost_centre"])
def test_what_is_missing_is_named(key: str) -> None:
    assert refused(without(f"aws.{key}")) == f"gostack:aws.{key} is missing: add it to the stack file."


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("aws.account", "1234", "gostack:aws.account"),
        ("aws.deploy_role", "gostack-deploy", "is not the ARN of a role"),
        ("aws.permissions_boundary", "gostack-boundary", "is not the ARN of a policy"),
        ("aws.home_region", "europe-1", "is not a region of AWS"),
        ("aws.home_region", "eu-west-1", "which is no region of the stack: use one of eu-central-1, us-east-1"),
        ("mysql.primary", "eu-west-1", "gostack:mysql.primary is"),
        (f"aws.regions.{OTHER}.cidr", "10.16.128.0/17", "overlaps with gostack:aws.regions.eu-central-1.cidr"),
        (f"aws.regions.{OTHER}.cidr", "10.17.0.0/24", "takes /16 to /20"),
        (f"aws.regions.{OTHER}.cidr", "172.20.0.0/16", "which the services inside a cluster have"),
        (f"aws.regions.{OTHER}.availability_zones", ["us-east-1a", "us-east-1b"], "availability_zones"),
        (f"aws.regions.{OTHER}.availability_zones", ["us-east-1a", "us-east-1b", "eu-west-1c"], '"eu-west-1c"'),
        (f"aws.regions.{OTHER}.availability_zones", ["us-east-1a", "us-east-1a", "us-east-1b"], "three different"),
        (f"aws.regions.{HOME}.retiring", True, "move that elsewhere first"),
        ("aws.regions.eu-west-1", {"cidr": "10.18.0.0/16"}, "gostack:aws.regions has eu-west-1, which gostack:regions"),
        ("regions.eu-west-1", {}, "gostack:regions has eu-west-1, which gostack:aws.regions has not"),
        ("aws.domain.zone_id", "example.com", "gostack:aws.domain.zone_id"),
        ("aws.domain.drain_seconds", 30, "gostack:aws.domain.drain_seconds"),
        ("aws.domain.name", "shop.example.com", 'gostack:ingress.hosts lacks "shop.example.com"'),
        ("aws.database.instance_class", "db.t4g.medium", "cannot be in a global database"),
        ("aws.database.instance_class", "large", "is not a class of database instances"),
        ("aws.database.engine_version", "8.0.35", "gostack:aws.database.engine_version"),
        ("aws.api_access", ["0.0.0.0/0"], "opens the API server to the world"),
        ("aws.interface_endpoints", ["ECR api"], "is not the last part of the name of a service of AWS"),
        ("aws.alarm_emails", [], "gostack:aws.alarm_emails"),
        ("aws.alarm_emails", ["nobody"], "is not an e-mail address"),
        ("aws.log_retention_days", 100, "CloudWatch keeps no logs for 100 days: use 90"),
        ("aws.accont", "1", 'did you mean "account"?'),
        ("platform", "docker", 'gostack:aws has a meaning only when gostack:platform is "kubernetes"'),
        ("kubernetes.context", "kind", "gostack:kubernetes.context has no meaning with gostack:aws"),
        ("mysql.topology", "single", "gostack:mysql.topology has no meaning with gostack:aws"),
        ("mysql.memory_mib", 2048, "gostack:mysql.memory_mib has no meaning with gostack:aws"),
        ("registry", "registry.example.com", "gostack:registry has no meaning with gostack:aws"),
        ("images.nginx", "nginx:1.30", "whose tag may move"),
        ("services.users.image", f"123456789012.dkr.ecr.us-east-1.amazonaws.com/u@sha256:{64 * '0'}", "gets copies"),
        ("services.users.image", "registry.example.com/users:1.0", "whose tag may move"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key(path: str, value: Any, words: str) -> None:
    assert words in refused(setting(path, value))


def test_prod_builds_no_image() -> None:
    def change(document: Document) -> None:
        document["services"]["users"] = {"context": "services/users"}

    assert "prod takes what staging has proven" in refused(change)


def test_regions_of_another_part_of_aws_are_refused() -> None:
    def change(document: Document) -> None:
        document["regions"]["cn-north-1"] = {}
        document["aws"]["regions"]["cn-north-1"] = {"cidr": "10.18.0.0/16"}

    assert "different parts of AWS" in refused(change)


def test_a_size_is_what_is_not_said() -> None:
    def change(document: Document) -> None:
        document["aws"].update(size="small", single_nat=False)
        document["aws"]["database"]["instances"] = 3

    settings = published_settings("prod", change).aws
    assert settings is not None
    sizing = settings.sizing()
    assert (sizing.instance_class, sizing.instances, sizing.single_nat) == ("db.r6g.large", 3, False)
    assert sizing.interface_endpoints == ()


def certificates(tmp_path: Path, account: str, name: str) -> None:
    def change(document: Document) -> None:
        document["aws"]["account"] = account
        document["aws"]["database"]["certificate_authority"] = name
        document["services"]["users"]["image"] = f"registry.example.com/users@sha256:{64 * '0'}"

    settings = published_settings("prod", change).aws
    assert settings is not None
    require_certificates(settings, tmp_path)


def test_a_rehearsals_certificates_are_refused_in_a_real_account(tmp_path: Path) -> None:
    text = (PROJECT / "tools" / "offline" / "providers" / "aws" / "rehearsal-ca.pem").read_bytes()
    (tmp_path / "ca.pem").write_bytes(text)
    certificates(tmp_path, "123456789012", "ca.pem")
    with pytest.raises(SettingsError, match=r"which is for rehearsals: .*gostack rds-certificates"):
        certificates(tmp_path, "210987654321", "ca.pem")


def test_certificates_that_are_not_there_or_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"is no file of the project: run `gostack rds-certificates"):
        certificates(tmp_path, "123456789012", "ca.pem")
    (tmp_path / "ca.pem").write_text("no")
    with pytest.raises(SettingsError, match=r"holds no certificates"):
        certificates(tmp_path, "123456789012", "ca.pem")


def test_amazons_certificates_are_fetched_for_every_region_of_the_stack() -> None:
    asked: list[str] = []
    authority = (PROJECT / "tools" / "offline" / "providers" / "aws" / "rehearsal-ca.pem").read_bytes()

    def download(url: str) -> bytes:
        asked.append(url)
        return authority

    regions = stack_regions(PROJECT / "Pulumi.prod.yaml")
    text, names = bundle(regions, download)
    assert asked == [
        f"https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem" for region in (HOME, OTHER)
    ]
    assert text.count(b"BEGIN CERTIFICATE") == len(names) == 2


def test_an_answer_that_is_no_certificate_is_not_written() -> None:
    with pytest.raises(CertificatesError, match=r"holds no certificates: look at what answers there"):
        bundle([HOME], lambda url: b"<html>")


def test_a_stack_that_is_not_on_aws_has_no_such_certificates() -> None:
    with pytest.raises(CertificatesError, match=r"Pulumi\.dev\.yaml has no gostack:aws\.regions"):
        stack_regions(PROJECT / "Pulumi.dev.yaml")
