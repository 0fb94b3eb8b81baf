"""The commands of the export stage: `export`, `verify`, `inspect`, `compare`."""
