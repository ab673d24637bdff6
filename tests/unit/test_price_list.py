"""AWS's price list as its documentation describes it, shortened: what is taken from it, and what is refused.

Does not prove that AWS still writes it so: nothing is fetched here. Prices and SKUs that are taken are of lists of
2025 and 2026; rows that must not be taken have made-up prices, so that each of them would be noticed.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from tools.gostack.prices import command
from tools.gostack.prices.meters import METERS, WORLDWIDE, title_of
from tools.gostack.prices.price_list import ADDRESS, INDEX, PriceListError, prices_in
from tools.gostack.prices.table import TABLES, file_of, prices_of, written

NAMES = (
    *(
        "SKU",
        "OfferTermCode",
        "RateCode",
        "TermType",
        "PriceDescription",
        "EffectiveDate",
        "StartingRange",
        "EndingRange",
    ),
    *("Unit", "PricePerUnit", "Currency", "Product Family", "Instance Type", "Database Engine", "Cache Engine"),
    *("usageType", "operation", "Region Code"),
)


def row(usage: str, usd: str, **more: str) -> dict[str, str]:
    """A price on demand in us-east-1."""
    usual = {
        "TermType": "OnDemand",
        "Currency": "USD",
        "StartingRange": "0",
        "EndingRange": "Inf",
        "Region Code": "us-east-1",
    }
    return {
        **usual,
        "usageType": usage,
        "PricePerUnit": usd,
        **{key.replace("_", " "): value for key, value in more.items()},
    }


ROWS: dict[str, list[dict[str, str]]] = {
    "AmazonEKS": [
        row("USE1-AmazonEKS-Hours:perCluster", "0.1000000000"),
        row("USE1-AmazonEKS-Hours:extendedSupport", "0.5000000000"),
    ],
    "AmazonRDS": [
        row("InstanceUsage:db.r6g.large", "0.2600000000", Database_Engine="Aurora MySQL", Instance_Type="db.r6g.large"),
        row("InstanceUsage:db.r8g.xl", "0.5520000000", Database_Engine="Aurora MySQL", Instance_Type="db.r8g.xlarge"),
        row("InstanceUsage:db.r6g.large", "0.2150000000", Database_Engine="MySQL", Instance_Type="db.r6g.large"),
        row(
            "InstanceUsage:db.r6g.large",
            "0",
            TermType="Reserved",
            Database_Engine="Aurora MySQL",
            Instance_Type="db.r6g.large",
        ),
        row(
            "InstanceUsageIOOptimized:db.r6g.large",
            "0.3380000000",
            Database_Engine="Aurora MySQL",
            Instance_Type="db.r6g.large",
        ),
    ],
    "AmazonElastiCache": [
        row(
            "USE1-ExtendedSupportYr3-NodeUsage:cache.t3.micro",
            "0.0270000000",
            Cache_Engine="Valkey",
            Instance_Type="cache.t3.micro",
        )
    ],
    "AmazonEC2": [
        row("NatGateway-Hours", "0.0450000000", SKU="M2YSHUBETB3JX4M4"),
        row("RegionalNatGateway-Hours", "0.0460000000", SKU="KVHMMSJX774M3XRN"),
        row("NatGateway-Bytes", "0.0450000000", SKU="59S5R83GFPUAGVR5"),
        row("EUC1-NatGateway-Hours", "0.0520000000", SKU="FY5BA3Q38RMNEMJS", Region_Code="eu-central-1"),
        row("EBS:VolumeUsage.gp3", "0.0800000000"),
    ],
    "AmazonVPC": [
        row("USE1-VpcEndpoint-Hours", "0.0100000000"),
        row("USE1-PublicIPv4:InUseAddress", "0.0050000000"),
        row("USE1-PublicIPv4:IdleAddress", "0.0060000000"),
    ],
    "AWSELB": [
        row("LoadBalancerUsage", "0.0225000000", operation="LoadBalancing:Network"),
        row("LoadBalancerUsage", "0.0250000000", operation="LoadBalancing"),
    ],
    "awskms": [row("us-east-1-KMS-Keys", "1.0000000000", SKU="U553K98XGDXCYHWS")],
    "AWSSecretsManager": [row("USE1-AWSSecretsManager-Secrets", "0.4000000000")],
    "AmazonCloudWatch": [
        row("CW:AlarmMonitorUsage", "0.0000000000", EndingRange="10"),
        row("CW:AlarmMonitorUsage", "0.1000000000", StartingRange="10"),
    ],
    "AmazonRoute53": [
        row("Health-Check-Non-AWS", "0.7500000000", SKU="EYUFFNGJ6B6EEPX3", Region_Code=""),
        row("Health-Check-Option-Non-AWS", "2.0000000000", SKU="MBK2VE4BV4W7GVGK", Region_Code=""),
        row("Health-Check-AWS", "0.5000000000", SKU="URRRFRNVRT3XZBG6", Region_Code=""),
    ],
}


def offer_file(offer: str, rows: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows(
        [
            ["FormatVersion", "v1.0"],
            ["Disclaimer", "This pricing list is for informational purposes only."],
            ["Publication Date", "2025-10-28T17:54:55Z"],
            ["Version", "20251028175455"],
            ["OfferCode", offer],
        ]
    )
    writer.writerow(NAMES)
    writer.writerows([item.get(name, "") for name in NAMES] for item in rows)
    return text.getvalue()


class PriceList:
    """Answers as AWS's server does, from memory."""

    def __init__(self, rows: Mapping[str, list[dict[str, str]]] = ROWS) -> None:
        self.asked: list[str] = []
        folder = "/offers/v1.0/aws"
        self._files = {
            INDEX: json.dumps(
                {
                    "formatVersion": "v1.0",
                    "offers": {
                        offer: {
                            "offerCode": offer,
                            "currentVersionUrl": f"{folder}/{offer}/current/index.json",
                            "currentRegionIndexUrl": f"{folder}/{offer}/current/region_index.json",
                        }
                        for offer in rows
                    },
                }
            )
        }
        for offer, items in rows.items():
            version = f"{folder}/{offer}/20251028175455/us-east-1/index"
            regions = {"us-east-1": {"regionCode": "us-east-1", "currentVersionUrl": f"{version}.json"}}
            self._files[f"{ADDRESS}{folder}/{offer}/current/region_index.json"] = json.dumps({"regions": regions})
            for path in (version, f"{folder}/{offer}/current/index"):
                self._files[f"{ADDRESS}{path}.csv"] = offer_file(offer, items)

    @contextlib.contextmanager
    def __call__(self, url: str) -> Iterator[Iterable[str]]:
        self.asked.append(url)
        yield self._files[url].splitlines(keepends=True)


def test_every_meter_is_found_once_and_other_rows_are_passed_over() -> None:
    found = prices_in("us-east-1", PriceList())
    assert {key: str(price.usd) for key, price in found.items()} == {
        "eks-cluster": "0.1",
        "aurora-mysql/db.r6g.large": "0.26",
        "aurora-mysql/db.r8g.xlarge": "0.552",
        "nat-gateway": "0.045",
        "gp3-storage": "0.08",
        "interface-endpoint": "0.01",
        "public-ipv4": "0.005",
        "network-load-balancer": "0.0225",
        "kms-key": "1",
        "secret": "0.4",
        "alarm": "0.1",
    }


def test_a_price_names_its_file_and_its_day() -> None:
    price = prices_in("us-east-1", PriceList())["nat-gateway"]
    assert price.source == f"{ADDRESS}/offers/v1.0/aws/AmazonEC2/20251028175455/us-east-1/index.csv"
    assert (price.service, price.unit, price.date.isoformat()) == ("AmazonEC2", "hour", "2025-10-28")


def test_what_has_no_region_is_read_from_the_list_of_all_regions() -> None:
    server = PriceList()
    found = prices_in(WORLDWIDE, server)
    assert {key: price.usd for key, price in found.items()} == {
        "health-check": Decimal("0.75"),
        "health-check-option": Decimal(2),
    }
    assert server.asked == [INDEX, f"{ADDRESS}/offers/v1.0/aws/AmazonRoute53/current/index.csv"]


def test_two_prices_of_one_thing_are_refused() -> None:
    twice = {**ROWS, "awskms": [*ROWS["awskms"], row("us-east-1-KMS-Keys", "3.0000000000")]}
    with pytest.raises(PriceListError, match=r"two prices of kms-key, 1 and 3: say in .*meters\.py by which column"):
        prices_in("us-east-1", PriceList(twice))


def test_a_region_that_aws_does_not_have_is_refused() -> None:
    with pytest.raises(PriceListError, match="no AWSELB in eu-central-9: is the region's name right"):
        prices_in("eu-central-9", PriceList())


def test_a_file_in_another_format_is_refused() -> None:
    server = PriceList({**ROWS, "AWSELB": []})
    with pytest.raises(PriceListError, match=r"AWSELB/.*index\.csv is no price list in the format v1\.0"):
        prices_in("us-east-1", lambda url: contextlib.nullcontext(["<html>"]) if url.endswith(".csv") else server(url))


def test_the_command_writes_a_table_that_is_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack_file = tmp_path / "Pulumi.prod.yaml"
    stack_file.write_text("config:\n  gostack:aws:\n    regions:\n      us-east-1: {}\n", encoding="utf-8")
    assert command.renew(stack_file, tmp_path, PriceList()) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("aws-global: 2 prices, 0 of them changed, 0 are gone")
    monkeypatch.setattr("tools.gostack.prices.table.TABLES", tmp_path)
    prices_of.cache_clear()
    try:
        assert prices_of("us-east-1") == prices_in("us-east-1", PriceList())
    finally:
        prices_of.cache_clear()


def test_the_tables_of_this_repository_are_as_the_command_would_write_them() -> None:
    tables = {file.stem: prices_of(file.stem) for file in TABLES.glob("*.yaml")}
    assert {"aws-global", "eu-central-1", "us-east-1"} <= tables.keys()
    for region, prices in tables.items():
        for key, price in prices.items():
            meter = METERS[key.split("/")[0]]
            assert (price.service, price.unit, meter.worldwide) == (meter.offer, meter.unit, region == WORLDWIDE), key
        assert file_of(region).read_text(encoding="utf-8") == written(prices)


def test_people_read_what_is_priced() -> None:
    assert title_of("aurora-mysql/db.r8g.xlarge") == "Aurora MySQL db.r8g.xlarge"
    assert title_of("kms-key") == "KMS key"
