"""Settings of the authority from which the ingress gets a certificate by ACME, and where they mean nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from cryptography import x509
from pydantic import Field, SecretStr, model_validator

from infra.settings.base import Email, FilePath, Section, shaped
from infra.settings.ingress import certificate_names
from infra.settings.secrets import Secrets

if TYPE_CHECKING:
    from infra.settings.model import Settings

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"

Provider = Literal["cloudflare", "digitalocean", "gandiv5", "hetzner", "httpreq"]
"""Those that `components/certificate_client/client` has, by the names of https://go-acme.github.io/lego/dns/."""

NameServer = Annotated[str, shaped(r"[^\s:]+:[0-9]{1,5}", "a name server with its port", "10.0.0.53:53")]

_MOST_NAMES = 100
"""What Let's Encrypt takes in one certificate."""

_KUBERNETES = (
    'gostack:certificates.acme has a meaning only when gostack:platform is "docker" so far: remove it, and let '
    "cert-manager keep the certificate of what is in front of the ingress."
)
_AWS = "gostack:certificates.acme has no meaning with gostack:aws, where ACM renews the certificate: remove it."


class AcmeSettings(Section):
    """An authority that speaks ACME (RFC 8555), and how it sees that the host names are the stack's. One certificate
    has those of `ingress.hosts` without one of their own and the names that redirect to them. They must lead to the
    stack from everywhere."""

    directory: Annotated[str, shaped(r"https://[^\s/]+(/\S*)?", "the address of a directory", LETS_ENCRYPT)] = (
        LETS_ENCRYPT
    )
    """URL of the authority's directory. To try it: "https://acme-staging-v02.api.letsencrypt.org/directory", which
    forgives mistakes and whose certificates nobody trusts."""

    directory_ca: FilePath | None = None
    """File with the certificates (PEM) of what signs the directory's own certificate, where it is an authority of your
    own; relative to the project, or absolute."""

    email: Email | None = None
    """Address of the account, for authorities that write to it."""

    profile: Annotated[str, shaped(r"[a-zA-Z0-9_-]{1,64}", "a profile", "shortlived")] | None = None
    """Kind of certificate, where the authority has several: "shortlived" of Let's Encrypt lives for six days."""

    challenge: Literal["http-01", "dns-01"] = "http-01"
    """`http-01`: the authority asks for a file by port 80 of the names, in whichever region. `dns-01`: for a record
    that `provider` makes; nothing of the stack need be reached from outside."""

    provider: Provider | None = None
    """`dns-01` only: who keeps the zones. `httpreq` posts the record to a program of your own."""

    environment: dict[str, str] = Field(default_factory=dict[str, str])
    """`dns-01` only: what the provider reads, as https://go-acme.github.io/lego/dns/ names it, and is no secret."""

    secrets: Secrets = Field(default_factory=dict[str, SecretStr])
    """`dns-01` only: as `environment`, encrypted: `gostack secrets set acme CLOUDFLARE_DNS_API_TOKEN`. The client alone
    has them, in a file."""

    nameservers: list[NameServer] = Field(default_factory=list[str])
    """`dns-01` only: name servers that are asked whether the record is there; else those of the zone are."""

    @model_validator(mode="after")
    def _keys_of_the_challenge(self) -> Self:
        if self.challenge == "dns-01":
            if self.provider is None:
                raise ValueError("provider is missing: dns-01 needs to know who keeps the zones.")
            if twice := sorted(self.environment.keys() & self.secrets.keys()):
                raise ValueError(f"environment.{twice[0]} is among the secrets, too: remove one of them.")
            return self
        for key in ("provider", "environment", "secrets", "nameservers"):
            if getattr(self, key):
                raise ValueError(
                    f'{key} means nothing with the challenge http-01: remove it, or set challenge to "dns-01".'
                )
        return self

    def directory_authority(self, project: Path) -> str:
        """Return the text of `directory_ca`, or "". Raises ValueError for what is no file with certificates."""
        if self.directory_ca is None:
            return ""
        try:
            text = (project / self.directory_ca).read_bytes().decode()
            x509.load_pem_x509_certificates(text.encode())
        except OSError:
            raise ValueError(f'"{self.directory_ca}" is no file: name one with certificates (PEM).') from None
        except ValueError:
            raise ValueError(f'"{self.directory_ca}" holds no certificates (PEM): name a file that does.') from None
        return text


def acme_problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with an order that no authority would take, or that the platform makes in another way."""
    if settings.certificates.acme is None:
        return
    if settings.platform != "docker":
        yield _AWS if settings.aws is not None else _KUBERNETES
    if settings.ingress.every_host_has_certificate:
        yield "gostack:certificates.acme has no host to get a certificate for, as each has its own: remove it."
    names = certificate_names(settings)
    for host in names:
        labels = host.split(".")
        if len(labels) < 2 or labels[-1].isdigit() or labels[-1] == "localhost":
            yield (
                f'gostack:ingress has "{host}", for which gostack:certificates.acme gets no certificate: name '
                "only hosts that the world knows."
            )
    if len(names) > _MOST_NAMES:
        yield (
            f"gostack:ingress has {len(names)} names, and one certificate of gostack:certificates.acme takes "
            f"{_MOST_NAMES}: remove some."
        )
