#!/usr/bin/env bash
# Builds both images in both variants without a Docker engine, trains some steps in one, and asks the other for a prediction.
#
#   sudo npm run containers:check            both variants
#   sudo npm run containers:check -- cpu     one of them
#
# Needs Debian's buildah and debootstrap, and root for debootstrap. The script makes the base images that the Dockerfiles
# name: Debian 12, and Node from npm, with this machine's certificates, and apt and npm settings. A machine behind a proxy or a
# mirror therefore builds like any other.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'containers-check: %s\n' "$*" >&2
  exit 1
}
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || fail "needs $tool: apt-get install buildah debootstrap"
done
[ -d node_modules ] || fail 'needs the packages: npm ci'
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

# The names that an argument of the Dockerfiles has; both files must agree.
argument() {
  local values
  values=$(sed -n "s/^ARG $1=//p" dockerfiles/train.Dockerfile dockerfiles/api.Dockerfile | sort -u)
  [ "$(wc -l <<<"$values")" -eq 1 ] || fail "the Dockerfiles have different defaults of $1"
  printf '%s\n' "$values"
}
base=$(argument BASE)
node=$(argument NODE)
step() { printf '\n== %s\n' "$*"; }

# Writes a file system as an image.
image() {
  local container
  container=$(buildah from scratch)
  buildah copy -q "$container" "$2" / >/dev/null
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit -q "$container" "$1" >/dev/null
  buildah rm "$container" >/dev/null
  size "$1"
}

size() { buildah images --format '{{.Name}}:{{.Tag}} {{.Size}}' "$1"; }

make_bases() {
  local root="$scratch/base" mirror version=${node#node:}
  version=${version%%-*}
  step "$base, with this machine's package sources"
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | sort -u | head -1)
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$scratch/debootstrap.log" ||
    { tail -20 "$scratch/debootstrap.log"; fail 'debootstrap failed'; }
  rm -f "$root/etc/apt/sources.list"
  cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$root/etc/apt/"
  [ ! -e /etc/apt/sources.list ] || cp /etc/apt/sources.list "$root/etc/apt/"
  find "$root/etc/apt/sources.list.d" -type f | while read -r list; do
    grep -qE '^(URIs: .*debian|deb .*debian)' "$list" && ! grep -q nodesource "$list" || rm "$list"
  done
  cp -r /usr/share/keyrings/. "$root/usr/share/keyrings/"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
  # The published image has none of these either.
  rm -rf "$root"/usr/share/{doc,man,info,locale,lintian}/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* \
    "$root"/var/log/* "$root"/debootstrap
  image "$base" "$root"

  step "$node: the same, with Node $version and npm"
  npm pack --silent --pack-destination "$scratch" "node-linux-$(node -p process.arch)@$version" >/dev/null
  tar -xzf "$scratch"/node-linux-*.tgz -C "$scratch"
  install -D "$scratch/package/bin/node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -r "$(npm root --global)/npm" "$root/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  npm config list --json | node -e '
    const settings = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    for (const key of ["registry", "cafile", "proxy", "https-proxy", "noproxy"])
      if (settings[key]) console.log(`${key}=${settings[key]}`);' >"$root/root/.npmrc"
  image "$node" "$root"
  rm -rf --one-file-system "$root"
}

build() {
  local name=$1 variant=$2 tag
  tag=wgrad-$name:$variant
  step "build $tag"
  buildah build --pull=never --format docker --build-arg VARIANT="$variant" -f "dockerfiles/$name.Dockerfile" -t "$tag" . \
    >"$scratch/build.log" 2>&1 || { tail -30 "$scratch/build.log"; fail "$name.Dockerfile does not build"; }
  size "$tag"
}

# Runs the image's entry point with the given arguments, as the image's user.
in_container() {
  local container=$1
  shift
  buildah run --user 1000 "${volumes[@]}" "$container" -- node "$@"
}

# Trains some steps in the image of a variant, on a device.
train() {
  build train "$1"
  step "train some steps: $1, $2"
  local trainer
  trainer=$(buildah from --pull=never "wgrad-train:$1")
  containers+=("$trainer")
  volumes=(--volume "$PWD/data/raw:/app/data/raw:ro")
  in_container "$trainer" src/train.ts configs/mlp.yaml train.epochs=1 train.limitTrain=2000 train.limitTest=1000 device="$2"
}

# Asks the service in the image of a variant for a prediction, and stops it.
predict() {
  build api "$1"
  step "ask for a prediction: $1, $2"
  local server service port=${PORT:-18080}
  server=$(buildah from --pull=never "wgrad-api:$1")
  containers+=("$server")
  volumes=()
  in_container "$server" src/api.ts --host 127.0.0.1 --port "$port" --device "$2" >"$scratch/api.log" 2>&1 &
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
  pkill -TERM -f "^[^ ]*node src/api.ts --host 127.0.0.1 --port $port" || fail 'the service was not found'
  wait "$service" || fail "the service exited with an error: $?"
}

variants=("$@")
[ $# -gt 0 ] || variants=(cpu gpu)
make_bases
npx tsx src/data.ts fetch >/dev/null
for variant in "${variants[@]}"; do
  device=cpu
  [ "$variant" = cpu ] || device=webgpu
  train "$variant" "$device"
  predict "$variant" "$device"
done

step 'all images work'
for variant in "${variants[@]}"; do size "wgrad-train:$variant" && size "wgrad-api:$variant"; done
