"""Where a certificate comes from by ACME: what is refused, and what the client and the ingress are told.

Does not prove that an authority takes an order: the client's own tests ask one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from components.certificate_client.args import CHALLENGES
from components.certificates.x509 import new_authority
from infra.secret_stores.resolution import with_secrets
from infra.settings import Settings, SettingsError
from infra.settings.acme import LETS_ENCRYPT, Provider
from infra.settings.files import require_files
from infra.settings.ingress import certificate_names, ingress_configuration, watched_hosts
from infra.settings.secrets import require_encrypted
from tests.graph.conftest import published_settings
from tests.support.settings import refused

CLIENT = Path(__file__).resolve().parents[2] / "components" / "certificate_client" / "client"
HOSTS = ("shop.example.com",)
DNS: dict[str, Any] = {"challenge": "dns-01", "provider": "hetzner"}


def changed(hosts: tuple[str, ...] = HOSTS, **acme: Any) -> Settings:
    return published_settings(
        "dev", lambda document: document.update(certificates={"acme": acme}, ingress={"hosts": list(hosts)})
    )


def refusal(hosts: tuple[str, ...] = HOSTS, **acme: Any) -> str:
    return refused(lambda: changed(hosts, **acme))


def test_without_a_word_it_is_lets_encrypt_by_port_80() -> None:
    acme = changed().certificates.acme
    assert acme is not None
    assert (acme.directory, acme.challenge) == (LETS_ENCRYPT, "http-01")
    assert published_settings("dev").certificates.acme is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "intranet", "shop.localhost"])
def test_a_host_that_no_authority_can_see_is_refused(host: str) -> None:
    assert refusal(hosts=("shop.example.com", host)) == (
        f'gostack:ingress has "{host}", for which gostack:certificates.acme gets no certificate: name only hosts that '
        "the world knows."
    )


def test_more_names_than_a_certificate_has_are_refused() -> None:
    hosts = tuple(f"shop-{number}.example.com" for number in range(101))
    assert refusal(hosts=hosts).startswith("gostack:ingress has 101 names, ")
    assert changed(hosts=hosts[:100]).certificates.acme is not None


def with_sites(**sites: Any) -> Settings:
    return published_settings(
        "dev",
        lambda document: document.update(
            certificates={"acme": {}},
            ingress={"hosts": ["own.example.com", "shop.example.com"], "sites": sites},
        ),
    )


OWN = {"certificate": "own.pem", "secrets": {"key": {"secure": "v1:xyz"}}}


def test_a_host_with_a_certificate_of_its_own_is_not_in_the_order_and_a_name_that_redirects_is() -> None:
    found = with_sites(**{"own.example.com": OWN, "shop.example.com": {"redirect_from": ["www.example.com"]}})
    assert certificate_names(found) == ["shop.example.com", "www.example.com"]
    # The alert on what is served and the client speak of the same host.
    assert watched_hosts(found) == ["own.example.com", "shop.example.com"]


def test_a_name_that_redirects_is_one_that_an_authority_can_see() -> None:
    with pytest.raises(SettingsError, match=r'gostack:ingress has "intranet", for which gostack:certificates\.acme'):
        with_sites(**{"shop.example.com": {"redirect_from": ["intranet"]}})


def test_an_order_for_no_host_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"acme has no host to get a certificate for, as each has its own"):
        with_sites(**{"own.example.com": OWN, "shop.example.com": OWN})


@pytest.mark.parametrize(("stack", "instead"), [("staging", "cert-manager"), ("prod", "ACM")])
def test_elsewhere_another_program_does_it(stack: str, instead: str) -> None:
    with pytest.raises(SettingsError) as caught:
        published_settings(stack, lambda document: document.update(certificates={"acme": {}}))
    said = str(caught.value)
    assert said.startswith("gostack:certificates.acme has ")
    assert instead in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "hetzner"},
        {"environment": {"A": "1"}},
        {"secrets": {"A": {"secure": "v1:xyz"}}},
        {"nameservers": ["10.0.0.53:53"]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_only_dns_01_reads_is_refused_with_http_01(wrong: dict[str, Any]) -> None:
    (key,) = wrong
    assert refusal(**wrong) == (
        f"gostack:certificates.acme: {key} means nothing with the challenge http-01: remove it, or set challenge to "
        '"dns-01".'
    )


def test_dns_01_needs_to_know_who_keeps_the_zones() -> None:
    assert "provider is missing" in refusal(challenge="dns-01")
    assert "environment.TOKEN is among the secrets" in refusal(
        **DNS, environment={"TOKEN": "a"}, secrets={"TOKEN": {"secure": "v1:xyz"}}
    )


def test_a_directory_without_tls_is_refused() -> None:
    assert "is not the address of a directory" in refusal(directory="http://acme.example.com/dir")


def test_a_secret_of_a_provider_is_encrypted_or_refused() -> None:
    with pytest.raises(SettingsError, match=r"gostack secrets set acme HETZNER_API_TOKEN"):
        require_encrypted({"certificates": {"acme": {**DNS, "secrets": {"HETZNER_API_TOKEN": "plain"}}}})
    require_encrypted({"certificates": {"acme": {**DNS, "secrets": {"HETZNER_API_TOKEN": "ref+vault://kv/dns#token"}}}})


def test_a_secret_of_a_provider_may_be_in_another_store() -> None:
    settings = changed(**DNS, secrets={"HETZNER_API_TOKEN": "ref+vault://kv/dns#token"})
    found = with_secrets(settings, {"vault": lambda place, key: f"{place} {key}"}).certificates.acme
    assert found is not None
    assert found.secrets["HETZNER_API_TOKEN"].get_secret_value() == "kv/dns token"


def test_an_authority_of_ones_own_is_a_file_with_certificates(tmp_path: Path) -> None:
    missing = changed(directory_ca=str(tmp_path / "ca.pem"))
    with pytest.raises(SettingsError, match=r"certificates\.acme\.directory_ca: .* is no file"):
        require_files(missing, tmp_path)
    latin = "# Autorité\n".encode("latin-1") + new_authority("own", 365).certificate.encode()
    for text in (b"nothing", latin):
        (tmp_path / "ca.pem").write_bytes(text)
        with pytest.raises(SettingsError, match=r"holds no certificates"):
            require_files(missing, tmp_path)


def test_the_ingress_passes_on_what_only_http_01_asks() -> None:
    assert ingress_configuration(changed(), "east", []).challenges == CHALLENGES
    assert ingress_configuration(changed(**DNS), "east", []).challenges == ""
    assert ingress_configuration(published_settings("dev"), "east", []).challenges == ""


def test_the_settings_name_the_providers_that_the_client_has() -> None:
    source = (CLIENT / "challenges.go").read_text(encoding="utf-8")
    assert set(re.findall(r'^\t"(\w+)": +func', source, flags=re.M)) == set(get_args(Provider))
