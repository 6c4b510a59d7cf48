# shellcheck shell=bash
# Which distribution this is, what it calls its packages, and its package manager.

# One field of an os-release file (os-release(5): it is shell): os_release FILE FIELD
os_release() {
  (
    # shellcheck source=/dev/null
    . "$1"
    printf '%s' "${!2-}"
  )
}

# debian, fedora or amazon for the os-release file $1; nothing for one that is none of them.
family_of() {
  local word
  # ID comes first: Amazon Linux claims to be like Fedora, but its packages are not the same.
  for word in $(os_release "$1" ID) $(os_release "$1" ID_LIKE); do
    case $word in
      debian | ubuntu) printf 'debian' && return ;;
      amzn) printf 'amazon' && return ;;
      fedora | rhel | centos) printf 'fedora' && return ;;
    esac
  done
}

# The packages that may hold the Docker Engine, the best first.
engine_packages() {
  case $1 in
    debian) echo docker.io ;;
    fedora) echo moby-engine docker ;;
    amazon) echo docker ;;
  esac
}

# What the engine needs beside it where the distribution packages it apart. A kernel with AppArmor
# starts no container without apparmor_parser; docker-cli left the engine's package in Debian 13 and Fedora 41.
engine_companions() {
  case $1 in
    debian) echo docker-cli apparmor ;;
    fedora) echo docker-cli ;;
    amazon) ;;
  esac
}

# The packages that may hold Compose v2. docker-compose-plugin exists only if the user has added Docker's own
# repository, and then fits the engine from there. docker-compose was version 1 until Debian 13, so its version counts.
compose_packages() {
  case $1 in
    debian) echo docker-compose-plugin docker-compose-v2 docker-compose ;;
    fedora | amazon) echo docker-compose-plugin docker-compose ;;
  esac
}

# Commands that must be there, each with the package that brings it.
tool_packages() {
  case $1 in
    debian) echo curl:curl git:git wg:wireguard-tools nft:nftables ps:procps ip:iproute2 ;;
    fedora) echo curl:curl git:git-core wg:wireguard-tools nft:nftables ps:procps-ng ip:iproute ;;
    amazon) echo curl:curl-minimal git:git-core wg:wireguard-tools nft:nftables ps:procps-ng ip:iproute ;;
  esac
}

# Package names for a Python that is new enough where the default is older, the newest first.
python_packages() {
  local version
  for version in 3.13 3.12 3.11; do
    case $1 in
      debian) echo "python$version-venv" ;;
      fedora | amazon) echo "python$version" ;;
    esac
  done
}

# A subdirectory of Docker's own package repository for the os-release file $1, family $2.
docker_repository() {
  local id
  id=$(os_release "$1" ID)
  case $2 in
    debian) [[ $id == ubuntu || $(os_release "$1" ID_LIKE) == *ubuntu* ]] && echo linux/ubuntu || echo linux/debian ;;
    # Docker has nothing for Amazon Linux; the Compose plug-in of CentOS 9 is one static program.
    amazon) echo linux/centos/9 ;;
    fedora) [[ $id == fedora ]] && echo "linux/fedora/$(os_release "$1" VERSION_ID)" ||
      echo "linux/centos/$(os_release "$1" VERSION_ID | cut -d. -f1)" ;;
  esac
}

# --- the package manager of FAMILY ---

has() {
  command -v "$1" >/dev/null 2>&1
}

# Ubuntu's needrestart would restart services, or ask, in the middle of the installation.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
readonly APT=(apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold)
readonly DNF=(dnf -y -q --setopt=install_weak_deps=False)

INDEX_IS_FRESH=""

# Brings the package index up to date, once a run and only when a package is missing.
refresh_index() {
  [[ $FAMILY == debian && -z $INDEX_IS_FRESH ]] || return 0
  INDEX_IS_FRESH=yes
  local attempt update=("${APT[@]}" -o APT::Update::Error-Mode=any update)
  for attempt in 1 2 3; do
    # apt waits for the lock on packages but not for the one on its index, so this does.
    try "${update[@]}" && return 0
    sleep $((attempt * 3))
  done
  # A third party's source that is out of order is no reason to stop; one that lacks the engine is.
  try "${APT[@]}" update
  ADVICE="Check that this host reaches its package mirror (/etc/apt/sources.list.d), then run this again."
  candidate_version "$(engine_packages debian)" >/dev/null || must "${update[@]}"
}

# Prints the version that the distribution would install of the package $1; fails if it has none.
candidate_version() {
  local version
  if [[ $FAMILY == debian ]]; then
    version=$(LC_ALL=C apt-cache policy "$1" | sed -n 's/^  Candidate: //p')
  else
    # dnf 4 adds a line end, dnf 5 does not.
    version=$(dnf -q repoquery --latest-limit=1 --queryformat '%{version}\n' "$1" 2>>"$LOG" | sed '/./!d' | tail -n 1)
  fi
  [[ -n $version && $version != "(none)" ]] || return 1
  printf '%s' "${version#*:}"
}

# Continues where a power cut ended the package manager: until then it installs nothing, and packages that are only
# unpacked do not work. A package that cannot be finished is no reason to stop, unless it is needed.
finish_packages() {
  [[ $FAMILY == debian ]] || return 0
  try dpkg --force-confold --configure -a && return 0
  # It does not wait for another running one, and cannot configure what needs a package that is not unpacked yet.
  refresh_index
  try "${APT[@]}" install --fix-broken --no-remove --no-install-recommends || true
}

install_packages() {
  refresh_index
  ADVICE="Check whether the package manager can install this, then run this again."
  install_with must "$@"
}

try_install_packages() {
  install_with try "$@"
}

# Never removes a package: an engine of another source, and what it runs, would go.
install_with() {
  case $FAMILY in
    debian) "$1" "${APT[@]}" install --no-remove --no-install-recommends "${@:2}" ;;
    *) "$1" "${DNF[@]}" install "${@:2}" ;;
  esac
}

# The names of those of its arguments, COMMAND:PACKAGE, whose command is missing.
missing_packages() {
  local pair
  for pair in "$@"; do
    has "${pair%%:*}" || echo "${pair#*:}"
  done
}

# The first of the named packages that the distribution has.
first_available() {
  local name
  refresh_index
  for name in "$@"; do
    candidate_version "$name" >/dev/null && echo "$name" && return
  done
  return 1
}
