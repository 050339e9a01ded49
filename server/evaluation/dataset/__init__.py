"""Labelled sets."""
