"""mxpi_dataserialize: writes the result or the error as the output bytes of the stream, equal to the vendor's byte for byte."""

import json

from pipelines.cpu.elements.element import Element, ElementContext
from pipelines.cpu.elements.frame import Classes, ClassResult, Frame
from pipelines.cpu.elements.jsonnumber import number_text
from pipelines.cpu.elements.metadatagraph import MetadataGraph
from pipelines.cpu.elements.tensorinfer import split_list


class DataSerialize(Element):
    """Writes metadata as compact JSON with keys in alphabetical order; for a failed frame, writes the error text.

    With one key, writes the list of that metadata. With several keys or none (all), nests each list in the entries of its parents.
    """

    factory = "mxpi_dataserialize"
    stage = "serialize"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._keys = split_list(self.text("outputDataKeys"))  # blanks are part of a key
        self._headers = not self.integer("eraseHeaderVecFlag")
        self._beginnings: dict[tuple[int, str], str] = {}

    def push(self, frame: Frame) -> None:
        """Replace the buffer by the result, or by the text of the last error in the order of element names."""
        self.work(frame)
        if frame.errors:
            last = frame.errors[max(frame.errors)]
            frame.data = f"{last.text}\n".encode()
        frame.serialized = True
        self.downstream(frame)

    def process(self, frame: Frame) -> None:
        """Metadata → JSON bytes; a key without metadata gives "{}"."""
        found = frame.metadata.get(self._keys[0]) if len(self._keys) == 1 else None
        if isinstance(found, Classes) and not self._headers:
            body = ",".join(map(self._entry, found.results))
            frame.data = f'{{"MxpiClass":[{body}]}}'.encode() if body else b"{}"
            return
        graph = MetadataGraph(frame.metadata, headers=self._headers)
        text = graph.list_json(self._keys[0]) if len(self._keys) == 1 else graph.json(self._keys)
        frame.data = text.encode()

    def _entry(self, result: ClassResult) -> str:
        class_id, name = result.class_id, result.class_name
        beginning = self._beginnings.get((class_id, name))
        if beginning is None:
            quoted = json.dumps(name, ensure_ascii=False)
            beginning = self._beginnings[class_id, name] = f'{{"classId":{class_id},"className":{quoted},"confidence":'
        return f"{beginning}{number_text(result.confidence)}}}"
