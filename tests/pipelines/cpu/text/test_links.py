import pytest

from pipelines.cpu.text.links import Linkable, Links, link, linked_name
from pipelines.pipeline_errors import PipelineError

Graph = dict[str, tuple[str, list[str]]]


def linked(graph: Graph) -> Links:
    links = link("S", {name: Linkable(factory, tuple(following)) for name, (factory, following) in graph.items()})
    links.check_all_linked()
    return links


def through(*middle: str, **more: tuple[str, list[str]]) -> Graph:
    """appsrc0 → middle0 → middle1 … → appsink0."""
    names = ["appsrc0", *(f"middle{number}" for number in range(len(middle))), "appsink0"]
    factories = ["appsrc", *middle, "appsink"]
    following = [[name] for name in names[1:]] + [[]]
    return dict(zip(names, zip(factories, following, strict=True), strict=True)) | more


TEE: Graph = through("tee") | {"middle0": ("tee", ["appsink1", "appsink0"]), "appsink1": ("appsink", [])}

REFUSED: dict[str, tuple[Graph, int]] = {
    "two into one": (through("queue", appsrc1=("appsrc", ["middle0"])), 6006),
    "two into one, one with a port": (through("queue", appsrc1=("appsrc", ["middle0:0"])), 6006),
    "a second port": (through("queue", appsrc1=("appsrc", ["middle0:1"])), 6006),
    "a port that is not a number": (through("queue") | {"appsrc0": ("appsrc", ["middle0:x"])}, 6006),
    "the same twice": (through("queue") | {"appsrc0": ("appsrc", ["middle0", "middle0"])}, 6006),
    "a second output": (through("queue", appsink1=("appsink", [])) | {"middle0": ("queue", ["appsink0", "appsink1"])}, 6006),
    "an element to itself": ({"a": ("queue", ["a"])}, 6006),
    "a tee to itself": (TEE | {"middle0": ("tee", ["appsink0", "appsink1", "middle0:1"])}, 6006),
    "behind a sink": (through("queue") | {"appsink0": ("appsink", ["appsrc0"])}, 6006),
    "into a source": ({"appsrc0": ("appsrc", ["appsrc1"]), "appsrc1": ("appsrc", [])}, 6006),
    "wrong kind": (through("mxpi_imagedecoder", "mxpi_classpostprocessor"), 6006),
    "wrong kind behind a queue and an identity": (through("mxpi_imagedecoder", "queue", "identity", "mxpi_classpostprocessor"), 6006),
    "wrong kind behind a tee": (
        through("mxpi_imagedecoder", "tee") | {"middle1": ("tee", ["appsink0", "post"]), "post": ("mxpi_classpostprocessor", [])},
        6006,
    ),
    "a target that is not an element": (through() | {"appsrc0": ("appsrc", ["stream_config"])}, 6013),
    "no output": (through() | {"appsrc0": ("appsrc", [])}, 6016),
    "no input": (through("queue", queue0=("queue", ["appsink1"]), appsink1=("appsink", [])), 6016),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    graph, code = REFUSED[case]
    with pytest.raises(PipelineError) as caught:
        linked(graph)
    assert caught.value.vendor_code == code
    assert caught.value.message.startswith("Stream 'S': element '")
    assert caught.value.remedy


def test_a_tee_feeds_several_in_order() -> None:
    assert linked(TEE).following("middle0") == ("appsink1", "appsink0")


def test_a_tee_may_feed_nobody() -> None:
    assert linked({"appsrc0": ("appsrc", ["tee0:0"]), "tee0": ("tee", [])}).following("appsrc0") == ("tee0",)


def test_what_passes_data_on_fits_everywhere() -> None:
    chain = through("mxpi_imagedecoder", "queue", "mxpi_imageresize", "identity", "mxpi_tensorinfer", "queue", "mxpi_classpostprocessor")
    assert linked(chain).following("middle3") == ("middle4",)


def test_a_ring_is_linked() -> None:
    ring: Graph = {"a": ("tee", ["b", "appsink0"]), "b": ("identity", ["a"]), "appsink0": ("appsink", [])}
    assert linked(ring).following("b") == ("a",)


def test_one_colon_parts_a_port() -> None:
    assert [linked_name(target) for target in ("a", "a:0", "a:b:c", ":0")] == ["a", "a", "a:b:c", ""]
    assert linked({"appsrc0": ("appsrc", ["a:b:c"]), "a:b:c": ("appsink", [])}).following("appsrc0") == ("a:b:c",)


CROP: Graph = through("mxpi_imagecrop") | {"appsrc0": ("appsrc", ["middle0:0"])}
DECODED = {"appsrc1": ("appsrc", ["decoder"]), "decoder": ("mxpi_imagedecoder", ["queue"]), "queue": ("queue", ["middle0:1"])}


def test_a_crop_has_further_inputs_for_pictures() -> None:
    links = linked(CROP | DECODED)
    assert links.feeding("middle0") == ("appsrc0", "queue")
    assert links.feeding("appsrc0") == ()


def test_tensors_do_not_go_into_a_further_input() -> None:
    tensors = DECODED | {"queue": ("mxpi_tensorinfer", ["middle0:1"])}
    with pytest.raises(PipelineError) as refused:
        linked(CROP | tensors)
    assert refused.value.vendor_code == 6006
