#!/usr/bin/env bash
# Installs what tests/tools/requirements.txt names into a virtual environment of FOLDER, with uv: 190 packages in
# about 15 s. Its Python is what WGRAD_TOOLS_PYTHON takes.
#
# usage: bash scripts/install-tools.sh FOLDER
set -euo pipefail
folder=${1:?usage: bash scripts/install-tools.sh FOLDER}
cd "$(dirname "$0")/.."
# Debian's, whose version requirements.txt is made for.
python3=$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)
"$python3" -m venv "$folder"
timeout -k 30 120 "$folder/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9
timeout -k 30 300 "$folder/bin/uv" pip install --quiet --python "$folder/bin/python" -r tests/tools/requirements.txt

# Prometheus and promtool from Debian's package, without the service that it would start.
deb=$(mktemp -d)
trap 'rm -rf "$deb"' EXIT
(cd "$deb" && apt-get -q download prometheus >/dev/null 2>&1) || { echo 'Prometheus could not be downloaded: apt-get update'; exit 1; }
dpkg-deb --fsys-tarfile "$deb"/prometheus_*.deb | tar -x -C "$folder/bin" --strip-components 3 ./usr/bin/prometheus ./usr/bin/promtool
