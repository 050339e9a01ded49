"""Images from their bytes: what they are, and made upright."""
