#!/usr/bin/env bash
# Runs the secret STATEMENTS as root on the member that takes writes, through its socket in a folder below /members; tries
# for about two minutes, as a group that starts needs time to find its primary.
set -euo pipefail
client() { mysql --user=root --socket="$1" --default-character-set=utf8mb4 "${@:2}"; }
while [ "$SECONDS" -lt 120 ]; do
  for socket in /members/*/mysqld.sock; do
    writable=$(client "$socket" --batch --skip-column-names --execute 'SELECT NOT @@super_read_only' 2> /dev/null) || continue
    [ "$writable" = 1 ] || continue
    if client "$socket" < /run/gostack/secrets/STATEMENTS; then
      echo "applied"
      exit 0
    fi
  done
  sleep 1
done
echo "the statements could not be applied: no member took them"
exit 1
