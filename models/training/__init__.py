"""Training, offline: from a data set to a checkpoint to AIR, MINDIR and ONNX. Nothing at serving time imports it."""
