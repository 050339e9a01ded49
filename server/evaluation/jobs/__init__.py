"""The evaluations of a server."""
