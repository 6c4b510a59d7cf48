# shellcheck shell=bash
# The Docker Engine and Compose v2: found, else installed, then running.

readonly COMPOSE_AT_LEAST=2.20
readonly DOCKER_SITE=https://download.docker.com
readonly REGISTRY=https://registry-1.docker.io/v2/
readonly ENGINE_LOG=/var/log/shoestring-dockerd.log
COMPOSE_FROM=""

engine_answers() {
  docker info >/dev/null 2>&1
}

systemd_runs() {
  [[ -d /run/systemd/system ]]
}

install_engine() {
  begin "Docker Engine"
  if engine_answers || { has dockerd && has docker; }; then
    ENGINE_FROM="there already"
    return
  fi
  local engine companion packages
  # In this shell, for what it learns about the index must last.
  refresh_index
  # shellcheck disable=SC2046 # one word a package
  engine=$(first_available $(engine_packages "$FAMILY")) ||
    give_up "This distribution has no Docker Engine package. Install it (docs.docker.com/engine/install), then run this again."
  packages=("$engine")
  for companion in $(engine_companions "$FAMILY"); do
    if candidate_version "$companion" >/dev/null; then packages+=("$companion"); fi
  done
  install_packages "${packages[@]}"
  ENGINE_FROM="installed: $engine"
}

start_engine() {
  ENGINE_NOTE=""
  if engine_answers; then
    # It may run only until the next boot. One that came in another way, such as a snap, has no such unit.
    if systemd_runs; then try systemctl enable docker || true; fi
  else
    if systemd_runs; then
      ADVICE="See why with: journalctl -u docker -n 50"
      must systemctl enable --now docker
    else
      start_engine_without_systemd
    fi
    wait_for_engine
  fi
  done_with "$(docker version --format '{{.Server.Version}}'), $ENGINE_FROM"
  if [[ -n $ENGINE_NOTE ]]; then note "$ENGINE_NOTE"; fi
}

start_engine_without_systemd() {
  printf '\n$ setsid dockerd\n' >>"$LOG"
  # A session of its own: the engine must outlive this script and the terminal it came from.
  setsid --fork dockerd </dev/null >>"$ENGINE_LOG" 2>&1
  ENGINE_NOTE="No systemd runs here, so the engine was started by this script. After a reboot: sudo $HERE/install.sh --prepare"
}

wait_for_engine() {
  local tries=60
  until engine_answers; do
    if ((--tries == 0)); then
      print_result ✗ "the engine does not answer"
      if systemd_runs; then
        note "See why with: journalctl -u docker -n 50"
      else
        tail -n 12 "$ENGINE_LOG" | sed 's/^/      | /'
        note "Correct what its last lines name, then run this again. The whole log is $ENGINE_LOG."
      fi
      exit 1
    fi
    sleep 1
  done
}

compose_version() {
  docker compose version --short 2>/dev/null
}

compose_is_there() {
  version_at_least "$(compose_version)" "$COMPOSE_AT_LEAST"
}

# Tries each source of Compose v2 in turn until one has brought it.
install_compose() {
  begin "Compose"
  local way
  COMPOSE_FROM="there already"
  for way in : compose_from_distribution compose_from_docker compose_from_next_debian; do
    if "$way" && compose_is_there; then
      done_with "$(compose_version), $COMPOSE_FROM"
      return
    fi
  done
  give_up "No Compose $COMPOSE_AT_LEAST or later was found for this distribution. Install the plug-in (docs.docker.com/compose/install/linux), then run this again."
}

compose_from_distribution() {
  local name version
  refresh_index
  for name in $(compose_packages "$FAMILY"); do
    version=$(candidate_version "$name") || continue
    version_at_least "$version" "$COMPOSE_AT_LEAST" || continue
    try_install_packages "$name" || continue
    COMPOSE_FROM="installed: $name"
    return
  done
  return 1
}

# Docker's own repository, for this one package. What it wrote is removed again if that does not work.
compose_from_docker() {
  local directory
  directory=$(docker_repository "$OS_RELEASE" "$FAMILY")
  if [[ $FAMILY == debian ]]; then
    compose_from_docker_apt "$directory" && return
    rm -f /etc/apt/keyrings/docker.asc /etc/apt/sources.list.d/shoestring-docker.sources \
      /etc/apt/preferences.d/shoestring-docker
  else
    compose_from_docker_dnf "$directory" && return
    rm -f /etc/yum.repos.d/shoestring-docker.repo
  fi
  return 1
}

compose_from_docker_apt() {
  local codename key=/etc/apt/keyrings/docker.asc
  codename=$(os_release "$OS_RELEASE" UBUNTU_CODENAME)
  codename=${codename:-$(os_release "$OS_RELEASE" VERSION_CODENAME)}
  fetch "$DOCKER_SITE/$1/gpg" "$key" || return 1
  cat >/etc/apt/sources.list.d/shoestring-docker.sources <<END
# For Compose only: /etc/apt/preferences.d/shoestring-docker keeps everything else out.
Types: deb
URIs: $DOCKER_SITE/$1
Suites: $codename
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: $key
END
  pin_one_package shoestring-docker "origin ${DOCKER_SITE#https://}" docker-compose-plugin
  update_one_source shoestring-docker || return 1
  try_install_packages docker-compose-plugin || return 1
  COMPOSE_FROM="installed from Docker's repository"
}

compose_from_docker_dnf() {
  fetch "$DOCKER_SITE/${1%/*}/gpg" /dev/null || return 1
  cat >/etc/yum.repos.d/shoestring-docker.repo <<END
[shoestring-docker]
name=Docker, for Compose only
baseurl=$DOCKER_SITE/$1/\$basearch/stable
gpgkey=$DOCKER_SITE/${1%/*}/gpg
gpgcheck=1
includepkgs=docker-compose-plugin
END
  try_install_packages docker-compose-plugin || return 1
  COMPOSE_FROM="installed from Docker's repository"
}

# Debian 12 has Compose 1 only. The package of Debian 13 is one static program and runs here.
compose_from_next_debian() {
  [[ $(os_release "$OS_RELEASE" ID) == debian && $(os_release "$OS_RELEASE" VERSION_ID) == 12 ]] || return 1
  cat >/etc/apt/sources.list.d/shoestring-trixie.sources <<END
# For docker-compose only: /etc/apt/preferences.d/shoestring-trixie keeps everything else out.
# Remove both files before an upgrade to Debian 13.
Types: deb
URIs: $(debian_mirror)
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  pin_one_package shoestring-trixie "release n=trixie" docker-compose
  if update_one_source shoestring-trixie && try_install_packages docker-compose; then
    COMPOSE_FROM="installed: docker-compose of Debian 13"
    return
  fi
  rm -f /etc/apt/sources.list.d/shoestring-trixie.sources /etc/apt/preferences.d/shoestring-trixie
  return 1
}

# The mirror that this host uses for Debian itself, for it is known to be reached from here.
debian_mirror() {
  local mirror
  # shellcheck disable=SC2016 # apt-get expands it
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
  printf '%s' "${mirror:-http://deb.debian.org/debian}"
}

# Apt takes only the package $3 from the source $2. A priority of 990 beats Compose 1 of Debian 12.
pin_one_package() {
  cat >"/etc/apt/preferences.d/$1" <<END
Package: *
Pin: $2
Pin-Priority: -1

Package: $3
Pin: $2
Pin-Priority: 990
END
}

# Reads the index of one source only: the others may be slow, and are fresh.
update_one_source() {
  try "${APT[@]}" update -o "Dir::Etc::sourcelist=sources.list.d/$1.sources" -o Dir::Etc::sourceparts=- \
    -o APT::Get::List-Cleanup=0 -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o APT::Update::Error-Mode=any
}

# Whether images can be pulled; if not, what builds them here. IMAGE_SOURCE is what the settings call it.
find_image_source() {
  local code
  begin "images"
  code=$(curl --silent --output /dev/null --write-out '%{http_code}' --connect-timeout 5 --max-time 10 "$REGISTRY") || true
  # A registry asks for a login (401). What else answers is in the way of it.
  if [[ $code == 200 || $code == 401 ]]; then
    IMAGE_SOURCE=registry
    done_with "from Docker Hub, which answers"
    return
  fi
  # shellcheck disable=SC2034 # the demo's answers have it
  IMAGE_SOURCE=local
  if ! has mmdebstrap; then
    if ! first_available mmdebstrap >/dev/null; then
      done_with "Docker Hub does not answer, and mmdebstrap is not packaged here"
      note "Images that this host has are used. No other can be pulled or built until a registry answers."
      return
    fi
    # shellcheck disable=SC2046 # Debian's keys, which Ubuntu and Fedora do not have by default
    install_packages mmdebstrap $(first_available debian-archive-keyring debian-keyring)
  fi
  done_with "built here with mmdebstrap, as Docker Hub does not answer"
}

# fetch URL FILE, soon or not at all
fetch() {
  try curl --fail --silent --show-error --location --connect-timeout 8 --max-time 20 --create-dirs --output "$2" "$1"
}
