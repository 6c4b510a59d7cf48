#!/usr/bin/env bash
# Installs what Shoestring needs on this host, then Shoestring, then runs its wizard.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE=$(dirname "$HERE")
OS_RELEASE=${SHOESTRING_OS_RELEASE:-/etc/os-release}
# sudo may leave out the directories that hold dockerd and ip.
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin

# shellcheck source=lib/output.sh
. "$HERE/lib/output.sh"
# shellcheck source=lib/distribution.sh
. "$HERE/lib/distribution.sh"
# shellcheck source=lib/docker.sh
. "$HERE/lib/docker.sh"
# shellcheck source=lib/places.sh
. "$HERE/lib/places.sh"
# shellcheck source=lib/shoestring.sh
. "$HERE/lib/shoestring.sh"
# shellcheck source=lib/demo.sh
. "$HERE/lib/demo.sh"

usage() {
  cat <<END
Installs Docker, Compose, what they need and Shoestring on this host, then runs the wizard.

  sudo packaging/install.sh [SETUP OPTIONS]   install, then shoestring setup with these options
  sudo packaging/install.sh --demo            install, then show it on loopback, no questions
  sudo packaging/install.sh --remove          remove the demo
  sudo packaging/install.sh --prepare         only Docker and the packages, not Shoestring
END
}

know_host() {
  begin "host"
  FAMILY=""
  [[ -r $OS_RELEASE ]] && FAMILY=$(family_of "$OS_RELEASE")
  [[ -n $FAMILY ]] ||
    give_up "This is neither Debian, Ubuntu, Fedora nor Amazon Linux. Install Docker, Compose and pipx yourself, then: sudo PIPX_HOME=$PIPX_HOME PIPX_BIN_DIR=$PIPX_BIN_DIR PIPX_MAN_DIR=$PIPX_MAN_DIR PIPX_COMPLETION_DIR=$PIPX_COMPLETION_DIR pipx install $SOURCE"
  done_with "$(os_release "$OS_RELEASE" PRETTY_NAME), $(uname -m)"
}

install_tools() {
  begin "tools"
  local pairs missing
  finish_packages
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

install() {
  prepare
  install_python
  install_pipx
  install_shoestring
  if ! systemd_runs; then
    note "No systemd runs here, so timers are not installed: nothing watches or renews automatically."
  fi
  find_image_source
}

main() {
  local action=setup argument
  local -a setup_options=()
  for argument in "$@"; do
    case $argument in
      -h | --help) usage && return ;;
      --prepare) action=prepare ;;
      # --demo --remove and --remove are the same.
      --demo) [[ $action == remove ]] || action=demo ;;
      --remove) action=remove ;;
      *) setup_options+=("$argument") ;;
    esac
  done
  if [[ $action != setup ]] && ((${#setup_options[@]})); then
    printf 'With --%s there are no other options, but here is %s. See: %s --help\n' "$action" "${setup_options[0]}" "$0" >&2
    return 2
  fi
  ((EUID == 0)) || give_up "Installing needs root. Run it again with sudo."
  open_log "${SHOESTRING_INSTALL_LOG:-/var/log/shoestring-install.log}"
  case $action in
    prepare) prepare ;;
    demo)
      install
      demo
      ;;
    remove) remove_demo ;;
    setup)
      install
      exec "$SHOESTRING" setup "${setup_options[@]}"
      ;;
  esac
}

main "$@"
