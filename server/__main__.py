"""`python -m server` is the command line."""

from server.cli.command_line import main

main()
