"""The Open Inference Protocol v2: its tensors and its answers, whatever carries them."""
