#!/bin/sh
# As upstream's entry point, without the change of user (this image starts as consul already) and without the
# search for addresses of interfaces.
set -e

if [ "${1#-}" != "$1" ]; then
    set -- consul "$@"
fi

case $1 in
    agent)
        shift
        config_folder=/consul/config
        if [ -n "$CONSUL_LOCAL_CONFIG" ]; then
            printf '%s\n' "$CONSUL_LOCAL_CONFIG" >"$config_folder/local.json"
        fi
        set -- consul agent -data-dir="${CONSUL_DATA_DIR:-/consul/data}" -config-dir="$config_folder" "$@"
        ;;
    version)
        set -- consul "$@"
        ;;
    *)
        # `docker run IMAGE members` means Consul's command, `docker run IMAGE sh` the shell.
        if consul --help "$1" 2>&1 | grep -q "consul $1"; then
            set -- consul "$@"
        fi
        ;;
esac

exec "$@"
