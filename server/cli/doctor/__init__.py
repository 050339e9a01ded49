"""Finds everything on a machine that prevents the server from working, and how to correct it."""
