"""The base layer: errors, constants, paths, files, processes, YAML documents, schema, validators."""
