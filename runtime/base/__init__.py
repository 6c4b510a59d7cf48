"""What everything stands on: errors, constants, paths, files, processes, YAML documents, schema, validators."""
