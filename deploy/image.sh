#!/usr/bin/env bash
# Builds the static binary and the image around it, without a container daemon, and tries both out.
#
#   deploy/image.sh                   everything: about five minutes on two cores, nearly all of it for the compiler
#   deploy/image.sh --rootfs DIR      only lays out the files of the image in DIR; deploy/Dockerfile does so
#
#   --profile NAME     profile of cargo                                         (release)
#   --tag NAME         name of the image                                        (sluice:<version>)
#   --archive FILE     where it goes, for `docker load -i` or `podman load -i`  (<target>/image/sluice-<version>.tar)
#   --require-image    fail without buildah, instead of saying that the image was left out
#
# Needs cargo, a C compiler with binutils, and /etc/ssl/certs/ca-certificates.crt (Debian: ca-certificates). The image is built by buildah,
# in a storage of its own that is removed at the end. Respects CARGO_TARGET_DIR. As root, or where user namespaces are allowed.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The user of deploy/Dockerfile.
uid=65532
# No command of the binary takes longer unless it hangs.
limit=60

fail() { echo "image.sh: $*" >&2; exit 1; }
passed() { echo "ok $*"; }

# --- the binary

build() { # profile; sets `binary`
  local host target=${CARGO_TARGET_DIR:-$top/target} directory=$1
  host=$(rustc -vV | sed -n 's/^host: //p')
  [[ $1 != dev ]] || directory=debug
  # The explicit target keeps the flags away from macros and build scripts, which cannot be static.
  (cd "$top" && RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }-C target-feature=+crt-static" \
    cargo build --locked --quiet --profile "$1" --target "$host" --bin sluice)
  binary=$target/$host/$directory/sluice
}

assert_static() { # file
  if readelf --program-headers --wide "$1" | grep -q INTERP; then fail "$1 asks for a dynamic loader"; fi
  if readelf --dynamic --wide "$1" | grep -q NEEDED; then fail "$1 needs shared libraries"; fi
}

# --- the files of the image

lay_out() { # directory, which must be empty or missing
  local root=$1 roots=/etc/ssl/certs/ca-certificates.crt
  [[ -s $roots ]] || fail "there is no $roots; install ca-certificates"
  mkdir -p "$root"
  [[ -z $(ls -A "$root") ]] || fail "$root is not empty"
  mkdir -p "$root"/{app/bin,etc/sluice,etc/ssl/certs,usr/local/bin}
  strip -o "$root/sluice" "$binary"
  chmod 755 "$root/sluice"
  ln -s /sluice "$root/usr/local/bin/sluice"
  # Under this name it takes the flags of Elastic's program. The second place is where Elastic's image has it.
  ln -s /sluice "$root/usr/local/bin/elastic-ingest"
  ln -s /sluice "$root/app/bin/elastic-ingest"
  # sluice has the public roots built in. This file is there to be named by `elasticsearch.ca_certs` and `salesforce.ca_file`, with more
  # authorities mounted over it, and for whatever else expects it.
  cp "$roots" "$root$roots"
  chmod 644 "$root$roots"
  echo "sluice:x:$uid:$uid::/:" >"$root/etc/passwd"
  echo "sluice:x:$uid:" >"$root/etc/group"
  # For `sluice demo`, and for an embedded index when a volume is mounted. Writable for any user, since some platforms choose one.
  mkdir -m 1777 "$root/tmp" "$root/data"
}

# --- trying it out

# Sets `entry` to the words that run a command in a root which has nothing but those files, as the user of the image.
enter() { # more namespaces
  # The two secrets are those that config.example.yml asks for.
  entry=(env -i PATH=/usr/local/bin SF_CLIENT_ID=id SF_CLIENT_SECRET=secret "$(command -v unshare)" "$@")
  if ((EUID)); then
    entry+=(--user --map-user=$uid --map-group=$uid --root="$scratch")
  else
    entry+=("$(command -v chroot)" --userspec=$uid:$uid "$scratch")
  fi
}

inside() {
  enter
  timeout "$limit" "${entry[@]}" "$@"
}

# What the image must be able to do; `$@` runs a command in it.
try_out() {
  local expected="sluice $version" name said
  for name in sluice elastic-ingest /app/bin/elastic-ingest; do
    said=$("$@" "$name" --version) || fail "$name --version failed"
    [[ $said == *"$version"* ]] || fail "$name --version says '$said', not '$expected'"
    passed "$name --version: $said"
  done
  "$@" sluice demo --once --data /data/demo --log-level error >/dev/null
  said=$("$@" sluice export --data /data/demo --index demo | wc -l)
  ((said > 500)) || fail "the demo wrote $said documents only"
  passed "demo: a simulated org was synced into /data, $said documents"
  "$@" sluice demo --once --log-level error >/dev/null
  passed "demo: without a directory of its own it uses /tmp"
}

# A configuration at its place, with the certificates of the image.
try_configuration() {
  local file=$scratch/etc/sluice/config.yml
  sed 's#^  ca_certs: null .*#  ca_certs: /etc/ssl/certs/ca-certificates.crt#' "$top/deploy/config.example.yml" >"$file"
  grep -q '^  ca_certs: /etc' "$file" || fail "config.example.yml has no ca_certs to set"
  inside sluice sync -c /etc/sluice/config.yml --print-plan >/dev/null
  passed "configuration: /etc/sluice/config.yml can be read, and the certificates are where it says"
}

# The service as process 1, as in a container: it answers probes while it waits for its cluster, and a signal ends it.
try_service() {
  local out=$work/service.out address='' answer='' child
  cat >"$scratch/etc/sluice/config.yml" <<'YAML'
elasticsearch: { host: "http://127.0.0.2:9", api_key: none }
connectors: [{ connector_id: a, index_name: a, configuration: { domain: acme, client_id: id, client_secret: secret } }]
admin: { listen: "127.0.0.1:0" }
YAML
  enter --pid --fork
  "${entry[@]}" sluice run -c /etc/sluice/config.yml >"$out" 2>&1 &
  service=$!
  for _ in {1..100}; do
    address=$(grep -oEm1 '127\.0\.0\.1:[0-9]+' "$out" || true)
    if [[ $address ]] || ! kill -0 "$service" 2>/dev/null; then break; fi
    sleep 0.1
  done
  [[ $address ]] || fail "the service said of no address that it listens there: $(cat "$out")"
  exec 4<>"/dev/tcp/${address/://}"
  printf 'GET /livez HTTP/1.0\r\n\r\n' >&4
  read -r -t 10 answer <&4 || true
  exec 4>&-
  [[ $answer == *" 200 "* ]] || fail "/livez answers: $answer"
  child=$(<"/proc/$service/task/$service/children")
  kill -TERM ${child:?}
  wait "$service" || fail "the service ended with $? after SIGTERM: $(cat "$out")"
  service=
  passed "service: as process 1 it answers /livez without a cluster, and ends by SIGTERM"
}

# --- the image

in_store() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

image() { # tag, archive
  local container said
  mkdir "$work/context"
  cp -a "$rootfs" "$work/context/rootfs"
  in_store bud --quiet --isolation chroot --target prebuilt --build-arg "VERSION=$version" --file "$top/deploy/Dockerfile" --tag "$1" \
    "$work/context" >/dev/null
  said=$(in_store inspect --type image --format '{{with .OCIv1.Config}}{{.User}} {{.StopSignal}} {{.Cmd}}{{end}}' "$1")
  [[ $said == "$uid:$uid SIGTERM [sluice run -c /etc/sluice/config.yml]" ]] || fail "the image says of itself: $said"
  passed "image: user, stop signal, command"
  container=$(in_store from --pull-never "$1")
  try_out in_store run --isolation chroot "$container" --
  mkdir -p "$(dirname "$2")"
  rm -f "$2"
  in_store push --quiet "$1" "docker-archive:$2:$1"
  passed "image: $1 in $2, $(du -h "$2" | cut -f1)"
}

# --- one after another

profile=release rootfs='' tag='' archive='' required=''
while (($#)); do
  case $1 in
    --profile) profile=${2:?} && shift 2 ;;
    --rootfs) rootfs=${2:?} && shift 2 ;;
    --tag) tag=${2:?} && shift 2 ;;
    --archive) archive=${2:?} && shift 2 ;;
    --require-image) required=yes && shift ;;
    *) sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
done

build "$profile"
assert_static "$binary"
if [[ $rootfs ]]; then
  lay_out "$rootfs"
  exit
fi

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$top/Cargo.toml")
work=$(mktemp -d)
service=
trap '[[ -z $service ]] || kill -KILL $(cat "/proc/$service/task/$service/children") "$service" 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work"
rootfs=$work/rootfs
lay_out "$rootfs"
passed "binary: static, $(du -h "$rootfs/sluice" | cut -f1)"

# A copy, so that nothing that is left behind gets into the image.
scratch=$work/scratch
cp -a "$rootfs" "$scratch"
echo "in an empty root, as user $uid:"
try_out inside
try_configuration
try_service

if command -v buildah >/dev/null; then
  echo "in the image:"
  image "${tag:-sluice:$version}" "${archive:-${CARGO_TARGET_DIR:-$top/target}/image/sluice-$version.tar}"
elif [[ $required ]]; then
  fail "buildah is missing"
else
  echo "image: left out, since buildah is missing"
fi
