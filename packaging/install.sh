#!/usr/bin/env bash
# Installs all that Shoestring needs on this host, then Shoestring, then runs its wizard.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE=$(dirname "$HERE")
OS_RELEASE=${SHOESTRING_OS_RELEASE:-/etc/os-release}
# sudo may leave out the directories that hold dockerd and ip.
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin

# shellcheck source=packaging/lib/output.sh
. "$HERE/lib/output.sh"
# shellcheck source=packaging/lib/distribution.sh
. "$HERE/lib/distribution.sh"
# shellcheck source=packaging/lib/docker.sh
. "$HERE/lib/docker.sh"

know_host() {
  begin "host"
  FAMILY=""
  [[ -r $OS_RELEASE ]] && FAMILY=$(family_of "$OS_RELEASE")
  [[ -n $FAMILY ]] ||
    give_up "This is neither Debian, Ubuntu, Fedora nor Amazon Linux. Install Docker, Compose and pipx yourself, then: pipx install $SOURCE"
  done_with "$(os_release "$OS_RELEASE" PRETTY_NAME), $(uname -m)"
}

install_tools() {
  begin "tools"
  local pairs missing
  read -ra pairs <<<"$(tool_packages "$FAMILY")"
  mapfile -t missing < <(missing_packages "${pairs[@]}")
  [[ -e /etc/ssl/certs/ca-certificates.crt || -e /etc/pki/tls/certs/ca-bundle.crt ]] || missing+=(ca-certificates)
  if ((${#missing[@]} == 0)); then
    done_with "there already: ${pairs[*]#*:}"
    return
  fi
  install_packages "${missing[@]}"
  done_with "installed: ${missing[*]}"
}

prepare() {
  know_host
  install_tools
  install_engine
  start_engine
  install_compose
}

main() {
  ((EUID == 0)) || give_up "Installing needs root. Run it again with sudo."
  open_log "${SHOESTRING_INSTALL_LOG:-/var/log/shoestring-install.log}"
  prepare
}

main "$@"
