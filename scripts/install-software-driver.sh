#!/usr/bin/env bash
# Installs a Vulkan driver that runs on the CPU, for machines without a GPU.
#
#   sudo scripts/install-software-driver.sh                 Mesa's lavapipe
#   sudo scripts/install-software-driver.sh --swiftshader   SwiftShader as well
#
# WebGPU uses lavapipe automatically if there is no GPU. SwiftShader lies outside the Vulkan
# loader's search path, so it is used only if the environment names it:
#
#   VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json npm test
#
# Running the script again changes nothing. It needs root only if it has to install something.
# Users, CI and the container images run it.
set -euo pipefail

# Dawn, the WebGPU implementation, rejects the lavapipe of Mesa 22.3 (Debian 12), which has no
# dynamic indexing of some descriptor arrays. It accepts that of 23.2 (Ubuntu 22.04).
MESA_AT_LEAST=23.2
SWIFTSHADER=/usr/lib/chromium/vk_swiftshader_icd.json
# Debian ships SwiftShader with Chromium. This package contains the library and installs without
# the browser.
SWIFTSHADER_PACKAGE=chromium-common

say() { printf '%s\n' "$*"; }

fail() {
  printf 'install-software-driver: %s\n' "$*" >&2
  exit 1
}

usage() {
  cat <<'HELP'
usage: install-software-driver.sh [--swiftshader]

Installs Mesa's lavapipe, a Vulkan driver that runs on the CPU (Debian and Ubuntu).
  --swiftshader   also installs SwiftShader (Debian)
HELP
}

refuse_other_systems() {
  case "$(uname -s)" in
    Linux) ;;
    Darwin)
      say 'macOS needs no driver: WebGPU runs on Metal, which comes with the system.'
      exit 0
      ;;
    MINGW* | MSYS* | CYGWIN*)
      say 'Windows needs no driver: WebGPU runs on Direct3D 12, which comes with the system.'
      exit 0
      ;;
    *) fail "no software driver is known for $(uname -s)" ;;
  esac
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail "this script supports Debian and Ubuntu. On other systems, install Mesa $MESA_AT_LEAST or newer:
  Fedora          sudo dnf install mesa-vulkan-drivers vulkan-loader
  Arch Linux      sudo pacman -S vulkan-swrast vulkan-icd-loader
  others          the package that holds lavapipe (lvp_icd*.json), and the Vulkan loader"
  fi
}

# ---------------------------------------------------------------- installed packages

# The version of an installed package, or nothing.
installed() {
  dpkg-query -W -f='${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p;q'
}

# The version that apt would install, or nothing.
candidate() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -vx '(none)' || true
}

new_enough() { [ -n "$1" ] && dpkg --compare-versions "$1" ge "$MESA_AT_LEAST"; }

# The file that registers lavapipe with the Vulkan loader; its name differs between releases.
lavapipe_manifest() {
  local file
  for file in /usr/share/vulkan/icd.d/lvp_icd*.json; do
    [ -e "$file" ] && printf '%s\n' "$file" && return
  done
  return 1
}

have_lavapipe() {
  new_enough "$(installed mesa-vulkan-drivers)" && [ -n "$(installed libvulkan1)" ] && lavapipe_manifest >/dev/null
}

have_swiftshader() { [ -e "$SWIFTSHADER" ] && [ -n "$(installed libvulkan1)" ]; }

# ---------------------------------------------------------------- apt

# Another apt may hold the lock, and mirrors fail at times: wait, and try three times.
apt() {
  local attempt
  for attempt in 1 2 3; do
    if DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null; then
      return 0
    fi
    if [ "$attempt" -lt 3 ]; then
      say "apt-get $1 failed (attempt $attempt of 3), trying again"
      sleep $((attempt * 10))
    fi
  done
  return 1
}

# apt-get update treats an unreachable mirror as a warning. With old or missing lists the
# installation would fail later, with a less helpful message.
update() { apt update -o APT::Update::Error-Mode=any || say 'apt-get update had errors; continuing with the existing lists'; }

install() { apt install -y --no-install-recommends "$@" || fail "apt-get could not install: $*"; }

# ---------------------------------------------------------------- backports

# These functions rewrite the machine's own entry for its release for the backports suite, with
# the same mirror, keys and options. They print the entry and change nothing. There is one
# function for each of apt's two formats. Arguments: the release, the suite wanted, the files.

deb822_entry() {
  local release=$1 suite=$2
  shift 2
  # A blank line ends a stanza; lines that begin with a blank continue the field above.
  awk -v release="$release" -v suite="$suite" '
    function finish(   i, n, words, fits) {
      n = split(field["suites"], words, /[ \t\n]+/)
      for (i = 1; i <= n; i++) if (words[i] ~ ("^(" release ")$")) fits = 1
      if (fits && !found && (" " field["types"] " ") ~ /[ \t\n]deb[ \t\n]/ &&
          (" " field["components"] " ") ~ /[ \t\n]main[ \t\n]/ &&
          tolower(field["enabled"]) !~ /no|false|off|0/) {
        found = 1
        printf "Types: deb\n%sSuites: %s\nComponents: main\n", kept, suite
      }
      delete field
      kept = name = ""
    }
    FNR == 1 { finish() }
    /^[ \t]*$/ { finish(); next }
    /^#/ { next }
    /^[ \t]/ {
      field[name] = field[name] "\n" $0
      if (keep) kept = kept $0 "\n"
      next
    }
    {
      name = tolower(substr($0, 1, index($0, ":") - 1))
      field[name] = substr($0, index($0, ":") + 1)
      keep = name !~ /^(types|suites|components|enabled)$/
      if (keep) kept = kept $0 "\n"
    }
    END { finish() }
  ' "$@" </dev/null
}

one_line_entry() {
  local release=$1 suite=$2
  shift 2
  # deb [options] URI suite components
  sed -nE "s/^[[:space:]]*deb[[:space:]]+((\[[^]]*\][[:space:]]+)?[^[:space:]]+)[[:space:]]+($release)[[:space:]]+([^#]*[[:space:]])?main([[:space:]#].*)?\$/deb \1 $suite main/p" \
    "$@" </dev/null | sed -n 1p
}

files_like() {
  local file
  for file in "$@"; do
    [ -f "$file" ] && printf '%s\0' "$file"
  done
  return 0
}

# Writes the backports entry beside the others and prints the file's name.
write_backports_entry() {
  local codename=$1 suite=$2 entry files
  # A release may also be named stable or oldstable.
  local release="$codename|stable|oldstable"
  local target=/etc/apt/sources.list.d/$suite-wgrad

  mapfile -d '' -t files < <(files_like /etc/apt/sources.list.d/*.sources)
  entry=$([ ${#files[@]} -eq 0 ] || deb822_entry "$release" "$suite" "${files[@]}")
  if [ -n "$entry" ]; then
    printf '%s\n' "$entry" >"$target.sources"
    printf '%s\n' "$target.sources"
    return
  fi
  mapfile -d '' -t files < <(files_like /etc/apt/sources.list /etc/apt/sources.list.d/*.list)
  entry=$([ ${#files[@]} -eq 0 ] || one_line_entry "$release" "$suite" "${files[@]}")
  if [ -n "$entry" ]; then
    printf '%s\n' "$entry" >"$target.list"
    printf '%s\n' "$target.list"
    return
  fi
  return 1
}

# Whether apt's lists contain a new enough Mesa in the suite.
offered_by() {
  local version
  version=$(LC_ALL=C apt-cache madison mesa-vulkan-drivers 2>/dev/null |
    awk -F'|' -v suite="$1/" 'index($3, " " suite) { gsub(/ /, "", $2); print $2; exit }')
  new_enough "$version"
}

install_from_backports() {
  local codename suite written=
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  [ -n "$codename" ] || fail "/etc/os-release names no release (VERSION_CODENAME), so the script cannot find its backports"
  suite=$codename-backports
  if ! offered_by "$suite"; then
    written=$(write_backports_entry "$codename" "$suite") ||
      fail "apt's sources have no entry for $codename to derive $suite from. Add $suite to them and run this again."
    say "added $written"
    update
    if ! offered_by "$suite"; then
      rm -f "$written"
      fail "$suite has no Mesa $MESA_AT_LEAST or newer (this release offers $(candidate mesa-vulkan-drivers)); removed $written again.
A newer Debian or Ubuntu offers one."
    fi
  fi
  # -t upgrades Mesa's other installed packages as well.
  install -t "$suite" mesa-vulkan-drivers libvulkan1
}

# ---------------------------------------------------------------- main

with_swiftshader=false
for argument in "$@"; do
  case "$argument" in
    --swiftshader) with_swiftshader=true ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "unknown argument: $argument" ;;
  esac
done

refuse_other_systems

want_lavapipe=false want_swiftshader=false
have_lavapipe || want_lavapipe=true
if $with_swiftshader && ! have_swiftshader; then want_swiftshader=true; fi

if $want_lavapipe || $want_swiftshader; then
  if [ "$(id -u)" -ne 0 ]; then
    fail "installing packages needs root. Run:
  sudo $0 $*"
  fi
  update
  if $want_lavapipe; then
    if new_enough "$(candidate mesa-vulkan-drivers)"; then
      install mesa-vulkan-drivers libvulkan1
    else
      install_from_backports
    fi
    have_lavapipe || fail "the packages are installed, but there is no lavapipe of Mesa $MESA_AT_LEAST or newer in /usr/share/vulkan/icd.d"
  fi
  if $want_swiftshader; then
    [ -n "$(candidate "$SWIFTSHADER_PACKAGE")" ] ||
      fail "apt offers no $SWIFTSHADER_PACKAGE, the package that contains SwiftShader on Debian; Ubuntu does not have it"
    install "$SWIFTSHADER_PACKAGE" libvulkan1
    have_swiftshader || fail "$SWIFTSHADER_PACKAGE is installed, but $SWIFTSHADER is missing"
  fi
else
  say 'Nothing to do.'
fi

say "lavapipe: Mesa $(installed mesa-vulkan-drivers), $(lavapipe_manifest)"
if $with_swiftshader; then say "SwiftShader: $SWIFTSHADER"; fi
