"""Constants shared by several modules, or by several runs. Imports nothing: the fast path reads it."""

from __future__ import annotations

ENVIRONMENT_VARIABLE = "SHOESTRING_DATA_DIRECTORY"
# Where setup notes the data directory of commands that name none.
DEFAULT_DIRECTORY_FILE = "/etc/shoestring/data-directory"

MEGABYTE = 1024 * 1024

# By these Shoestring knows a container, a network or an image as its own.
LABEL_INSTANCE = "shoestring.instance"
LABEL_APPLICATION = "shoestring.application"
LABEL_SIDE = "shoestring.side"
LABEL_DEFINITION = "shoestring.definition"
# By these Compose knows its own.
LABEL_PROJECT = "com.docker.compose.project"
LABEL_SERVICE = "com.docker.compose.service"

# Files of an instance below /run: its time is when the last run of the watchdog ended; held by every command that
# changes something; there while the user has stopped the cluster; what the watchdog tried without success.
LAST_RUN = "passed"
LOCK = "lock"
STOPPED = "stopped"
ATTEMPTS = "attempts.json"

# Both entry points set it: a caller's own could leave what they write to other users, or hide it from containers.
UMASK = 0o022

NOTHING_TO_DO = "everything runs as configured"
