"""What a service is given that signs tokens: the section of the settings, variables and files."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.files import GivenFile
from components.section import Section
from components.signing_keys import SigningKeys

_FOLDER = "/run/gostack/tokens"
_SIGNING_KEY, _KEY_SET = f"{_FOLDER}/signing-key.json", f"{_FOLDER}/key-set.json"


class Tokens(Section):
    """Makes the service an issuer of tokens (JWT, RFC 7519) by which others know who a caller is. It finds the private
    key that signs in the file that TOKENS_SIGNING_KEY_FILE names, and the public ones in that of TOKENS_KEY_SET_FILE
    (RFC 7517); the stack makes them and rotates them by `gostack:rotation.tokens`. TOKENS_ISSUER and TOKENS_AUDIENCE
    are the two below."""

    issuer: Annotated[str, Field(min_length=1)]
    """What tokens say of who has signed them (`iss`), for example "https://login.example.com"."""

    audience: Annotated[str, Field(min_length=1)]
    """What tokens say of whom they are for (`aud`), for example "shop"."""

    def variables(self) -> dict[str, str]:
        """Return the variables that a replica gets."""
        return {
            "TOKENS_ISSUER": self.issuer,
            "TOKENS_AUDIENCE": self.audience,
            "TOKENS_SIGNING_KEY_FILE": _SIGNING_KEY,
            "TOKENS_KEY_SET_FILE": _KEY_SET,
        }


def key_files(keys: SigningKeys) -> dict[str, GivenFile]:
    """Return the files that a replica gets."""
    return {_SIGNING_KEY: {"content": keys.signing_key}, _KEY_SET: {"content": keys.key_set}}
