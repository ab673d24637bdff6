#!/usr/bin/env sh
# What the first process of every member of Consul begins with. Reads the secret GOSSIP_CONFIGURATION: on Docker it is in a
# file, on Kubernetes in a variable.
set -eu
umask 077
mkdir -p /tmp/consul
{ cat /run/gostack/secrets/GOSSIP_CONFIGURATION 2> /dev/null || printf '%s' "$GOSSIP_CONFIGURATION"; } \
  > /tmp/consul/gossip.json
unset GOSSIP_CONFIGURATION

