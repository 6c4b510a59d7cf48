"""Words that more than one module, or more than one run, must agree on. Imports nothing: the quick pass reads it."""

from __future__ import annotations

ENVIRONMENT_VARIABLE = "SHOESTRING_DATA_DIRECTORY"
# Where setup notes the data directory of commands that name none.
RECORD = "/etc/shoestring/data-directory"

# By these Shoestring knows a container, a network or an image as its own.
LABEL_INSTANCE = "shoestring.instance"
LABEL_APPLICATION = "shoestring.application"
LABEL_SIDE = "shoestring.side"
LABEL_DEFINITION = "shoestring.definition"
# By these Compose knows its own.
LABEL_PROJECT = "com.docker.compose.project"
LABEL_SERVICE = "com.docker.compose.service"

# A file below /run whose time says when the last pass ended.
PASSED = "passed"

NOTHING_TO_DO = "what runs is what the files say"
