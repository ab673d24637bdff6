"""What every section of the settings has in common, and the types they share."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator

from components.section import AnyNetwork, Port, Section, shaped

__all__ = ["AnyNetwork", "Email", "ImageReference", "Name", "NetworkAddress", "Port", "RegionName", "Section", "shaped"]

from components.names import CONSUL_WORDS, NGINX_WORDS

_NAME = re.compile(r"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$")
# The grammar of https://github.com/distribution/reference/blob/v0.6.0/regexp.go: name, tag and digest of an image.
_HOST_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
IMAGE_NAME = re.compile(rf"(?:{_DOMAIN}/)?{_PATH_PART}(?:/{_PATH_PART})*")
"""The name of an image without its tag and its digest."""

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LONGEST_IMAGE_NAME = 255
_CIDR = re.compile(r"[0-9.]+/[0-9]+")
# RFC 1918; the standard library's notion of private has loopback and others too.
_PRIVATE = [IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f'"{value}" is not a usable name: use 1 to 30 lower-case letters, digits and hyphens, '
            "beginning with a letter."
        )
    return value


def _image(value: str) -> str:
    named, at, digest = value.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f'"{value}" has a digest that is not sha256:<64 hex digits>; copy it again.')
    # A colon before the last slash belongs to the registry's port.
    path, slash, last = named.rpartition("/")
    last, colon, tag = last.partition(":")
    name = f"{path}{slash}{last}"
    if not IMAGE_NAME.fullmatch(name) or len(name) > _LONGEST_IMAGE_NAME or (tag and not _TAG.fullmatch(tag)):
        raise ValueError(f'"{value}" is not an image reference; write it like "nginx:1.30".')
    if colon and not tag and at:
        raise ValueError(f'"{value}" has a colon without a tag: remove it.')
    if not at and not tag:
        raise ValueError(f'"{value}" has no tag: write the version you want, for example "{name}:1.0".')
    if not at and tag == "latest":
        raise ValueError(f'"{value}" has the moving tag "latest": write the version you want instead.')
    return value


def _network(value: str) -> str:
    try:
        network = IPv4Network(value) if _CIDR.fullmatch(value) else None
    except ValueError:
        network = None
    if network is None:
        raise ValueError(f'"{value}" is not a network; write it like "10.80.1.0/24".')
    if not any(network.subnet_of(private) for private in _PRIVATE):
        raise ValueError(f"{value} is not private; use a network inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16.")
    if not 16 <= network.prefixlen <= 24:
        raise ValueError(f"{value} has the size /{network.prefixlen}; use a size from /16 to /24.")
    return value


_LONGEST_PATH = 4095
_LONGEST_FILE_NAME = 255


def _file_path(value: str) -> str:
    parts = value.split("/")
    if "\0" in value or len(value.encode(errors="replace")) > _LONGEST_PATH:
        raise ValueError("it is not a path: write one of at most 4095 bytes, without a character with the code 0.")
    if any(len(part.encode(errors="replace")) > _LONGEST_FILE_NAME for part in parts):
        raise ValueError("it is not a path: no file has a name of more than 255 bytes.")
    return value


FilePath = Annotated[str, AfterValidator(_file_path)]
"""The path of a file or a folder, as Linux takes it."""

Name = Annotated[str, AfterValidator(_name)]
"""The name of a region or a service: part of container, datacenter and host names (RFC 1123 label)."""


def _region_name(value: str) -> str:
    for words, reader in ((NGINX_WORDS, "nginx"), (CONSUL_WORDS, "the DNS of Consul")):
        if value in words:
            raise ValueError(f'"{value}" is a word that {reader} gives a meaning of its own: choose another name.')
    if len(value) > REGION_NAME_LENGTH:
        raise ValueError(f'"{value}" is too long for a region: use at most {REGION_NAME_LENGTH} characters.')
    return _name(value)


REGION_NAME_LENGTH = 15
"""With a service's 30 and a canary's ending it is 53 characters; what has to fit into a DNS label of 63 with more is
shortened where it is made (`components/names.py`)."""

RegionName = Annotated[str, AfterValidator(_region_name)]
"""The name of a region."""

Email = Annotated[str, shaped(r"[^\s@,<>]+@[^\s@,<>]+", "an e-mail address", "ops@example.com")]
"""An e-mail address, without the name of its owner; its host may be one of a network of one's own, without a dot."""

ImageReference = Annotated[str, AfterValidator(_image)]
"""An image with a fixed tag or a digest."""

NetworkAddress = Annotated[str, AfterValidator(_network)]
"""A private IPv4 network in CIDR notation, /16 to /24."""
