#!/usr/bin/env bash
# What the first process of every MySQL member begins with. Reads MEMBER_CONFIGURATION, AUTHORITY and CERTIFICATE, and the
# secrets BOOT_SQL and PRIVATE_KEY; what is written from them stays in memory.
set -euo pipefail
umask 077
mkdir -p /tmp/mysql
# Prints a secret: on Docker it is in a file, on Kubernetes in a variable.
secret() { if [ -e "/run/gostack/secrets/$1" ]; then cat "/run/gostack/secrets/$1"; else printf '%s' "${!1}"; fi; }
printf '%s' "$MEMBER_CONFIGURATION" > /tmp/mysql/my.cnf
secret BOOT_SQL > /tmp/mysql/boot.sql
printf '%s' "$AUTHORITY" > /tmp/mysql/authority.pem
printf '%s' "$CERTIFICATE" > /tmp/mysql/certificate.pem
secret PRIVATE_KEY > /tmp/mysql/private_key.pem
unset BOOT_SQL PRIVATE_KEY

say() { echo "start: $*"; }
sql() { mysql --user=root --socket=/var/run/mysqld/mysqld.sock --default-character-set=utf8mb4 "$@"; }
# A server that was killed leaves its socket and lock behind.
clear_socket() { rm -f /var/run/mysqld/mysqld.sock /var/run/mysqld/mysqld.sock.lock; }
wait_for_server() { until sql --execute 'SELECT 1' > /dev/null 2>&1; do kill -0 "$1" || return 1; sleep 0.3; done; }

# A first start that was interrupted left only a side folder: the data folder appears complete or not at all.
initialise() {
  rm -rf /var/lib/mysql/data.new
  mysqld --defaults-file=/tmp/mysql/my.cnf --initialize-insecure --skip-log-bin --datadir=/var/lib/mysql/data.new
}
keep_initialised() {
  sync
  mv /var/lib/mysql/data.new /var/lib/mysql/data
}
