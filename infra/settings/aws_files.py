"""The file with the certificates of Amazon's database authorities: it must be there, and be Amazon's."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from infra.settings.aws import AwsSettings
from infra.settings.errors import SettingsError

EXAMPLE_ACCOUNT = "123456789012"
"""Account of Amazon's documentation, and of the published stack file; nobody has it."""

REHEARSAL = "gostack rehearsal"
"""How the names of authorities begin that only a rehearsal knows."""

_KEY = "gostack:aws.database.certificate_authority"
_FIX = "run `gostack rds-certificates --stack <stack>`, commit the file that it writes, and name it there."


def require_certificates(settings: AwsSettings, project: Path) -> None:
    """Raise SettingsError when the file is missing, has no certificates, or those of a rehearsal in a real account."""
    path = settings.database.certificate_authority
    try:
        certificates = x509.load_pem_x509_certificates((project / path).read_bytes())
    except OSError:
        raise SettingsError(f'{_KEY} is "{path}", which is no file of the project: {_FIX}') from None
    except ValueError:
        raise SettingsError(f'{_KEY} is "{path}", which holds no certificates (PEM): {_FIX}') from None
    names = [certificate.subject.rfc4514_string() for certificate in certificates]
    if settings.account != EXAMPLE_ACCOUNT and any(REHEARSAL in name for name in names):
        raise SettingsError(f'{_KEY} is "{path}", which is for rehearsals: no service would reach Aurora; {_FIX}')
