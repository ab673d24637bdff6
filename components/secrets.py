"""Generated secrets: made once, kept encrypted in the stack's state, renewed by a counter."""

import base64
import secrets
from typing import TypedDict

import pulumi

PASSWORD_BYTES = 24
KEY_BYTES = 32


class GeneratedSecretArgs(TypedDict):
    """Inputs of a generated secret."""

    rotation: pulumi.Input[int]
    """Counter; a new value makes a new secret at the next update."""


class GeneratedPassword(pulumi.ComponentResource):
    """A random password of 192 bits, in URL-safe characters."""

    value: pulumi.Output[str]
    """The password (secret)."""

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:GeneratedPassword", name, {}, opts)
        self.value = stored_secret(
            f"{name}-value", secrets.token_urlsafe(PASSWORD_BYTES), trigger=args["rotation"], parent=self
        )
        self.register_outputs({"value": self.value})


class GossipKey(pulumi.ComponentResource):
    """The key with which Consul's members encrypt what they tell each other."""

    value: pulumi.Output[str]
    """32 bytes in base64 (secret)."""

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:GossipKey", name, {}, opts)
        self.value = stored_secret(f"{name}-value", _key(), trigger=args["rotation"], parent=self)
        self.register_outputs({"value": self.value})


class StateKey(pulumi.ComponentResource):
    """The key with which a program encrypts what it keeps (AES-256)."""

    value: pulumi.Output[str]
    """32 bytes in base64 (secret)."""

    def __init__(self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:StateKey", name, {}, opts)
        self.value = stored_secret(f"{name}-value", _key(), trigger=args["rotation"], parent=self)
        self.register_outputs({"value": self.value})


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def stored_secret(
    name: str,
    fresh: pulumi.Input[str],
    *,
    trigger: pulumi.Input[object],
    parent: pulumi.Resource,
    depends_on: list[pulumi.Resource] | None = None,
) -> pulumi.Output[str]:
    """Return the value that was stored first under `name`; `fresh` is stored if there is none or `trigger` changed."""
    stash = pulumi.Stash(
        name,
        input=pulumi.Output.secret(fresh),
        opts=pulumi.ResourceOptions(
            parent=parent,
            # A fresh value is made in every run: only the first one counts.
            ignore_changes=["input"],
            replacement_trigger=trigger,
            depends_on=depends_on,
        ),
    )
    return pulumi.Output.secret(stash.output)
