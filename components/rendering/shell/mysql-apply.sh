#!/usr/bin/env bash
# Runs STATEMENTS as root through the socket of the member beside it; tries for about 30 s.
set -euo pipefail
for attempt in $(seq 30); do
  if printf '%s' "$STATEMENTS" | mysql --user=root --socket=/var/run/mysqld/mysqld.sock --default-character-set=utf8mb4; then
    echo "applied"
    exit 0
  fi
  sleep 1
done
echo "the statements could not be applied"
exit 1
