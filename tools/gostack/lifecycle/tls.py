"""Whom a client of a stack trusts."""

from __future__ import annotations

import ssl


def client_context(authority: str, *, public: bool = False) -> ssl.SSLContext:
    """Return what trusts the certificates of an authority, PEM, and with `public` those that this system trusts, too.

    Without an authority, the latter alone.
    """
    context = ssl.create_default_context(cadata=authority or None)
    if public:
        context.load_default_certs()
    return context
