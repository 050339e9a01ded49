"""Says what of a machine would keep the server from serving, and how to mend it."""
