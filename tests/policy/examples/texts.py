"""Examples of texts in which something is wrong: configuration of Nginx and MySQL, commands, secrets in variables."""

from __future__ import annotations

import base64
import json

from policy.rule import Environment
from tests.policy.examples.example import Example
from tests.support.graphs import changed, graph, resource

DEV = Environment.DEV
NGINX = "server {\n  listen 8443 ssl;\n  ssl_protocols TLSv1.2 TLSv1.3;\n  ssl_ciphers HIGH:!aNULL:!MD5;\n}\n"
CONTAINER = graph(
    resource(
        "docker:index/container:Container",
        "server",
        {
            "envs": [f"FILE_NGINX_CONF={NGINX}", "MYSQL_USER=users", "MYSQL_PASSWORD_FILE=/run/secrets/password"],
            "command": ["mysqld --require-secure-transport=ON --tls-version=TLSv1.2,TLSv1.3"],
        },
        stack="dev",
    )
)
RANDOM = "q7Zp2LxV9tRw4KbN8sYd3HfGm6Jc1QaE"
PUBLIC = {"kty": "OKP", "crv": "Ed25519", "kid": RANDOM[::-1], "x": RANDOM}
PAIRS = resource(
    "kubernetes:apps/v1:Deployment",
    "users",
    {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "users",
                            "env": [
                                {"name": "MYSQL_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}},
                                {"name": "LOG_LEVEL", "value": "debug"},
                                {"name": "CONFIGURATION", "value": '{"limit": 5}'},
                                {"name": "LOGINS", "value": json.dumps({"api": {"jwks": {"keys": [PUBLIC]}}})},
                            ],
                        }
                    ]
                }
            }
        }
    },
)
SETTINGS = resource("kubernetes:core/v1:ConfigMap", "settings", {"data": {"limits.json": '{"rate": 50}'}})
NODES = resource("aws:ec2/launchTemplate:LaunchTemplate", "nodes", {"userData": "IyEvYmluL3NoCmVjaG8gaGVsbG8gd29ybGQK"})
PLAIN = graph(PAIRS, SETTINGS, NODES)
ENVIRONMENT = "spec.template.spec.containers.0.env"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----\n"

EXAMPLES = {
    "nginx-tls": Example(
        CONTAINER,
        {
            "TLS 1.1": changed(
                CONTAINER, "server", "envs.0", "FILE_NGINX_CONF=" + NGINX.replace("TLSv1.2 ", "TLSv1.1 TLSv1.2 ")
            ),
            "a weak cipher": changed(
                CONTAINER, "server", "envs.0", "FILE_NGINX_CONF=" + NGINX.replace("HIGH", "RC4-SHA")
            ),
            "Nginx chooses": changed(
                CONTAINER, "server", "envs.0", "FILE_NGINX_CONF=server {\n  listen 8443 ssl;\n}\n"
            ),
            "upstreams are not verified": changed(
                CONTAINER, "server", "envs.0", f"FILE_NGINX_CONF={NGINX}\n  proxy_ssl_verify off;\n"
            ),
        },
        DEV,
    ),
    "mysql-tls": Example(
        CONTAINER,
        {
            "plain connections": changed(CONTAINER, "server", "command.0", "mysqld --require-secure-transport=OFF"),
            "TLS 1.1": changed(CONTAINER, "server", "command.0", "mysqld --tls-version=TLSv1.1,TLSv1.2"),
        },
        DEV,
    ),
    "certificates-verified": Example(
        CONTAINER,
        {
            "curl": changed(CONTAINER, "server", "command.0", "curl -s -k https://x"),
            "a MySQL client": changed(CONTAINER, "server", "envs.1", "DSN=users@tcp(mysql)/users?tls=skip-verify"),
            "Consul": changed(CONTAINER, "server", "envs.1", 'CONFIGURATION={"verify_incoming": false}'),
        },
        DEV,
    ),
    "plain-secret": Example(
        PLAIN,
        {
            "a password by its name": changed(
                PLAIN, "users", f"{ENVIRONMENT}.0", {"name": "MYSQL_PASSWORD", "value": "hunter2"}
            ),
            "a key in camel case": changed(
                PLAIN, "users", f"{ENVIRONMENT}.1", {"name": "stripeApiKey", "value": "abcdef"}
            ),
            "a token by its form": changed(
                PLAIN, "users", f"{ENVIRONMENT}.1", {"name": "GREETING", "value": "ghp_" + "a1B2" * 9}
            ),
            "a random key": changed(PLAIN, "users", f"{ENVIRONMENT}.1", {"name": "SEED", "value": RANDOM}),
            "inside JSON": changed(
                PLAIN,
                "users",
                f"{ENVIRONMENT}.2",
                {"name": "CONFIGURATION", "value": json.dumps({"db": {"password": "hunter2"}})},
            ),
            "a private key as JSON": changed(
                PLAIN, "users", f"{ENVIRONMENT}.2", {"name": "KEY", "value": json.dumps({**PUBLIC, "d": RANDOM})}
            ),
            "beside a public key": changed(
                PLAIN, "users", f"{ENVIRONMENT}.2", {"name": "KEY", "value": json.dumps({**PUBLIC, "seed": RANDOM})}
            ),
            "in a URL": changed(
                PLAIN, "users", f"{ENVIRONMENT}.1", {"name": "UPSTREAM", "value": "amqp://users:hunter2@queue:5672/"}
            ),
            "in a ConfigMap": changed(PLAIN, "settings", "data", {"tls.key": KEY}),
            "a file of a ConfigMap by its name": changed(PLAIN, "settings", "data", {"password.txt": "hunter2"}),
            "in a ConfigMap's JSON": changed(PLAIN, "settings", "data", {"a.json": '{"client_secret": "hunter2"}'}),
            "in a Base64 script": changed(
                PLAIN, "nodes", "userData", base64.b64encode(b"#!/bin/sh\nexport DB_PASSWORD=hunter2\nstart\n").decode()
            ),
            "an access key in an annotation": changed(
                PLAIN, "users", "metadata", {"annotations": {"note": "AKIAIOSFODNN7EXAMPLE"}}
            ),
        },
    ),
}
