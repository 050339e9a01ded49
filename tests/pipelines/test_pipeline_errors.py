"""A pipeline's error carries the vendor's code."""

from pipelines.codes import Code
from pipelines.pipeline_errors import PipelineError


def test_it_tells_the_code_and_the_words() -> None:
    error = PipelineError(Code.STREAM_ELEMENT_LINK, "It leads nowhere.", "Name an element.")
    assert (error.vendor_code, str(error)) == (6006, "It leads nowhere. Name an element.")
