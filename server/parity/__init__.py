"""Compares two ways to classify the same images."""
