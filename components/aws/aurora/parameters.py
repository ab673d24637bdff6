"""What Aurora is told in parameters, and what its secrets look like."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

Host = TypeVar("Host")

ADMINISTRATOR = "administrator"
"""Account of the cluster that makes the other accounts."""

PORT = 3306
LOG_EXPORTS = ("audit", "error", "slowquery")

_DAY = 86_400


def cluster_parameters() -> Mapping[str, str]:
    """Return the parameters of every cluster: TLS or no connection, UTF-8, primary keys, and a record of who changed
    what."""
    return {
        "require_secure_transport": "ON",
        "tls_version": "TLSv1.2,TLSv1.3",
        "character_set_server": "utf8mb4",
        "collation_server": "utf8mb4_0900_ai_ci",
        # As on every other platform: a migration that passes in staging passes here, and one that fails there comes no
        # further.
        "sql_require_primary_key": "1",
        "log_bin_trust_function_creators": "1",
        # A session that writes in a region without the writer sees its own rows afterwards.
        "aurora_replica_read_consistency": "SESSION",
        "server_audit_logging": "1",
        # Connections and changes of accounts and tables; every query would be the rows of customers in a log.
        "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
        "slow_query_log": "1",
        "long_query_time": "1",
    }


# Of memory-optimised classes, by size:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Performance.html#AuroraMySQL.Managing.MaxConnections
_CONNECTIONS = {"large": 1000, "xlarge": 2000, "2xlarge": 3000, "4xlarge": 4000, "8xlarge": 5000}
_CONNECTIONS_OF_LARGER = 6000


def largest_number_of_connections(instance_class: str) -> int:
    """Return how many connections an instance of a class accepts by default, at least."""
    return _CONNECTIONS.get(instance_class.rpartition(".")[2], _CONNECTIONS_OF_LARGER)


def administrator_secret(username: str, password: str) -> str:
    """Return the text of the secret, in the form that tools for databases read."""
    return json.dumps({"engine": "mysql", "port": PORT, "username": username, "password": password}, sort_keys=True)


def password_window(issued: int, lifetime_days: int, now: float) -> int:
    """Return how many whole lifetimes have passed since a password was first made: a new number renews it."""
    return max(0, int((now - issued) // (lifetime_days * _DAY)))


def service_addresses(writer: str, writers: Mapping[str, Host], readers: Mapping[str, Host]) -> dict[str, Host]:
    """Return region to the host to which a service there sends writes.

    In the region of the writer that is the writer itself; in another one its own readers, from which Aurora forwards
    writes: no region needs a way into another one's network.
    """
    return {region: writers[region] if region == writer else readers[region] for region in readers}


def log_groups(identifier: str, exports: Sequence[str] = LOG_EXPORTS) -> dict[str, str]:
    """Return each exported log and the log group that Aurora writes it into."""
    return {export: f"/aws/rds/cluster/{identifier}/{export}" for export in exports}
