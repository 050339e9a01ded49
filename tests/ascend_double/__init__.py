"""The ascend double: a chip that breaks on command, driven as on Ascend. It is the CPU runtime, and pretends no NPU."""
