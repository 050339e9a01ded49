"""The precision of inference. By itself: an engine's process needs it, and starts half a second earlier without the manifest."""

from typing import Literal

Precision = Literal["f32", "bf16", "int8"]
"""On a CPU. bf16 is the float32 artifact, run in bfloat16; int8 is an artifact of its own."""
