# shellcheck shell=bash
# The demo: a separate instance, on loopback only, and its removal.

readonly DEMO=shoestring-demo
readonly DEMO_DIRECTORY=/srv/$DEMO
# The local images that were here before the demo; it removes no others than its own.
readonly DEMO_IMAGES_BEFORE=/var/lib/$DEMO/images-before

demo_answers() {
  cat <<END
version: 1
instance: $DEMO
domain: example.test
email: ops@example.test
public: {address: 127.0.0.1, http_port: 8080, https_port: 8443}
internal: {address: 127.0.0.1, http_port: 8081, https_port: 8444, domain: internal.example.test}
acme: {server: staging}
images: {source: $IMAGE_SOURCE}
END
}

local_images() {
  docker image ls --filter label=shoestring.image --format '{{.Repository}}:{{.Tag}}' | LC_ALL=C sort -u
}

demo() {
  local answers code=0
  if [[ ! -e $DEMO_IMAGES_BEFORE ]]; then
    mkdir -p "$(dirname "$DEMO_IMAGES_BEFORE")"
    local_images >"$DEMO_IMAGES_BEFORE"
  fi
  answers=$(mktemp)
  demo_answers >"$answers"
  "$SHOESTRING" setup --answers "$answers" --data-directory "$DEMO_DIRECTORY" --no-record --yes </dev/null || code=$?
  rm -f "$answers"
  if ((code != 0)); then
    printf '\nThe demo did not start. Correct what is named above, then run this again, or remove it: sudo %s --remove\n' "$0"
    exit "$code"
  fi
  show_demo
}

show_demo() {
  local failed=0
  printf '\n'
  show_page "public page" example.test 8443 || failed=1
  show_page "internal page" internal.example.test 8444 || failed=1
  if ((failed)); then
    printf '\nSee why with: sudo shoestring status --data-directory %s\n' "$DEMO_DIRECTORY"
    exit 1
  fi
  cat <<END

  Try next
    curl -k --resolve example.test:8443:127.0.0.1 https://example.test:8443/
    curl -k --resolve internal.example.test:8444:127.0.0.1 https://internal.example.test:8444/
    sudo shoestring status --data-directory $DEMO_DIRECTORY
    sudo shoestring plan --data-directory $DEMO_DIRECTORY
    edit $DEMO_DIRECTORY/conf/applications-public/example.yaml
    sudo $0 --remove
END
}

# Fetches and prints one page of the demo: show_page NAME HOST PORT. Fails if it is not answered with 200.
show_page() {
  local host=$2 port=$3 url="https://$2:$3/" page code tries
  begin "$1"
  page=$(mktemp)
  for tries in {1..30}; do
    # The certificates are a placeholder and one of its own CA. A proxy in the environment does not know these names.
    code=$(curl --silent --insecure --noproxy '*' --max-time 10 --resolve "$host:$port:127.0.0.1" \
      --output "$page" --write-out '%{http_code}' "$url") || true
    if [[ $code == 200 ]]; then break; fi
    sleep 1
  done
  if [[ $code != 200 ]]; then
    print_result ✗ "$url answered $code after $tries tries; it should be 200"
  else
    done_with "$url answered 200, $(wc -c <"$page") bytes"
    head -n 20 "$page" | cut -c 1-110 | sed 's/^/      | /'
  fi
  rm -f "$page"
  [[ $code == 200 ]]
}

remove_demo() {
  if [[ ! -e $DEMO_DIRECTORY && ! -e $DEMO_IMAGES_BEFORE ]]; then
    printf 'There is no demo on this host.\n'
    return
  fi
  begin "stopped"
  engine_answers || give_up "The Docker Engine does not answer, so the demo cannot be removed. Start it with: sudo $0 --prepare"
  ADVICE="Correct what it names, then run this again."
  if has "$SHOESTRING"; then
    try "$SHOESTRING" stop --data-directory "$DEMO_DIRECTORY" --timeout 60 || true
  fi
  remove_labelled_demo
  done_with "containers and networks removed"
  begin "removed"
  must rm -rf "$DEMO_DIRECTORY" "/run/shoestring/$DEMO"
  rmdir --ignore-fail-on-non-empty /run/shoestring 2>/dev/null || true
  done_with "$DEMO_DIRECTORY"
  remove_demo_images
  note "Left alone: Docker, the packages and Shoestring itself. Remove it with:"
  removal_commands | sed 's/^/        /'
}

# What `stop` left behind, because the demo was never complete or its files are damaged.
remove_labelled_demo() {
  local label=label=shoestring.instance=$DEMO
  local -a left
  mapfile -t left < <(docker ps --all --quiet --filter "$label")
  if ((${#left[@]})); then must docker rm --force --volumes "${left[@]}"; fi
  mapfile -t left < <(docker network ls --quiet --filter "$label")
  if ((${#left[@]})); then must docker network rm "${left[@]}"; fi
}

# Removes the images that the demo built; one that a container uses stays.
remove_demo_images() {
  local image before removed=0 kept=0 again=yes
  begin "images"
  before=$(cat "$DEMO_IMAGES_BEFORE" 2>/dev/null || true)
  # An image that others are built on can be removed only after them.
  while [[ -n $again ]]; do
    again="" kept=0
    for image in $(LC_ALL=C comm -23 <(local_images) <(printf '%s\n' "$before")); do
      if try docker image rm "$image"; then
        again=yes removed=$((removed + 1))
      else
        kept=$((kept + 1))
      fi
    done
  done
  rm -rf "$(dirname "$DEMO_IMAGES_BEFORE")"
  done_with "$removed removed, $kept in use and left alone"
}
