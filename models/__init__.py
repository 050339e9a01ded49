"""What a model is (manifest), where it lives (store) and the ones we ship (zoo)."""
