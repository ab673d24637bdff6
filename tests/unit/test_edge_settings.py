"""Hosts and logins of the ingress that would not be served as the settings say are refused before anything is made.

Does not prove what nginx does with the others: `tests/integration/test_rendered_edge.py` asks it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.certificates.x509 import new_authority, new_certificate
from components.ingress.configuration import key_file, users_file
from infra.edge import edge_texts
from infra.settings import Settings, parse_settings
from infra.settings.cluster_demand import region_demand
from infra.settings.edge_files import require_edge_files, require_edge_secrets
from infra.settings.ingress import certificate_names, edge_logins, ingress_configuration, watched_hosts
from infra.settings.secrets import require_encrypted
from tests.support.passwords import BCRYPT, SHA512
from tests.support.settings import published, refused

CA = new_authority("test", 365)
SHOP = new_certificate(CA, ["shop.example.com", "www.shop.example.com"], 30)
WILDCARD = new_certificate(CA, ["*.example.com"], 30)
OTHER = new_certificate(CA, ["other.example.com"], 30)
ADA = f"ada:{SHA512}"

TOKENS = {"kind": "jwt", "issuer": "https://login.example.com", "audience": "shop"}
PEOPLE = {
    "kind": "oidc",
    "issuer": "https://login.example.com/realms/shop",
    "client_id": "shop",
    "allowed_groups": ["staff"],
    "secrets": {"client_secret": "s"},
}


def document(stack: str = "dev", routes: list[dict[str, Any]] | None = None, **ingress: Any) -> dict[str, Any]:
    found = published(stack)
    found["ingress"] = {"hosts": ["localhost", "shop.example.com"], **ingress}
    if routes is not None:
        found["services"]["users"]["routes"] = routes
    return found


def settings(**values: Any) -> Settings:
    return parse_settings(document(**values))


def shop(**values: Any) -> dict[str, Any]:
    return {"sites": {"shop.example.com": values}}


def login(**values: Any) -> dict[str, Any]:
    return {"logins": {"internal": values}}


def without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"sites": {"other.example.com": {}}}, "is none of gostack:ingress.hosts: add it there."),
        (shop(redirect_from=["localhost"]), 'has "localhost", which gostack:ingress.hosts has already'),
        (shop(redirect_from=["gostack.localhost"]), "which gostack:ingress.hosts has already"),
        ({"sites": {"localhost": {"hsts_preload": True}}}, "is of a name that no list of browsers has: remove it."),
        (shop(redirect_from=["a.b", "a.b"]), 'redirect_from has "a.b" twice'),
        (shop(certificate="shop.pem"), "secrets.key is missing: a certificate and its private key go together."),
        (shop(secrets={"key": "k"}), "certificate is missing: a certificate and its private key go together."),
        (shop(certificate="a", secrets={"key": "k", "certificate": "c"}), "certificate is there as a file and as"),
        (shop(secrets={"password": "k"}), "secrets.password means nothing here: name it certificate or key."),
        (
            {"sites": {"localhost": {"client_certificates": {"ca": "ca.pem"}}}},
            "is of the first host, by which `up` and `status` ask without one",
        ),
        (
            {"hosts": ["a.b", "127.0.0.1"], "sites": {"127.0.0.1": {"client_certificates": {"ca": "ca.pem"}}}},
            "is of an address, by which TLS clients name no host",
        ),
        (shop(certificate="a", secrets={"key": "ref+awssecrets://k"}), "use ref+vault."),
        (login(kind="basic", issuer="x", secrets={"htpasswd": ADA}), "issuer means nothing with kind basic"),
        (login(kind="jwt", audience="a", jwks="keys.json"), "issuer is missing: without it a token that is meant"),
        (login(kind="jwt", issuer="i", jwks="keys.json"), "audience is missing"),
        (login(kind="jwt", issuer="i", audience="a"), "it needs one of jwks_url and jwks"),
        (login(**TOKENS, jwks_url="https://a.b/k", jwks="keys.json"), "it needs one of jwks_url and jwks"),
        (login(**TOKENS, jwks_url="http://nobody/keys"), 'jwks_url names "nobody", which is no service'),
        (login(kind="jwt", service="users", audience="a"), "audience is what the service's tokens say already"),
        (login(kind="jwt", service="users", jwks="k"), "jwks is what the service's tokens say already"),
        (login(kind="basic", service="users", secrets={"htpasswd": ADA}), "service means nothing with kind basic"),
        (
            login(kind="jwt", service="users"),
            'service is "users", which signs no tokens: add gostack:services.users.tokens.',
        ),
        (login(**TOKENS, jwks="k", secrets={"htpasswd": ADA}), "secrets.htpasswd means nothing here: remove it."),
        (login(kind="basic"), "secrets.htpasswd is missing: encrypt it with `gostack secrets set`."),
        (
            login(**TOKENS, jwks="k", client_id="shop"),
            "client_id means nothing with kind jwt: remove it, or set kind to",
        ),
        (login(**PEOPLE, jwks="k"), "jwks means nothing with kind oidc: remove it, or set kind to jwt."),
        (login(**PEOPLE, service="users"), "service means nothing with kind oidc: remove it, or set kind to jwt."),
        (login(**without(PEOPLE, "client_id")), "client_id is missing: write it as the issuer shows it"),
        (login(**without(PEOPLE, "issuer")), "issuer is missing: write it as the issuer shows it"),
        (
            login(**{**PEOPLE, "issuer": "http://login.example.com"}),
            'issuer is "http://login.example.com", where people',
        ),
        (login(**PEOPLE, scopes=["email"]), 'scopes lacks "openid"'),
        (login(**without(PEOPLE, "allowed_groups")), 'write who is let in, or allowed_emails ["*"] for everybody'),
        (login(**PEOPLE, allowed_emails=["ada"]), '"ada" is no address: write it like "ada@example.com"'),
        (login(**PEOPLE, session_minutes=1), "session_minutes"),
        (login(**without(PEOPLE, "secrets")), "secrets.client_secret is missing: encrypt it"),
        (
            login(**{**PEOPLE, "issuer": "https://shop.example.com/realms/shop"}),
            'issuer is at "shop.example.com", which this stack serves itself',
        ),
    ],
)
def test_a_host_or_login_that_cannot_be_served_is_refused(values: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(lambda: settings(**values))


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        ({"login": "staff"}, 'the login "staff", which is none of gostack:ingress.logins: add it there.'),
        ({"path": "/.well-known/gostack/login/staff"}, "where the ingress itself answers about logins"),
        ({"client_certificate": True, "hosts": ["shop.example.com"]}, "on shop.example.com, which asks for none"),
    ],
)
def test_a_route_asks_for_what_there_is(route: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(lambda: settings(routes=[{"path": "/a", **route}]))


def test_a_grpc_client_cannot_be_sent_to_a_page() -> None:
    route = {"path": "/a", "protocol": "grpc", "login": "internal"}
    assert "which is for people in a browser, and protocol grpc: use a login of kind jwt." in refused(
        lambda: settings(routes=[route], **login(**PEOPLE))
    )


def test_what_keeps_the_sessions_of_a_login_has_its_name_to_itself() -> None:
    found = document(**login(**PEOPLE))
    found["services"]["login-internal"] = {"context": "services/greeter", "check": {"path": "/ready"}}
    assert 'would be named login-internal-east, like service "login-internal"' in refused(lambda: parse_settings(found))


def test_on_aws_the_image_of_what_keeps_sessions_has_a_digest() -> None:
    found = published("prod")
    found["ingress"].update(login(**PEOPLE))
    assert "gostack:images.oauth2_proxy" in refused(lambda: parse_settings(found))
    image = f"quay.io/oauth2-proxy/oauth2-proxy:v7.15.6@sha256:{'0' * 64}"
    found["images"]["oauth2_proxy"] = image
    assert parse_settings(found).third_party_images()["oauth2-proxy"] == image


def test_only_a_login_of_people_needs_the_image_of_what_keeps_sessions() -> None:
    assert "oauth2-proxy" in settings(**login(**PEOPLE)).third_party_images()
    assert "oauth2-proxy" not in settings(**login(**TOKENS, jwks="keys.json")).third_party_images()


def test_a_quota_has_room_for_what_keeps_sessions() -> None:
    found = published("staging")
    before = region_demand(parse_settings(found), "east")
    found.setdefault("ingress", {}).update(login(**PEOPLE))
    # Two in each region, and one more while they are released.
    assert region_demand(parse_settings(found), "east").pods == before.pods + 3


def test_the_authorities_of_an_issuer_are_certificates(tmp_path: Path) -> None:
    found = settings(**login(**PEOPLE, issuer_ca="ca.pem"))
    (tmp_path / "ca.pem").write_text("nothing", encoding="ascii")
    assert "gostack:ingress.logins.internal.issuer_ca holds no certificates" in refused(
        lambda: require_edge_files(found, tmp_path)
    )
    (tmp_path / "ca.pem").write_text(CA.certificate, encoding="ascii")
    require_edge_files(found, tmp_path)


def test_on_aws_the_load_balancers_end_tls() -> None:
    found = published("prod")
    host = found["ingress"]["hosts"][-1]
    found["ingress"]["sites"] = {host: {"client_certificates": {"ca": "ca.pem", "required": False}}}
    assert "whose load balancers end TLS: remove it." in refused(lambda: parse_settings(found))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "which is no file of text: write a path relative to Pulumi.yaml."),
        ("nothing", "holds no certificates: write them as PEM, the host's own first."),
        (OTHER.certificate, 'is for other.example.com and not for "shop.example.com": get one that names it.'),
        (WILDCARD.certificate, 'is for *.example.com and not for "www.shop.example.com": get one that names it.'),
    ],
)
def test_a_certificate_is_one_for_its_host(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "shop.pem").write_text(text, encoding="ascii")
    site = shop(certificate="shop.pem", secrets={"key": "k"}, redirect_from=["www.shop.example.com"])
    assert sentence in refused(lambda: require_edge_files(settings(**site), tmp_path))


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("nothing", "is no private key without a passphrase: write it as PEM."),
        (OTHER.private_key, "is not that of the certificate: write the one that it was made with."),
    ],
)
def test_a_key_is_that_of_its_certificate(tmp_path: Path, key: str, sentence: str) -> None:
    site = shop(secrets={"certificate": SHOP.certificate, "key": key})
    assert sentence in refused(lambda: require_edge_secrets(settings(**site), tmp_path))
    right = shop(secrets={"certificate": SHOP.certificate, "key": SHOP.private_key})
    require_edge_secrets(settings(**right), tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ada:plain", "has in line 1 no name with a hash of bcrypt or SHA-512"),
        (f"{ADA}\neve:$apr1$x$y", "has in line 2 no name with a hash"),
        (f"ada:{BCRYPT.replace('$05$', '$12$')}", "a hash of cost 12, and every request takes as long: use at most 10"),
        (f"{ADA}\nada:{BCRYPT}", 'has "ada" twice: remove one of the lines.'),
    ],
)
def test_passwords_are_kept_as_hashes_that_are_slow_to_guess_and_not_slow_to_check(text: str, sentence: str) -> None:
    found = settings(**login(kind="basic", secrets={"htpasswd": text}))
    assert sentence in refused(lambda: require_edge_secrets(found, Path()))
    require_edge_secrets(settings(**login(kind="basic", secrets={"htpasswd": f"{ADA}\neve:{BCRYPT}"})), Path())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nothing", "holds no keys: write them as"),
        ('{"keys": []}', "holds no keys: write them as"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "holds a key that signs: write the public ones alone"),
        ('{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "a", "d": "b"}]}', "holds a key that signs"),
    ],
)
def test_keys_that_verify_tokens_cannot_sign_any(tmp_path: Path, text: str, sentence: str) -> None:
    found = settings(**login(**TOKENS, jwks="keys.json"))
    (tmp_path / "keys.json").write_text(text, encoding="utf-8")
    assert sentence in refused(lambda: require_edge_files(found, tmp_path))
    (tmp_path / "keys.json").write_text('{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "a"}]}', encoding="utf-8")
    require_edge_files(found, tmp_path)


def test_on_kubernetes_what_verifies_tokens_needs_a_registry() -> None:
    found = published("staging")
    found["registry"] = ""
    for service in found["services"].values():
        service["image"] = f"registry.example.com/users@sha256:{'0' * 64}"
        service.pop("context", None)
    found.setdefault("ingress", {})["logins"] = {"api": {**TOKENS, "jwks_url": "https://login.example.com/keys"}}
    assert "what verifies the tokens of gostack:ingress.logins.api is built here" in refused(
        lambda: parse_settings(found)
    )


def test_a_secret_of_a_host_or_a_login_is_never_in_plain_text() -> None:
    for values in (shop(secrets={"key": "k"}), login(kind="basic", secrets={"htpasswd": "x"}), login(**PEOPLE)):
        assert "is in plain text: encrypt it" in refused(lambda values=values: require_encrypted({"ingress": values}))


def test_what_nginx_is_given_of_hosts_and_logins(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CA.certificate, encoding="ascii")
    found = settings(
        hosts=["localhost", "shop.example.com", "admin.example.com"],
        sites={
            "shop.example.com": {"secrets": {"certificate": SHOP.certificate, "key": SHOP.private_key}},
            "admin.example.com": {"client_certificates": {"ca": "ca.pem"}, "redirect_from": ["www.admin.example.com"]},
        },
        **login(kind="basic", secrets={"htpasswd": ADA}),
    )
    files = edge_texts(found, tmp_path)
    assert files["site-admin.example.com-clients.pem"] == CA.certificate
    assert sorted(name for name, text in files.items() if not isinstance(text, str)) == sorted(
        [users_file("internal"), "site-shop.example.com-certificate.pem", key_file("shop.example.com")]
    )
    assert "shop.example.com" not in certificate_names(found)
    assert {"localhost", "admin.example.com", "www.admin.example.com"} <= set(certificate_names(found))
    assert watched_hosts(found) == ["shop.example.com", "localhost"]
    assert ingress_configuration(found, "east", []).certified == ["shop.example.com"]


SIGNED = {"issuer": "https://login.example.com", "audience": "shop"}


def issuing(**changes: Any) -> Settings:
    found = document(**login(kind="jwt", service="users"))
    found["services"]["users"] |= {"tokens": SIGNED, **changes}
    return parse_settings(found)


def test_a_login_by_a_service_of_the_stack_asks_for_what_its_tokens_say() -> None:
    given = issuing()
    for found in (edge_logins(given), ingress_configuration(given, "east", ["west"]).logins):
        assert (found["internal"].issuer, found["internal"].audience) == (SIGNED["issuer"], SIGNED["audience"])


@pytest.mark.parametrize("tokens", [{"issuer": "x"}, {"audience": "x"}, {"issuer": "", "audience": "x"}])
def test_a_token_says_who_signed_it_and_for_whom(tokens: dict[str, str]) -> None:
    assert "gostack:services.users.tokens" in refused(lambda: issuing(tokens=tokens))


def test_a_service_that_signs_does_not_say_itself_what_it_is_given() -> None:
    environment = {"TOKENS_ISSUER": "https://else.example.com"}
    assert "TOKENS_ISSUER is written by the platform: remove it." in refused(lambda: issuing(environment=environment))
    found = document()
    found["services"]["users"]["environment"] = environment
    assert parse_settings(found).services["users"].environment == environment
