#!/bin/sh
# Creates the database, its users and its retention, then starts InfluxDB. If nothing of this has changed since the last
# start, it starts InfluxDB at once.
#
# Passwords come from the environment and are given to the client on its standard input: no process list shows them.
set -eu
umask 077
mark=/var/lib/influxdb/.shoestring

# Name of a retention policy, how long it keeps points, and how much of that is in one piece on the disk.
# `shoestring metrics retention` changes the first: an existing one stays as it is.
recent="recent 30d 7d"
hourly="hourly 365d 13w"

# The hourly means of all numbers: mean_NAME for each field NAME.
means='CREATE CONTINUOUS QUERY "hourly_means" ON "telegraf" BEGIN SELECT mean(*) INTO "telegraf"."hourly".:MEASUREMENT
FROM "telegraf"."recent"./.*/ GROUP BY time(1h), * END'

ask() {
  echo "$1" | influx -host 127.0.0.1 -format csv
}

user() {
  # CREATE does not change the password of an existing user; SET gives it the one in secrets.yaml.
  ask "CREATE USER \"$1\" WITH PASSWORD '$2' $3" >/dev/null 2>&1 || true
  ask "SET PASSWORD FOR \"$1\" = '$2'"
}

policy() {
  # shellcheck disable=SC2086 # three words
  set -- $1
  case "$there" in
    *"
$1,"*) ;;
    *) ask "CREATE RETENTION POLICY \"$1\" ON \"telegraf\" DURATION $2 REPLICATION 1 SHARD DURATION $3" ;;
  esac
}

prepare() {
  ask 'CREATE DATABASE "telegraf"'
  there=$(ask 'SHOW RETENTION POLICIES ON "telegraf"')
  policy "$recent"
  policy "$hourly"
  ask 'ALTER RETENTION POLICY "recent" ON "telegraf" DEFAULT'
  ask 'DROP CONTINUOUS QUERY "hourly_means" ON "telegraf"'
  ask "$means"
  user admin "$INFLUXDB_ADMIN_PASSWORD" "WITH ALL PRIVILEGES"
  user writer "$INFLUXDB_WRITER_PASSWORD" ""
  user reader "$INFLUXDB_READER_PASSWORD" ""
  ask 'GRANT WRITE ON "telegraf" TO "writer"'
  ask 'GRANT READ ON "telegraf" TO "reader"'
}

wanted=$(echo "$recent $hourly $means $INFLUXDB_ADMIN_PASSWORD $INFLUXDB_WRITER_PASSWORD $INFLUXDB_READER_PASSWORD" |
  sha256sum)
if [ "$(cat "$mark" 2>/dev/null)" != "$wanted" ]; then
  # Without authentication, but only this container can reach it.
  INFLUXDB_HTTP_AUTH_ENABLED=false INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:8086 influxd &
  server=$!
  until ask 'SHOW DATABASES' >/dev/null 2>&1; do
    kill -0 "$server"
    sleep 0.2
  done
  prepare
  kill "$server"
  wait "$server" || true
  echo "$wanted" >"$mark"
fi
unset INFLUXDB_ADMIN_PASSWORD INFLUXDB_WRITER_PASSWORD INFLUXDB_READER_PASSWORD
exec influxd
