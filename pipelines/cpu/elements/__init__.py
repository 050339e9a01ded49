"""The pipeline elements, one per file."""
