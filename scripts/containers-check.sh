#!/usr/bin/env bash
# Builds both images without a Docker engine, trains some steps in one, and asks the other for a prediction.
#
#   sudo npm run containers:check
#
# Needs Debian's buildah and debootstrap, and root for debootstrap. The script makes the base image that the Dockerfiles
# name: Debian 12 with this machine's Node, certificates, and apt and npm settings. A machine behind a proxy or a mirror
# therefore builds like any other.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'containers-check: %s\n' "$*" >&2
  exit 1
}
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || fail "needs $tool: apt-get install buildah debootstrap"
done
[ "$(id -u)" -eq 0 ] || fail 'needs root, because debootstrap creates a system'

scratch=$(mktemp -d)
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
export CONTAINERS_STORAGE_CONF="$scratch/storage.conf"
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$scratch" "$scratch" \
  >"$CONTAINERS_STORAGE_CONF"
containers=()
finish() {
  for container in "${containers[@]}"; do buildah rm "$container" >/dev/null 2>&1 || true; done
  # Do not delete file systems that are mounted inside the folder.
  rm -rf --one-file-system "$scratch"
}
trap finish EXIT

base=$(sed -n 's/^ARG BASE=//p' dockerfiles/train.Dockerfile)
grep -qx "ARG BASE=$base" dockerfiles/api.Dockerfile || fail 'the Dockerfiles name different bases'
step() { printf '\n== %s\n' "$*"; }

make_base() {
  step "base $base: Debian bookworm and Node $(node --version)"
  local root="$scratch/base" mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | sort -u | head -1)
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$scratch/debootstrap.log" ||
    { tail -20 "$scratch/debootstrap.log"; fail 'debootstrap failed'; }
  # The machine's own package sources and registries.
  rm -f "$root/etc/apt/sources.list"
  cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$root/etc/apt/"
  [ ! -e /etc/apt/sources.list ] || cp /etc/apt/sources.list "$root/etc/apt/"
  find "$root/etc/apt/sources.list.d" -type f | while read -r list; do
    grep -qE '^(URIs: .*debian|deb .*debian)' "$list" && ! grep -q nodesource "$list" || rm "$list"
  done
  cp -r /usr/share/keyrings/. "$root/usr/share/keyrings/"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
  # Node and npm.
  local prefix
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  install -D "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -r "$(npm root --global)/npm" "$root/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  npm config list --json | node -e '
    const settings = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    for (const key of ["registry", "cafile", "proxy", "https-proxy", "noproxy"])
      if (settings[key]) console.log(`${key}=${settings[key]}`);' >"$root/root/.npmrc"
  chroot "$root" ldd /usr/local/bin/node | grep -q 'not found' &&
    chroot "$root" sh -c 'apt-get update -q && apt-get install -y -q libstdc++6 libatomic1' >/dev/null
  chroot "$root" useradd --create-home --uid 1000 node
  local container
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root" / >/dev/null
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit -q "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf --one-file-system "$root"
}

build() {
  step "build $1"
  buildah build --pull=never --format docker -f "dockerfiles/$1.Dockerfile" -t "wgrad-$1" . ||
    fail "$1.Dockerfile does not build"
  buildah images --format '{{.Name}}: {{.Size}}' "wgrad-$1"
}

# Runs the image's entry point with the given arguments, as the image's user.
in_container() {
  local container=$1
  shift
  buildah run --user node "${volumes[@]}" "$container" -- node --import tsx "$@"
}

make_base
build train
build api

step 'train some steps'
npx tsx src/data.ts fetch >/dev/null
trainer=$(buildah from --pull=never wgrad-train)
containers+=("$trainer")
volumes=(--volume "$PWD/data/raw:/app/data/raw:ro")
in_container "$trainer" src/train.ts configs/mlp.yaml train.epochs=1 train.limitTrain=2000 train.limitTest=1000 \
  device=webgpu

step 'ask for a prediction'
server=$(buildah from --pull=never wgrad-api)
containers+=("$server")
volumes=()
port=${PORT:-18080}
in_container "$server" src/api.ts --host 127.0.0.1 --port "$port" >"$scratch/api.log" 2>&1 &
service=$!
for _ in $(seq 120); do
  curl -fs "http://127.0.0.1:$port/health/ready" >/dev/null && break
  kill -0 "$service" 2>/dev/null || { cat "$scratch/api.log"; fail 'the service ended'; }
  sleep 0.5
done
node -e 'console.log(JSON.stringify({ pixels: Array(784).fill(0) }))' |
  curl -fsS -H 'content-type: application/json' --data-binary @- "http://127.0.0.1:$port/predict" ||
  { cat "$scratch/api.log"; fail 'no prediction'; }
echo
# Signals the service itself, not the tool that runs the container.
pkill -TERM -f "^[^ ]*node --import tsx src/api.ts --host 127.0.0.1 --port $port" || fail 'the service was not found'
wait "$service" || fail "the service exited with an error: $?"

step 'both images work'
