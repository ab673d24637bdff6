#!/usr/bin/env sh
# First process of a configuration release: FILES names the files, of which each is in a variable of its own.
# The release goes live only when `nginx -t` accepts it; then the process stays, so that its health tells whether the
# release is in force; with ONCE it ends when the release is.
set -eu
umask 077
export LC_ALL=C
# The same as `variable_name` of components/docker/ingress.py.
variable() {
  printf 'FILE_%s' "$(printf '%s' "$1" | sed 's/_/__/g; s/\./_0/g; s/-/_1/g; s,/,_2,g' | tr '[:lower:]' '[:upper:]')"
}
cd /var/lib/ingress
mkdir -p releases
# One at a time: a rollback runs this script beside the one of an update.
exec 9> lock
flock 9
# With the lock, whatever is half made or half removed was cut off.
rm -rf new.* removed.*
new=$(mktemp -d new.XXXXXX)
trap 'rm -rf "$new"' EXIT
for file in $FILES; do
  case $file in */*) mkdir -p "$new/${file%/*}" ;; esac
  printenv "$(variable "$file")" > "$new/$file"
done
release=$(cd "$new" && find . -type f -exec sha256sum {} + | sort -k 2 | sha256sum | cut -c 1-16)
sed -i "s/@RELEASE@/$release/" "$new/nginx.conf"
if ! nginx -t -q -p "/var/lib/ingress/$new/" -c nginx.conf -g 'pid /tmp/test.pid;'; then
  echo "release: refused, the one in force stays" >&2
  exit 1
fi
if [ -d "releases/$release" ]; then touch "releases/$release"; else mv "$new" "releases/$release"; fi
ln -sfn "releases/$release" next
mv -T next current
printf '%s' "$release" > /tmp/release
echo "release: $release is current" >&2
# Workers that still finish requests may read the one before; of the others, two stay. Each leaves its name first: what is
# half removed must not be taken for a release.
# shellcheck disable=SC2010,SC2012 # The names are digests.
ls -1t releases | grep -vxF "$release" | tail -n +3 | while read -r old; do
  mv "releases/$old" "removed.$old"
  rm -rf "removed.$old"
done
rm -rf "$new"
trap - EXIT
exec 9>&-
[ -z "${ONCE:-}" ] || exit 0
unset "$(variable private_key.pem)"
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait $!; done
