"""The processes of the service: supervisor, workers, HTTP server, logs, and the `serve` command."""
