"""Offline conversion from checkpoints to artifacts. The serving code does not import it."""
