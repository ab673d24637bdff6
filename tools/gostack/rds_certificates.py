"""Fetches the certificates of the authorities that sign Aurora's, for a stack's regions, into a file to be committed.

Services trust these and no others, so they are looked at once, by whoever commits them, and not fetched by each update.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from cryptography import x509

from infra.settings import SettingsError
from infra.settings.stack_file import read_stack_file
from tools.gostack.environment.errors import UserError

SOURCE = "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
"""Amazon's own, https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html."""

TIMEOUT_SECONDS = 30


class CertificatesError(UserError):
    """The certificates could not be had: the text is one sentence with the fix."""


def stack_regions(stack_file: Path) -> list[str]:
    """Return the AWS regions that a stack file names; it may be wrong otherwise, as long as the certificates lack."""
    try:
        if not stack_file.is_file():
            raise CertificatesError(f"{stack_file.name} does not exist: name a stack with --stack.")
        document = read_stack_file(stack_file)
        regions = cast("dict[str, Any]", document["config"]["gostack:aws"]["regions"])
    except SettingsError as error:
        raise CertificatesError(str(error)) from None
    except (KeyError, TypeError):
        raise CertificatesError(f"{stack_file.name} has no gostack:aws.regions: name a stack on AWS.") from None
    return sorted(regions)


def downloaded(url: str) -> bytes:
    """Return what a URL holds; raises CertificatesError when it cannot be had."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 (always https, see SOURCE)
            return bytes(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise CertificatesError(f"{url} cannot be read ({error}): try again where it can be reached.") from None


def bundle(regions: list[str], download: Callable[[str], bytes] = downloaded) -> tuple[bytes, list[str]]:
    """Return the certificates of the regions as PEM, and the names of their authorities."""
    parts: list[bytes] = []
    names: list[str] = []
    for region in regions:
        url = SOURCE.format(region=region)
        text = download(url)
        try:
            names += [item.subject.rfc4514_string() for item in x509.load_pem_x509_certificates(text)]
        except ValueError:
            raise CertificatesError(f"{url} holds no certificates: look at what answers there.") from None
        parts.append(text.strip() + b"\n")
    return b"".join(parts), names


def write_certificates(stack_file: Path) -> int:
    """Write `certificates/rds-<stack>.pem` beside the stack file, and say what to do with it."""
    stack = stack_file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    target = stack_file.parent / "certificates" / f"rds-{stack}.pem"
    text, names = bundle(stack_regions(stack_file))
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(text)
    print("\n".join(names))
    print(f"commit {target.relative_to(stack_file.parent)} and write in {stack_file.name}, below gostack:aws.database:")
    print(f"  certificate_authority: {target.relative_to(stack_file.parent)}")
    return 0
