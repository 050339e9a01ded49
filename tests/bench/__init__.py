"""The load tool: `make bench`, or `python -m tests.bench --help`."""
