#!/bin/sh
# Options alone mean telegraf.
case "${1-}" in
  -*) set -- telegraf "$@" ;;
esac
exec "$@"
