"""Wrong lines in stack files: typing errors, wrong types, clashes, values that somebody would be tempted to write."""

from __future__ import annotations

from tests.mistakes.model import SettingsMistake

MISTAKES = (
    # dev
    SettingsMistake("a key with a letter missing", "dev", "services.users.replcas", 2),
    SettingsMistake("a section with a letter too many", "dev", "mysqll", {"primary": "east"}),
    SettingsMistake("a number as a word", "dev", "services.users.replicas", "two"),
    SettingsMistake("no replica", "dev", "services.users.replicas", 0),
    SettingsMistake("a port of another region", "dev", "regions.west.https_port", 8443),
    SettingsMistake("a port that does not exist", "dev", "regions.west.https_port", 94430),
    SettingsMistake("networks that overlap", "dev", "regions.west.cidr", "10.80.1.128/24"),
    SettingsMistake("a public network", "dev", "regions.west.cidr", "8.8.8.0/24"),
    SettingsMistake("a primary in a region that is not there", "dev", "mysql.primary", "eats"),
    SettingsMistake("a group of two", "dev", "mysql.witness"),
    SettingsMistake("an even number of Consul servers", "dev", "consul.servers", 2),
    SettingsMistake("a health path without its slash", "dev", "services.users.check.path", "health/ready"),
    SettingsMistake("an interval without its unit", "dev", "services.users.check.interval", "10"),
    SettingsMistake("a folder that is no text", "dev", "services.users.context", 5),
    SettingsMistake("the image's moving tag", "dev", "images", {"nginx": "nginx:latest"}),
    SettingsMistake("a port that its agent has", "dev", "services.users.port", 8500),
    SettingsMistake("a variable that the platform writes", "dev", "services.users.environment", {"PORT": "9000"}),
    SettingsMistake(
        "a password in plain text", "dev", "services.users.environment", {"SMTP_PASSWORD": "correct-horse"}, "policy"
    ),
    SettingsMistake(
        "an access key in plain text", "dev", "services.users.environment", {"UPLOAD": "AKIAIOSFODNN7EXAMPLE"}, "policy"
    ),
    SettingsMistake("an ingress for the whole network", "dev", "regions.west.bind_address", "0.0.0.0", "policy"),
    SettingsMistake("a route twice", "dev", "services.users.routes.1", {"path": "/api/v1/users"}),
    SettingsMistake("a buffer pool larger than the memory", "dev", "mysql.buffer_pool_mib", 8192),
    # staging
    SettingsMistake("the ambient context of kubectl", "staging", "kubernetes.context"),
    SettingsMistake("a network where there is none", "staging", "regions.east.cidr", "10.80.1.0/24"),
    SettingsMistake("a group that only Docker has", "staging", "mysql.topology", "group"),
    SettingsMistake("nowhere to push the image to", "staging", "registry"),
    SettingsMistake("a registry with a scheme", "staging", "registry", "https://registry.example.com/gostack"),
    SettingsMistake("a request above the limit", "staging", "services.users.memory_request_mib", 4096),
    # prod
    SettingsMistake("a region of AWS that does not exist", "prod", "aws.home_region", "eu-center-1"),
    SettingsMistake("a region on one side alone", "prod", "regions.eu-west-1", {}),
    SettingsMistake("networks of regions that overlap", "prod", "aws.regions.us-east-1.cidr", "10.16.0.0/16"),
    SettingsMistake("an account without its zeros", "prod", "aws.account", 12345678901),
    SettingsMistake("the API server open to the world", "prod", "aws.api_access.0", "0.0.0.0/0"),
    SettingsMistake("a release by tag", "prod", "services.users.image", "registry.example.com/users:1.4"),
    SettingsMistake("one replica", "prod", "services.users.replicas", 1, "policy"),
    SettingsMistake("data without protection", "prod", "aws.protect", False, "policy"),
    SettingsMistake("a class that no global database takes", "prod", "aws.database.instance_class", "db.t3.medium"),
    SettingsMistake("one day of backups", "prod", "aws.database.backup_retention_days", 1, "policy"),
    SettingsMistake("nobody who hears an alarm", "prod", "aws.alarm_emails", []),
    SettingsMistake("an upstream image by tag", "prod", "images.nginx", "public.ecr.aws/docker/library/nginx:1.30"),
    SettingsMistake("logs of one day", "prod", "aws.log_retention_days", 1, "policy"),
)
