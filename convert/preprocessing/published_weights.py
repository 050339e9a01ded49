"""The transforms of files that torchvision publishes: the file's name ends with the first digits of its sha256, which prove it.

From torchvision/models/resnet.py: V1 of all, and V2 (resize_size=232) where there is one.
"""

_V1 = (
    *("f37072fd", "b627a593", "0676ba61", "63fe2227", "394f9c45"),  # ResNet-18, 34, 50, 101, 152
    *("7cdf4587", "8ba56ff5", "95faca4d", "32ee1156"),  # ResNeXt-50 32x4d, 101 32x8d, Wide ResNet-50-2, 101-2
)
_V2 = (
    *("11ad3fa6", "cd907fc2", "f82ba261"),  # ResNet-50, 101, 152
    *("1a0047aa", "110c445d", "173b62eb"),  # ResNeXt-50 32x4d, 101 32x8d, 101 64x4d (its V1)
    *("9ba9bcbe", "d733dc28"),  # Wide ResNet-50-2, 101-2
)
_BY_SHA256 = dict.fromkeys(_V1, "torchvision-v1") | dict.fromkeys(_V2, "torchvision-v2")
_DIGITS = 8


def published_transform(sha256: str) -> str | None:
    """The name of the transform of a published file, by its hex sha256; None for any other file."""
    return _BY_SHA256.get(sha256[:_DIGITS])
