# shellcheck shell=bash
# A Python that is new enough, pipx, and with it Shoestring, for all users and for timers.

# What was installed, so that a second run knows that nothing changed.
readonly SOURCE_RECORD=$SHOESTRING_VENV/shoestring-source
# For distributions that do not package pipx.
readonly OWN_PIPX_VENV=/opt/shoestring-pipx

python_is_new_enough() {
  has "$1" && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Prints a Python of at least 3.11 that can make environments. The distribution's own comes first, as the
# one of a user's version manager may disappear.
find_python() {
  local python
  for python in /usr/bin/python3 /usr/bin/python3.1{4,3,2,1} /usr/local/bin/python3 python3; do
    python_is_new_enough "$python" && command -v "$python" && return
  done
  return 1
}

# Makes sure that find_python finds one.
install_python() {
  begin "Python"
  local name names
  if find_python >/dev/null; then
    done_with "$(python_version), there already"
    return
  fi
  read -ra names <<<"$(python_packages "$FAMILY" | tr '\n' ' ')"
  # Where the default is new enough, the default's package; else the newest that there is.
  if [[ $FAMILY == debian ]]; then names=(python3-venv "${names[@]}"); fi
  refresh_index
  for name in "${names[@]}"; do
    candidate_version "$name" >/dev/null || continue
    install_packages "$name"
    find_python >/dev/null || continue
    done_with "$(python_version), installed: $name"
    return
  done
  give_up "Shoestring needs Python 3.11 or later, and this distribution has none. Install one as /usr/local/bin/python3, then run this again."
}

python_version() {
  "$(find_python)" -c 'import platform; print(platform.python_version())'
}

install_pipx() {
  begin "pipx"
  if ! has pipx && [[ ! -x $OWN_PIPX_VENV/bin/pipx ]]; then
    if first_available pipx >/dev/null; then
      install_packages pipx
    else
      ADVICE="Check that this host reaches PyPI (pip download pipx), then run this again."
      must "$(find_python)" -m venv --clear "$OWN_PIPX_VENV"
      must "$OWN_PIPX_VENV/bin/pip" install --disable-pip-version-check pipx
    fi
  fi
  done_with "$("$(pipx_command)" --version)"
}

pipx_command() {
  command -v pipx || echo "$OWN_PIPX_VENV/bin/pipx"
}

# A digest of the sources' content and of the Python that they are installed for.
source_digest() {
  (
    cd "$SOURCE" || exit
    find pyproject.toml README.md LICENSE installer runtime templates packaging/share -type f \
      ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    find_python
    python_version
  ) | sha256sum | cut -d ' ' -f 1
}

install_shoestring() {
  begin "Shoestring"
  local digest how="there already"
  digest=$(source_digest)
  if [[ ! -r $SOURCE_RECORD || $(<"$SOURCE_RECORD") != "$digest" ]] || ! "$SHOESTRING" --help >/dev/null 2>&1; then
    how=installed
    remove_venv_of_another_python
    ADVICE="Check that this host reaches PyPI, then run this again."
    must "$(pipx_command)" install --force --python "$(find_python)" "$SOURCE"
    ADVICE="This is a bug of Shoestring itself: please report it with these lines."
    must "$SHOESTRING" --help
    must link_share
    printf '%s\n' "$digest" >"$SOURCE_RECORD"
  fi
  done_with "$(shoestring_version), $SHOESTRING, $how"
}

# Prints the commands that remove Shoestring itself, with the links that no pipx knows of.
removal_commands() {
  echo "sudo PIPX_HOME=$PIPX_HOME PIPX_BIN_DIR=$PIPX_BIN_DIR $(pipx_command) uninstall shoestring"
  echo "sudo find /usr/local/share /etc -lname '$SHOESTRING_VENV/*' -delete"
}

# An upgrade of the distribution removes the Python that the environment uses; pipx does not repair that.
remove_venv_of_another_python() {
  local version
  version=$("$SHOESTRING_VENV/bin/python" -c 'import platform; print(platform.python_version())' 2>/dev/null) || true
  if [[ $version != "$(python_version)" ]]; then
    must rm -rf "$SHOESTRING_VENV"
  fi
}

shoestring_version() {
  "$SHOESTRING_VENV/bin/python" -c 'import importlib.metadata as m; print(m.version("shoestring"))'
}
