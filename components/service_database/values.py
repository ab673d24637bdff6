"""What a program can be told of its schema, whatever it calls it: `${mysql.host}`, `${mysql.dsn}` and so on."""

from __future__ import annotations

import pulumi

CA_FILE = "/run/gostack/mysql-ca.pem"
"""Where a replica that uses one of these values finds the certificate of the authority that signed MySQL's."""

TRUST = {"SSL_CERT_DIR": "/etc/ssl/certs:/etc/pki/tls/certs:/run/gostack"}
"""Variable by which a Go program takes CA_FILE for one of the system's own: a DSN can ask for TLS, but name no
authority (https://pkg.go.dev/crypto/x509#SystemCertPool)."""

# A connection that finds itself on a member without writes is dropped and made again, which leads to the primary.
_PARAMETERS = "parseTime=true&rejectReadOnly=true&tls=true"


def connection_values(
    *, address: pulumi.Input[str], user: str, password: pulumi.Input[str], database: str
) -> dict[str, pulumi.Output[str]]:
    """Return the last part of a name to its value.

    `host`, `port` and `address` (both) lead to the primary; `user`, `password` (secret) and `database` are the account
    and the schema; `ca_file` is CA_FILE; `dsn` (secret) is all of it as https://github.com/go-sql-driver/mysql reads
    it, and `url` (secret) as a URL with the same parameters.
    """
    given = pulumi.Output.from_input(address)
    secret = pulumi.Output.secret(password)
    return {
        "host": given.apply(lambda text: text.rpartition(":")[0]),
        "port": given.apply(lambda text: text.rpartition(":")[2]),
        "address": given,
        "user": pulumi.Output.from_input(user),
        "password": secret,
        "database": pulumi.Output.from_input(database),
        "ca_file": pulumi.Output.from_input(CA_FILE),
        # Passwords are made of letters that mean nothing in either form.
        "dsn": pulumi.Output.concat(user, ":", secret, "@tcp(", given, f")/{database}?{_PARAMETERS}"),
        "url": pulumi.Output.concat(f"mysql://{user}:", secret, "@", given, f"/{database}?{_PARAMETERS}"),
    }
