# shellcheck shell=bash
# What the user sees: one line per step. The output of all commands is in the log.

LOG=${LOG:-/dev/null}
STEP=""
ADVICE=""
readonly STEP_WIDTH=24

# Starts an empty log in the file $1, which only root may read.
open_log() {
  LOG=$1
  (umask 077 && : >"$LOG")
}

on_terminal() {
  [[ -t 1 && ${TERM:-dumb} != dumb ]]
}

# A new step named $1. A terminal shows at once what is being worked on; the result replaces it.
begin() {
  STEP=$1
  # shellcheck disable=SC2034 # for steps that print their duration
  BEGAN=$SECONDS
  ADVICE="Correct what it names, then run the same command again: it continues where it stopped."
  if on_terminal; then
    printf '  … %s' "$STEP"
  fi
}

print_result() {
  if on_terminal; then
    printf '\r\033[K'
  fi
  printf '  %s %-*s%s\n' "$1" "$STEP_WIDTH" "$STEP" "$2"
}

# The step succeeded; $1 is its result.
done_with() {
  print_result ✓ "$1"
}

# A sentence that belongs to the step above it.
note() {
  printf '      %s\n' "$1"
}

# Runs a command with all its output in the log; answers with its exit code.
try() {
  local code=0
  FAILED_COMMAND=$(printf '%q ' "$@")
  printf '\n$ %s\n' "$FAILED_COMMAND" >>"$LOG"
  FAILED_FROM=$(($(wc -l <"$LOG") + 1))
  "$@" >>"$LOG" 2>&1 </dev/null || code=$?
  FAILED_CODE=$code
  return "$code"
}

# Like try, but a failure ends the installation with the command, its last lines and what to do.
must() {
  try "$@" && return 0
  print_result ✗ "exit code $FAILED_CODE"
  note "\$ $FAILED_COMMAND"
  if [[ -f $LOG ]]; then
    tail -n "+$FAILED_FROM" "$LOG" | tail -n 12 | sed 's/^/      | /'
  fi
  note "$ADVICE"
  note "The whole output is in $LOG."
  exit 1
}

# Ends the installation; $1 is what is wrong and what to do.
give_up() {
  if [[ -n $STEP ]]; then
    print_result ✗ "$1"
  else
    printf '%s\n' "$1" >&2
  fi
  exit 1
}

# Is version $1 at least $2? Only major and minor count: 2.26.1-4 is at least 2.20.
version_at_least() {
  local have_major have_minor want_major want_minor
  [[ ${1#v} =~ ^([0-9]+)\.([0-9]+) ]] || return 1
  have_major=${BASH_REMATCH[1]} have_minor=${BASH_REMATCH[2]}
  IFS=. read -r want_major want_minor _ <<<"$2"
  ((have_major > want_major || (have_major == want_major && have_minor >= want_minor)))
}
