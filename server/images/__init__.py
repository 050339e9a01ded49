"""Encoded images: checked from their bytes, and turned upright."""
