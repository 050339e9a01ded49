"""The pipeline text: its specification, its rendering, and a CPU runtime that executes it."""
