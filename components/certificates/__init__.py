"""The certificate authority of a stack and the certificates that it signs."""

from components.certificates.certificate import Certificate, CertificateAuthority

__all__ = ["Certificate", "CertificateAuthority"]
