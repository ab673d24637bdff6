#!/usr/bin/env sh
# First process of a Consul server. Reads AGENT_CONFIGURATION, NODE and the secret GOSSIP_CONFIGURATION: on Docker it is in
# a file, on Kubernetes in a variable.
set -eu
umask 077
mkdir -p /tmp/consul
printf '%s' "$AGENT_CONFIGURATION" > /tmp/consul/agent.json
{ cat /run/gostack/secrets/GOSSIP_CONFIGURATION 2> /dev/null || printf '%s' "$GOSSIP_CONFIGURATION"; } \
  > /tmp/consul/gossip.json
unset AGENT_CONFIGURATION GOSSIP_CONFIGURATION
exec consul agent -node "$NODE" -config-dir /tmp/consul
