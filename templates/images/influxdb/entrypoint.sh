#!/bin/sh
# Options alone mean influxd.
case "${1-}" in
  -*) set -- influxd "$@" ;;
esac
exec "$@"
