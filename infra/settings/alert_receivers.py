"""Settings of who is told of alerts."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from infra.settings.base import Email, Name, Section, shaped
from infra.settings.secrets import Secrets

_KEYS = {
    "webhook": ("url",),
    "slack": ("channel",),
    "email": ("to", "sender", "smarthost", "username"),
    "pagerduty": (),
}
"""Kind to the keys that have a meaning for it."""

_SECRETS = {"webhook": "url", "slack": "webhook_url", "email": "password", "pagerduty": "routing_key"}
"""Kind to the name of its secret."""

Url = Annotated[
    str, shaped(r"https?://[^\s/]+(/\S*)?", "the address of a web page", "https://hooks.example.com/alerts")
]
Channel = Annotated[str, shaped(r"[#@]\S+", "a channel of Slack", "#alerts")]
Smarthost = Annotated[str, shaped(r"[^\s:/]+:[0-9]{1,5}", "a mail server with its port", "smtp.example.com:587")]


class AlertReceiver(Section):
    """Somebody, or a program, that is told when an alert begins and when it ends."""

    kind: Literal["webhook", "slack", "email", "pagerduty"]
    """How."""

    alerts: Literal["all", "critical", "watchdog"] = "all"
    """Which: all but the watchdog; critical ones alone; or the watchdog alone, every minute for as long as alerts are
    evaluated, for a service outside of the stack that raises the alarm when it hears nothing (a dead man's switch)."""

    url: Url | None = None
    """`webhook` only: where alerts are posted as JSON. As the secret `url` where the address itself is one."""

    channel: Channel | None = None
    """`slack` only: where messages appear, for example "#alerts"."""

    to: Email | None = None
    """`email` only: address of who is told."""

    sender: Email | None = None
    """`email` only: address from which it comes."""

    smarthost: Smarthost | None = None
    """`email` only: mail server with its port, for example "smtp.example.com:587". It must offer TLS."""

    username: Annotated[str, Field(min_length=1)] | None = None
    """`email` only: account at the mail server; with it goes the secret `password`."""

    secrets: Secrets = Field(default_factory=dict[str, SecretStr])
    """As of a service: `webhook_url` of `slack`, `password` of `email`, `routing_key` of `pagerduty`, `url` of
    `webhook`. Each is in the configuration of Alertmanager alone, a file that its container reads."""

    @property
    def port(self) -> int:
        """Port at which it is told."""
        if self.kind == "email":
            return int((self.smarthost or "").rpartition(":")[2])
        secret = self.secrets.get("url")
        address = urlsplit(self.url or (secret.get_secret_value() if secret is not None else ""))
        return address.port or (80 if address.scheme == "http" else 443)

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Self:
        for kind, keys in _KEYS.items():
            for key in keys:
                if kind != self.kind and key in self.model_fields_set:
                    raise ValueError(f"{key} means nothing with kind {self.kind}: remove one of them.")
        secret = _SECRETS[self.kind]
        for name in self.secrets:
            if name != secret:
                raise ValueError(f"secrets.{name} means nothing with kind {self.kind}: remove it, or name it {secret}.")
        if self.kind == "webhook":
            if (self.url is None) == (secret not in self.secrets):
                raise ValueError("url is missing, or there are two: write it as url or as the secret url.")
            return self
        for key in _KEYS[self.kind]:
            if key != "username" and getattr(self, key) is None:
                raise ValueError(f"{key} is missing: {self.kind} needs it.")
        needs_secret = self.kind != "email" or self.username is not None
        if needs_secret and secret not in self.secrets:
            raise ValueError(f"secrets.{secret} is missing: encrypt it with `gostack secrets set`.")
        if not needs_secret and self.secrets:
            raise ValueError("secrets.password means nothing without username: remove one of them.")
        return self


AlertReceivers = Annotated[dict[Name, AlertReceiver], Field(max_length=20)]
"""Name to receiver."""
