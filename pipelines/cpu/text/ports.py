"""The ports of the elements: their number, and the kinds of data they take and give (Vision SDK 7.3, mxPlugins)."""

from dataclasses import dataclass

Kinds = frozenset[str]

ANYTHING: Kinds | None = None  # a port that takes or gives every kind


@dataclass(frozen=True)
class Ports:
    """The ports of a plugin. A plugin with `passes` gives its input on; one with `branches` has any number of outputs.

    One with `further` has more inputs as links ask for them, which take these kinds.
    """

    inputs: int = 1
    outputs: int = 1
    takes: Kinds | None = ANYTHING
    gives: Kinds | None = ANYTHING
    passes: bool = False
    branches: bool = False
    further: Kinds | None = None

    def takes_at(self, port: int) -> Kinds | None:
        """The kinds that one input takes."""
        return self.takes if port < self.inputs else self.further


_IMAGE = frozenset({"image/yuv", "image/rgb"})
_IMAGE_OR_OBJECT = _IMAGE | {"metadata/object"}
_TENSOR = frozenset({"metadata/tensor"})

_PORTS = {
    "appsrc": Ports(inputs=0),
    "appsink": Ports(outputs=0),
    "fakesink": Ports(outputs=0),
    "queue": Ports(passes=True),
    "identity": Ports(passes=True),
    "tee": Ports(outputs=0, passes=True, branches=True),
    "mxpi_imagedecoder": Ports(takes=frozenset({"image/jpeg"}), gives=_IMAGE_OR_OBJECT),
    "mxpi_imageresize": Ports(takes=_IMAGE_OR_OBJECT, gives=_IMAGE),
    "mxpi_opencvcentercrop": Ports(takes=_IMAGE_OR_OBJECT, gives=_IMAGE),
    "mxpi_imagecrop": Ports(takes=frozenset({"metadata/object", "image/rgb"}), gives=_IMAGE, further=_IMAGE),
    "mxpi_imagenormalize": Ports(),
    "mxpi_tensorinfer": Ports(takes=_TENSOR | {"image/yuv"}, gives=_TENSOR),
    "mxpi_classpostprocessor": Ports(takes=_TENSOR, gives=frozenset({"metadata/class"})),
    "mxpi_dataserialize": Ports(gives=frozenset({"result/json-result"})),
}


def ports_of(factory: str) -> Ports:
    """The ports of a plugin; for an unknown plugin one in and one out, of any kind."""
    return _PORTS.get(factory, Ports())


def meet(one: Kinds | None, other: Kinds | None) -> Kinds | None:
    """The kinds that both ports accept."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
