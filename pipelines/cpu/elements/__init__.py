"""The elements of pipelines, one a file."""
