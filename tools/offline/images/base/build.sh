#!/bin/bash
# Builds the root of the stand-in images: Debian unstable, smallest variant, from a package mirror.
#
#   build.sh IMAGE [MIRROR]
#
# Unstable because only it has MySQL 9.7 and an Nginx that resolves SRV names in upstreams (1.27.3 or newer).
# debootstrap checks the release file's signature and every package's checksum against Debian's keyring.
set -euo pipefail

image=$1
mirror=${2:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        # -n: nothing here may stop and ask for a password.
        sudo -n "$@" || fail "debootstrap needs root: run once as root, or allow sudo without a password."
    fi
}

if ! command -v debootstrap >/dev/null && [ ! -x /usr/sbin/debootstrap ] || [ ! -e "$keyring" ]; then
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends debootstrap debian-archive-keyring
fi

# Not /tmp: it may be small, or mounted without device files.
root=$(as_root mktemp -d /var/tmp/gostack-base.XXXXXXXX)
trap 'as_root rm -rf --one-file-system "$root"' EXIT

include=()
case $mirror in
    # apt inside the image can then check the mirror's certificate.
    https:*) include=(--include=ca-certificates) ;;
esac
as_root /usr/sbin/debootstrap --variant=minbase --keyring="$keyring" "${include[@]}" sid "$root" "$mirror"

# Written through tee because a redirection would not be root's.
as_root tee "$root/usr/sbin/policy-rc.d" >/dev/null <<'POLICY'
#!/bin/sh
# There is no service manager in an image: package scripts must not start anything.
exit 101
POLICY
as_root chmod 0755 "$root/usr/sbin/policy-rc.d"

as_root tee "$root/etc/apt/apt.conf.d/90stand-in" >/dev/null <<'APT'
// A mirror of unstable may lag behind its release file's validity; the signature is still checked.
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT

as_root tee "$root/etc/dpkg/dpkg.cfg.d/90stand-in" >/dev/null <<'DPKG'
# A crash during the build throws the layer away: no need to wait for the disk after every file.
force-unsafe-io
# Documentation is for people, and nobody logs in here. Copyright files stay: the licences ask for it.
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/lintian/*
DPKG

# debootstrap unpacked before those rules existed.
as_root find "$root/usr/share/doc" ! -type d ! -name copyright -delete
as_root find "$root/usr/share/doc" -type d -empty -delete
as_root find "$root/usr/share/man" "$root/usr/share/info" "$root/usr/share/locale" "$root/usr/share/lintian" \
    "$root/var/lib/apt/lists" "$root/var/cache/apt" "$root/var/cache/debconf" "$root/var/log" \
    -mindepth 1 -delete

as_root tar --directory "$root" --numeric-owner --one-file-system --create . | docker import \
    --change 'CMD ["bash"]' \
    --change 'ENV LANG=C.UTF-8' \
    --change 'LABEL org.opencontainers.image.title="Debian base of the stand-in images" org.opencontainers.image.version=sid gostack.stand-in=true' \
    - "$image"
