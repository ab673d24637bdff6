"""Every mistake in a stack file that is one on every stack is refused by the settings.

Does not prove that the sentence helps: `test_settings.py` reads those. What is right on another stack is for the rules:
`tests/policy/test_mistakes.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import SettingsError, parse_settings
from tests.support.dotted_paths import REMOVED, set_at
from tests.support.settings import published

MISTAKES: list[tuple[str, str, str, Any]] = [
    ("a key with a letter missing", "dev", "services.users.replcas", 2),
    ("a section with a letter too many", "dev", "mysqll", {"primary": "east"}),
    ("a number as a word", "dev", "services.users.replicas", "two"),
    ("no replica", "dev", "services.users.replicas", 0),
    ("a port of another region", "dev", "regions.west.https_port", 8443),
    ("a port that does not exist", "dev", "regions.west.https_port", 94430),
    ("networks that overlap", "dev", "regions.west.cidr", "10.80.1.128/24"),
    ("a public network", "dev", "regions.west.cidr", "8.8.8.0/24"),
    ("a primary in a region that is not there", "dev", "mysql.primary", "eats"),
    ("a group of two", "dev", "mysql.witness", REMOVED),
    ("an even number of Consul servers", "dev", "consul.servers", 2),
    ("a health path without its slash", "dev", "services.users.check.path", "health/ready"),
    ("an interval without its unit", "dev", "services.users.check.interval", "10"),
    ("a folder that is no text", "dev", "services.users.context", 5),
    ("the image's moving tag", "dev", "images", {"nginx": "nginx:latest"}),
    ("a port that its agent has", "dev", "services.users.port", 8500),
    ("metrics where its agent listens", "dev", "services.users.metrics.port", 8500),
    ("metrics at a whole URL", "dev", "services.users.metrics.path", "http://users/metrics"),
    ("metrics with a query", "dev", "services.users.metrics.path", "/metrics?all=1"),
    ("a variable that the platform writes", "dev", "services.users.environment", {"PORT": "9000"}),
    ("a route twice", "dev", "services.users.routes.1", {"path": "/api/v1/users"}),
    ("a buffer pool larger than the memory", "dev", "mysql.buffer_pool_mib", 8192),
    ("the ambient context of kubectl", "staging", "kubernetes.context", REMOVED),
    ("a network where there is none", "staging", "regions.east.cidr", "10.80.1.0/24"),
    ("a group that only Docker has", "staging", "mysql.topology", "group"),
    ("nowhere to push the image to", "staging", "registry", REMOVED),
    ("a registry with a scheme", "staging", "registry", "https://registry.example.com/gostack"),
    ("a request above the limit", "staging", "services.users.memory_request_mib", 4096),
    ("a region of AWS that does not exist", "prod", "aws.home_region", "eu-center-1"),
    ("a region on one side alone", "prod", "regions.eu-west-1", {}),
    ("networks of regions that overlap", "prod", "aws.regions.us-east-1.cidr", "10.16.0.0/16"),
    ("an account without its zeros", "prod", "aws.account", 12345678901),
    ("the API server open to the world", "prod", "aws.api_access.0", "0.0.0.0/0"),
    ("a release by tag", "prod", "services.users.image", "registry.example.com/users:1.4"),
    ("a class that no global database takes", "prod", "aws.database.instance_class", "db.t3.medium"),
    ("nobody who hears an alarm", "prod", "aws.alarm_emails", []),
    ("an upstream image by tag", "prod", "images.nginx", "public.ecr.aws/docker/library/nginx:1.30"),
]


@pytest.mark.parametrize(("title", "stack", "path", "value"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_the_settings_refuse(title: str, stack: str, path: str, value: Any) -> None:
    document = published(stack)
    set_at(document, path, value)
    assert document != published(stack), f"{title}: the file is as it was"
    with pytest.raises(SettingsError):
        parse_settings(document)
