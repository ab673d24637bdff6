"""How many certificates of its own authority a stack signs in advance, and where that means nothing.

Does not prove that any of them is served: tests/integration/test_18_authority.py asks for it.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings
from tests.graph.conftest import published_settings
from tests.support.settings import refused


def changed(stack: str = "dev", address: str = "127.0.0.1", **certificates: Any) -> Settings:
    def change(document: dict[str, Any]) -> None:
        document["certificates"] = certificates
        if document["platform"] == "docker":
            next(iter(document["regions"].values()))["bind_address"] = address
        if "acme" in certificates:
            document["ingress"] = {"hosts": ["shop.example.com"]}

    return published_settings(stack, change)


def refusal(stack: str = "dev", **certificates: Any) -> str:
    return refused(lambda: changed(stack, **certificates))


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.7"])
def test_where_others_come_to_an_ingress_its_certificate_renews_without_an_update(address: str) -> None:
    found = changed(address=address)
    assert (found.certificates_in_advance, found.has_certificate_client) == (10, True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_where_this_machine_alone_does_an_update_renews_it(address: str) -> None:
    found = changed(address=address)
    assert (found.certificates_in_advance, found.has_certificate_client) == (1, False)


def test_the_number_is_a_choice_on_both() -> None:
    assert changed(in_advance=20).has_certificate_client
    assert changed(in_advance=20).certificates_in_advance == 20
    assert not changed(address="0.0.0.0", in_advance=1).has_certificate_client


def test_with_acme_there_is_one_client_and_one_certificate_of_the_stacks_own() -> None:
    found = changed(address="0.0.0.0", acme={})
    assert (found.certificates_in_advance, found.has_certificate_client) == (1, True)
    assert refusal(acme={}, in_advance=2) == (
        "gostack:certificates: in_advance means nothing with acme, which renews by itself: remove it."
    )


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_on_a_cluster_an_update_renews_it(stack: str) -> None:
    assert not changed(stack).has_certificate_client
    assert refusal(stack, in_advance=10).startswith("gostack:certificates.in_advance has a meaning only when ")


def test_a_life_of_hours_needs_more_than_updates() -> None:
    assert changed(lifetime_days=0.25, in_advance=50).certificates.lifetime_days == 0.25
    short: tuple[dict[str, Any], ...] = ({"lifetime_days": 0.25}, {"lifetime_days": 1, "in_advance": 1})
    for settings in short:
        assert "is too short for certificates that `up` alone renews: make it at least 2, or" in refusal(**settings)
    assert changed(lifetime_days=2).certificates.lifetime_days == 2


@pytest.mark.parametrize("wrong", [{"in_advance": 0}, {"in_advance": 101}, {"lifetime_days": 0.002, "in_advance": 2}])
def test_what_no_clock_could_follow_is_refused(wrong: dict[str, Any]) -> None:
    assert refusal(**wrong).startswith("gostack:certificates.")
