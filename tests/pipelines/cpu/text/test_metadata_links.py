import pytest

from pipelines.cpu.text.metadata_links import MAX_LINKS, MetadataLinks
from pipelines.pipeline_errors import PipelineError


def data_sources(**targets: object) -> dict[str, str]:
    """The data sources that elements a, b, c, … set by their nextMeta."""
    links = MetadataLinks("S")
    for element, next_meta in targets.items():
        links.add(element, links.read(element, next_meta))
    return dict(links.data_sources({"x", "y"}))


def test_data_sources() -> None:
    assert data_sources(a="x", b=["x", "y:0"], c="x") == {"x": "c,b,a", "y": "b"}
    assert data_sources(a="x:2", b="x:0", c="x:1") == {"x": "b,c,a"}
    assert data_sources(a="x:-1", b="x") == {"x": "b,a"}
    assert data_sources(a=[]) == {}


@pytest.mark.parametrize(
    "targets",
    [
        *({"a": 3}, {"a": None}, {"a": ["x", {}]}, {"a": "x\n"}, {"a": "nobody"}, {"a": ""}),
        *({"a": ":0"}, {"a": "x:"}, {"a": "x:y"}, {"a": "x:1"}, {"a": "x:0", "b": "x"}, {"a": "x", "b": "x:0"}, {"a": ["x:0", "x:0"]}),
        *({"a": ["x"] * (MAX_LINKS + 1)}, {"a": [f"x{n}" for n in range(MAX_LINKS)], "b": "x"}),
    ],
)
def test_refused(targets: dict[str, object]) -> None:
    with pytest.raises(PipelineError, match="Stream 'S': nextMeta of element '") as caught:
        data_sources(**targets)
    assert caught.value.vendor_code == 1004
    assert caught.value.remedy
