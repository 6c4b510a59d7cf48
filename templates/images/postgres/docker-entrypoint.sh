#!/bin/bash
# Makes the data directory at the first start, then runs the server. Options alone mean postgres.
set -euo pipefail

fail() {
  echo "docker-entrypoint.sh: $1" >&2
  exit 1
}

# A value, or what is in the file that NAME_FILE names.
value() {
  local file="${1}_FILE"
  if [ -n "${!1:-}" ] && [ -n "${!file:-}" ]; then
    fail "$1 and $file are both set; set one."
  fi
  if [ -n "${!file:-}" ]; then cat "${!file}"; else echo "${!1:-${2-}}"; fi
}

run_sql() {
  PGHOST='' psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$user" --dbname "$database" "$@"
}

run_first() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sql) run_sql --file "$file" ;;
      *.sql.gz) gunzip --stdout "$file" | run_sql ;;
      *.sh)
        # shellcheck source=/dev/null
        if [ -x "$file" ]; then "$file"; else . "$file"; fi
        ;;
    esac
  done
}

make_data() {
  password=$(value POSTGRES_PASSWORD)
  user=$(value POSTGRES_USER postgres)
  database=$(value POSTGRES_DB "$user")
  [ -n "$password" ] || fail "there is no data yet, and no password for it: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE."
  local -a arguments=()
  # Its options may have quotes of their own.
  eval "arguments=(${POSTGRES_INITDB_ARGS:-})"
  initdb --username="$user" --pwfile=<(echo "$password") ${arguments[@]+"${arguments[@]}"}
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  # Where the local connection asks for the password too.
  export PGPASSWORD="$password" PGUSER="$user"
  # Nobody else reaches the server while its first scripts run.
  pg_ctl --wait --options="$(printf '%q ' "${@:2}" -c listen_addresses=)" start
  if [ "$database" != postgres ]; then
    createdb "$database"
  fi
  run_first
  pg_ctl --wait --mode=fast stop
  unset PGPASSWORD PGUSER
}

case "${1-}" in
  -*) set -- postgres "$@" ;;
esac
if [ "${1-}" = postgres ] && [[ " $* " != *" --version "* && " $* " != *" --help "* && " $* " != *" -C "* ]]; then
  mkdir -p "$PGDATA"
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" /run/postgresql ! -user postgres -exec chown postgres {} +
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
  fi
  chmod 0700 "$PGDATA" || true
  [ -s "$PGDATA/PG_VERSION" ] || make_data "$@"
fi
exec "$@"
