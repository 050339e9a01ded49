"""Makes an OM: build ATC's command, run ATC, check the result."""
