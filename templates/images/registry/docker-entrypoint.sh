#!/bin/sh
# A file is a configuration to serve, "sh" is a shell, and all else is the registry's own commands.
set -e
if [ -f "${1-}" ]; then
  set -- /bin/registry serve "$@"
elif [ "${1-}" = sh ]; then
  shift
  set -- /bin/sh "$@"
else
  set -- /bin/registry "$@"
fi
exec "$@"
