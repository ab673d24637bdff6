"""What the ingress is given for its hosts and logins, as files of a release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pulumi
from pydantic import SecretStr

from components.ingress.configuration import certificate_file, client_ca_file, key_file, users_file
from components.ingress.login_proxy import REPLICAS, login_proxy_files, login_proxy_workload, login_service
from components.ingress.token_verifier import TokenVerifierArgs, token_logins
from components.ingress.tracks import STABLE
from components.microservice.args import MicroserviceArgs
from components.signing_keys import SigningKeys
from infra.platforms.base import ConsulDatacenter, Platform, Region
from infra.settings import Settings
from infra.settings.edge import CERTIFICATE, CLIENT_SECRET, KEY, USERS
from infra.settings.edge_files import file_text
from infra.settings.ingress import edge_logins


def edge_files(settings: Settings, project: Path) -> dict[str, pulumi.Input[str]]:
    """Return name to text of each file; keys and hashes of passwords are secret."""
    return {
        name: text if isinstance(text, str) else pulumi.Output.secret(text.get_secret_value())
        for name, text in edge_texts(settings, project).items()
    }


def token_verifier_arguments(
    settings: Settings, project: Path, image: pulumi.Input[str], signing_keys: Mapping[str, SigningKeys]
) -> TokenVerifierArgs:
    """Return the arguments of what verifies tokens beside each Nginx; `signing_keys` are those of services."""
    logins = token_logins(edge_logins(settings))
    key_sets: dict[str, pulumi.Input[str]] = {}
    for name, login in logins.items():
        if login.jwks is not None:
            key_sets[name] = file_text(login.jwks, project)
        elif login.service is not None:
            key_sets[name] = signing_keys[login.service].key_set
    return {"image": image, "logins": logins, "key_sets": key_sets}


def login_proxy_arguments(
    platform: Platform,
    project: Path,
    name: str,
    *,
    region: Region,
    consul: ConsulDatacenter,
    image: pulumi.Input[str],
    cookie_secret: pulumi.Input[str],
) -> MicroserviceArgs:
    """Return the arguments of what keeps the sessions of a login in a region; all regions have one `cookie_secret`."""
    settings = platform.settings
    login = settings.ingress.logins[name]
    return {
        "service": login_service(name),
        "track": STABLE,
        "region": region.reference,
        "consul": consul.reference,
        "image": platform.regional_image(region.reference["region"], image),
        "version": settings.images.oauth2_proxy,
        "workload": login_proxy_workload(login),
        "replicas": REPLICAS[settings.platform],
        "environment": {},
        "secrets": {},
        "given_files": login_proxy_files(
            name,
            login,
            client_secret=pulumi.Output.secret(login.secrets[CLIENT_SECRET].get_secret_value()),
            cookie_secret=cookie_secret,
            issuer_ca=file_text(login.issuer_ca, project) if login.issuer_ca is not None else None,
        ),
        "labels": platform.labels,
    }


def edge_texts(settings: Settings, project: Path) -> dict[str, str | SecretStr]:
    """Return name to text of each file."""
    files: dict[str, str | SecretStr] = {}
    for host, site in settings.ingress.sites.items():
        if site.client_certificates is not None:
            files[client_ca_file(host)] = file_text(site.client_certificates.ca, project)
        if site.certificate is not None:
            files[certificate_file(host)] = file_text(site.certificate, project)
        for secret, file in ((CERTIFICATE, certificate_file(host)), (KEY, key_file(host))):
            if secret in site.secrets:
                files[file] = site.secrets[secret]
    for name, login in settings.ingress.logins.items():
        if USERS in login.secrets:
            files[users_file(name)] = login.secrets[USERS]
    return files
