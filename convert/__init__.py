"""Offline conversion: checkpoints in, artifacts out. Nothing at serving time imports it."""
