#!/usr/bin/env bash
# Installs what the tests need, then runs them.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HERE=$ROOT/packaging
OS_RELEASE=${SHOESTRING_OS_RELEASE:-/etc/os-release}
CACHE=${SHOESTRING_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/shoestring-tests}
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin

# shellcheck source=../packaging/lib/output.sh
. "$HERE/lib/output.sh"
# shellcheck source=../packaging/lib/distribution.sh
. "$HERE/lib/distribution.sh"
# shellcheck source=../packaging/lib/docker.sh
. "$HERE/lib/docker.sh"
# shellcheck source=../packaging/lib/places.sh
. "$HERE/lib/places.sh"
# shellcheck source=../packaging/lib/shoestring.sh
. "$HERE/lib/shoestring.sh"

readonly PARTS=(lint unit golden architecture engine)
readonly MORE_PARTS=(services install bench vm vm-services lock venv)
# These use Docker, or build machines; the others need neither root nor an engine.
readonly PARTS_WITH_ENGINE=" engine services install bench vm vm-services "
# These run what setup runs, and build its images first.
readonly PARTS_WITH_IMAGES=" engine bench "
readonly QEMU_AT_LEAST=9.0
readonly LOCK=$ROOT/tests/requirements.lock

VENV=""
ENGINE_IS_OURS=""
FAILED=()

usage() {
  cat <<END
Installs what the tests need, then runs them.

  sudo tests/run.sh                       all of: ${PARTS[*]}
  sudo tests/run.sh PART… [-- ARGUMENT…]  these parts; what follows -- goes to pytest

More parts: ${MORE_PARTS[*]}
  lock    bring tests/requirements.lock in line with pyproject.toml; with -- --upgrade, to the newest versions
  venv    link .venv to the environment of the tests, for editors, hooks and single tests
The cache is $CACHE; SHOESTRING_TEST_CACHE names another.
END
}

# --- what the tests need ---

# one_of LIST PART…: is one of the parts in the list?
one_of() {
  local part
  for part in "${@:2}"; do
    [[ $1 == *" $part "* ]] && return
  done
  return 1
}

# The commands that tests use, each with its package, as in packaging/lib/distribution.sh.
install_test_tools() {
  begin "test tools"
  local -a missing
  mapfile -t missing < <(missing_packages mmdebstrap:mmdebstrap tmux:tmux openssl:openssl curl:curl git:git \
    wg:wireguard-tools wireguard-go:wireguard-go nft:nftables iptables:iptables ufw:ufw dbus-daemon:dbus \
    zbarimg:zbar-tools systemd-analyze:systemd chattr:e2fsprogs mount:mount \
    zsh:zsh fish:fish man:man-db mandoc:mandoc)
  [[ -e /usr/share/bash-completion/bash_completion ]] || missing+=(bash-completion)
  # Where systemd runs, its package would start it, and it would filter this machine.
  systemd_runs || mapfile -t -O "${#missing[@]}" missing < <(missing_packages firewalld:firewalld)
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
  done_with "${missing[*]:-there already}"
}

# What boots machines. Debian 12's own QEMU cannot start Debian 13's kernel without hardware virtualisation.
install_qemu() {
  begin "QEMU"
  local -a missing
  mapfile -t missing < <(missing_packages xorriso:xorriso ssh:openssh-client zstd:zstd mke2fs:e2fsprogs)
  [[ -e /usr/share/OVMF/OVMF_CODE_4M.fd ]] || missing+=(ovmf)
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
  if ! version_at_least "$(qemu_version)" "$QEMU_AT_LEAST"; then
    if [[ $(os_release "$OS_RELEASE" VERSION_CODENAME) == bookworm ]]; then add_backports; fi
    install_packages qemu-system-x86 qemu-utils
    version_at_least "$(qemu_version)" "$QEMU_AT_LEAST" ||
      give_up "These tests need QEMU $QEMU_AT_LEAST or later, and this distribution has $(qemu_version)."
  fi
  done_with "$(qemu_version)"
}

qemu_version() {
  qemu-system-x86_64 --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p'
}

# Backports, for QEMU alone.
add_backports() {
  cat >/etc/apt/sources.list.d/shoestring-backports.sources <<END
# For QEMU only: /etc/apt/preferences.d/shoestring-backports keeps everything else out.
Types: deb
URIs: $(debian_mirror)
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  cat >/etc/apt/preferences.d/shoestring-backports <<END
Package: *
Pin: release n=bookworm-backports
Pin-Priority: -1

Package: qemu-system-* qemu-utils seabios
Pin: release n=bookworm-backports
Pin-Priority: 990
END
  ADVICE="Check that this host reaches bookworm-backports on its package mirror, then run this again."
  must update_one_source shoestring-backports
}

prepare_host() {
  if ! engine_answers; then ENGINE_IS_OURS=yes; fi
  trap stop_own_engine EXIT
  "$HERE/install.sh" --prepare
  install_test_tools
}

# Nothing outlives the run: an engine that it started ends with it.
stop_own_engine() {
  local code=$? pid
  [[ -n $ENGINE_IS_OURS ]] || exit "$code"
  if systemd_runs; then
    systemctl stop docker.socket docker.service
  elif pid=$(cat /run/docker.pid 2>/dev/null) && [[ $(<"/proc/$pid/comm") == dockerd ]]; then
    kill "$pid"
    # It takes its file away at its end.
    for _ in {1..60}; do
      [[ -e /run/docker.pid ]] || break
      sleep 0.5
    done
  fi
  printf 'The Docker Engine that this run started is stopped again.\n'
  exit "$code"
}

# An environment with exactly what the lock names. It is made once for a lock, a Python and a checkout.
make_venv() {
  begin "environment"
  local python key
  python=$(find_python)
  key=$({ cat "$LOCK" && "$python" --version && echo "$python $ROOT"; } | sha256sum | cut -c 1-16)
  VENV=$CACHE/venv-$key
  exec 9>"$CACHE/lock"
  flock 9
  if [[ -e $VENV/complete ]]; then
    touch "$VENV/complete"
    done_with "there already"
  else
    # Those that no run has used for two weeks belong to an old lock, or to a removed checkout.
    find "$CACHE" -mindepth 2 -maxdepth 2 -path '*/venv-*/complete' -mtime +14 -printf '%h\0' | xargs -0 -r rm -rf
    ADVICE="Check that this host reaches PyPI, then run this again."
    must "$python" -m venv --clear "$VENV"
    must "$VENV/bin/pip" install --disable-pip-version-check --require-hashes --only-binary :all: -r "$LOCK"
    must touch "$VENV/complete"
    done_with "made, $((SECONDS - BEGAN)) s"
  fi
  install_project
  exec 9>&-
}

# Shoestring itself, editable. The lock holds what builds it, so nothing else is fetched.
install_project() {
  local digest
  digest=$(sha256sum <"$ROOT/pyproject.toml")
  [[ -r $VENV/project && $(<"$VENV/project") == "$digest" ]] && return
  begin "Shoestring"
  must "$VENV/bin/pip" install --disable-pip-version-check --no-deps --no-build-isolation --editable "$ROOT"
  printf '%s\n' "$digest" >"$VENV/project"
  done_with "installed, editable"
}

# build_images [--all]: the engine keeps them, so a run after the first finds them there.
build_images() {
  begin "images"
  ADVICE="This needs Debian's package mirror. Run it alone to see more: $VENV/bin/shoestring images build"
  must "$VENV/bin/shoestring" images build "$@"
  done_with "built or there already, $((SECONDS - BEGAN)) s"
}

# Telegraf from its source, minutes the first time: no test waits for it. The cache keeps the program.
build_telegraf() {
  begin "Telegraf"
  ADVICE="This needs the Go module proxy, and Go from Debian's backports where this machine has none that is new enough."
  must "$VENV/bin/python" -m tests.support.services.telegraf_image
  done_with "built or there already, $((SECONDS - BEGAN)) s"
}

# --- the parts ---

# check NAME COMMAND…: one line if it is well, all that it says if not.
check() {
  begin "$1"
  if try "${@:2}"; then
    done_with "$((SECONDS - BEGAN)) s"
    return
  fi
  print_result ✗ "exit code $FAILED_CODE: $FAILED_COMMAND"
  tail -n "+$FAILED_FROM" "$LOG"
  FAILED+=("$1")
}

run_lint() {
  check "ruff check" "$VENV/bin/ruff" check .
  check "ruff format" "$VENV/bin/ruff" format --check --diff .
  check "mypy" "$VENV/bin/mypy" --strict
  check "shellcheck" tests/shellcheck.sh "$VENV/bin/shellcheck"
  check "codespell" "$VENV/bin/codespell"
  check "hooks" "$VENV/bin/python" -m pytest -o cache_dir="$CACHE/pytest" --numprocesses 2 tests/lint
}

# run_tests PART ARGUMENT…: what pytest prints is shown as it comes.
run_tests() {
  local part=$1
  local -a where=("tests/$1")
  printf '\n%s\n' "$part"
  # They mostly wait for the engine, each for containers of its own; or boot one machine each.
  local -a options=()
  case $part in
    unit) options=(--numprocesses 2) ;;
    engine)
      where+=(tests/security)
      options=(--ignore tests/security/services --numprocesses 5 --dist loadfile)
      ;;
    services)
      where+=(tests/security/services)
      options=(--numprocesses 4 --dist loadfile)
      ;;
    # A process for each distribution, and one for hosts without a network.
    install) options=(--numprocesses 3) ;;
    # With the figures that tests print, such as those of docs/memory.md.
    vm) options=(--ignore tests/vm/test_services.py --numprocesses 2 --dist loadfile --no-loadscope-reorder -rP) ;;
    vm-services) options=(-rP) && where=(tests/vm/test_services.py) ;;
  esac
  # Of an option that is there twice pytest takes the last: the user's. It fails where there is no test.
  "$VENV/bin/python" -m pytest -o cache_dir="$CACHE/pytest" "${where[@]}" "${options[@]}" "${@:2}" || FAILED+=("$part")
}

# make_lock [--upgrade]: run by hand when pyproject.toml asks for other packages. What is locked stays, but for --upgrade.
make_lock() {
  begin "lock"
  local tool=$CACHE/uv
  ADVICE="Check that this host reaches PyPI, then run this again."
  must "$(find_python)" -m venv --clear "$tool"
  must "$tool/bin/pip" install --disable-pip-version-check uv
  must "$tool/bin/uv" pip compile pyproject.toml tests/requirements.in --extra dev "$@" --universal \
    --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tests/run.sh lock" --output-file tests/requirements.lock
  # The appliance has what users need, in the same versions.
  must "$tool/bin/uv" pip compile pyproject.toml --constraint tests/requirements.lock --universal \
    --python-version 3.13 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tests/run.sh lock" --output-file packaging/appliance/requirements.lock
  rm -rf "$tool"
  done_with "tests/requirements.lock, packaging/appliance/requirements.lock"
}

link_venv() {
  begin ".venv"
  must ln --symbolic --force --no-dereference "$VENV" "$ROOT/.venv"
  done_with "$ROOT/.venv"
}

run_part() {
  case $1 in
    lint) run_lint ;;
    lock) make_lock "${@:2}" ;;
    venv) link_venv ;;
    *) run_tests "$@" ;;
  esac
}

report() {
  if ((${#FAILED[@]})); then
    printf '\nFailed: %s. %d s in all.\n' "$(join_words "${FAILED[@]}")" "$SECONDS"
    return 1
  fi
  printf '\nAll passed: %s. %d s in all.\n' "$(join_words "$@")" "$SECONDS"
}

join_words() {
  local words
  printf -v words '%s, ' "$@"
  printf '%s' "${words%, }"
}

main() {
  local -a parts=()
  while (($#)); do
    case $1 in
      -h | --help) usage && return ;;
      --) shift && break ;;
      *)
        if [[ " ${PARTS[*]} ${MORE_PARTS[*]} " != *" $1 "* ]]; then
          printf '%s is no part of the tests. There are: %s\n' "$1" "$(join_words "${PARTS[@]}" "${MORE_PARTS[@]}")" >&2
          return 2
        fi
        parts+=("$1")
        ;;
    esac
    shift
  done
  ((${#parts[@]})) || parts=("${PARTS[@]}")
  cd "$ROOT"
  mkdir -p "$CACHE"
  open_log "$CACHE/run.log"
  FAMILY=$(family_of "$OS_RELEASE")
  # What tools remember stays out of the checkout, which may not be root's.
  # Python keeps what it compiled, as it does for a user; without that each start would be measured with it.
  unset PYTHONDONTWRITEBYTECODE
  export MYPY_CACHE_DIR=$CACHE/mypy RUFF_CACHE_DIR=$CACHE/ruff PYTHONPYCACHEPREFIX=$CACHE/pycache
  if one_of "$PARTS_WITH_ENGINE" "${parts[@]}"; then
    ((EUID == 0)) || give_up "These tests use Docker, so they need root. Run it again with sudo, or without the engine: tests/run.sh lint unit golden architecture"
    prepare_host
  fi
  install_python
  make_venv
  if one_of " services vm vm-services " "${parts[@]}"; then
    build_images --all
  elif one_of "$PARTS_WITH_IMAGES" "${parts[@]}"; then
    build_images
  fi
  if one_of " services vm-services " "${parts[@]}"; then build_telegraf; fi
  if one_of " vm vm-services " "${parts[@]}"; then install_qemu; fi
  local part
  for part in "${parts[@]}"; do
    run_part "$part" "$@"
  done
  report "${parts[@]}"
}

# A test reads this file for its functions alone.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
