#!/usr/bin/env sh
# First process of Valkey. CONFIGURATION is its file without the password; PASSWORD is on no command line.
set -eu
umask 077
{
  printf '%s\n' "$CONFIGURATION"
  printf 'requirepass %s\n' "$PASSWORD"
} > /tmp/valkey.conf
unset CONFIGURATION PASSWORD
exec valkey-server /tmp/valkey.conf
