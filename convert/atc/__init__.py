"""The way to an OM: what is asked of ATC, how it is run, and what it made."""
