#!/usr/bin/env bash
# Check all shell scripts with the shellcheck that is given. packaging/lib is checked with the scripts that source it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mapfile -t scripts < <(
  printf '%s\n' packaging/install.sh packaging/appliance/{build,enter,in-image} .ci/run \
    packaging/share/bash-completion/completions/shoestring
  find templates packaging tests -name '*.sh' -not -path packaging/install.sh -not -path 'packaging/lib/*'
)
exec "$1" --external-sources --check-sourced "${scripts[@]}"
