"""The function that MindSpore Hub calls to build a network by name."""

from models.resnext import ResNeXt, architecture


def create_network(name: str, num_classes: int = 1000) -> ResNeXt:
    """ResNeXt-50, 101 or 152 by name: `resnext101_32x4d`; also the original `resnext50` and `resnext101`. Raises ModelNotFound."""
    return ResNeXt(architecture(name), num_classes)
