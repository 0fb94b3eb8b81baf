"""The HTTP interface: routes, requests and answers, errors, keys."""
