"""mxpi_dataserialize: the result, or the error, as the bytes that leave the stream; exact to the byte."""

import json

import numpy as np

from pipelines.host.element import Element, ElementContext
from pipelines.host.frame import Classes, ClassResult, Frame

_SPECIAL = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"', "-0": "0"}
_SMALLEST_NORMAL = np.finfo(np.float32).smallest_normal  # below it C's strtof, which the vendor reads back with, reports an error


def number_text(value: np.float32) -> str:
    """A float as the vendor prints it: six digits if they read back as the same float32, else nine; -0 is 0."""
    text = f"{value:.6g}"
    if text in _SPECIAL:
        return _SPECIAL[text]
    reads_back = np.float32(text) == value and (value == 0 or abs(value) >= _SMALLEST_NORMAL)
    return text if reads_back else f"{value:.9g}"


class DataSerialize(Element):
    """Writes one metadata as compact JSON with alphabetical keys; a failed frame becomes its error's text."""

    factory = "mxpi_dataserialize"
    stage = "serialize"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        # The vendor splits at commas and trims nothing; a key that is nowhere written gives "{}".
        self._keys = self.text("outputDataKeys").split(",")
        self._names: dict[str, str] = {}

    def push(self, frame: Frame) -> None:
        """The buffer becomes the result, or the text of the last error by element name."""
        self.work(frame)
        if frame.errors:
            last = frame.errors[max(frame.errors)]
            frame.data = f"{last.text}\n".encode()
        frame.serialized = True
        self.downstream(frame)

    def process(self, frame: Frame) -> None:
        """Metadata → JSON bytes."""
        results = [result for key in self._keys if isinstance(found := frame.metadata.get(key), Classes) for result in found.results]
        body = ",".join(map(self._entry, results))
        frame.data = f'{{"MxpiClass":[{body}]}}'.encode() if body else b"{}"

    def _entry(self, result: ClassResult) -> str:
        name = self._names.get(result.class_name)
        if name is None:
            name = self._names[result.class_name] = json.dumps(result.class_name, ensure_ascii=False)
        return f'{{"classId":{result.class_id},"className":{name},"confidence":{number_text(result.confidence)}}}'
