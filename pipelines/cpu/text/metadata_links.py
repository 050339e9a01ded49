"""`nextMeta`: an element names its readers and so sets their `dataSource` (mxStream, MxsmStream)."""

import reprlib
from collections.abc import Iterator

from pipelines.codes import Code
from pipelines.cpu.text.leading_number import leading_number
from pipelines.cpu.text.plugins import REFUSED_CHARACTERS
from pipelines.pipeline_errors import PipelineError

MAX_LINKS = 129  # of one element; also the limit of targets in one stream
_REMEDY = 'Write "element", or "element:0", "element:1", … for the ports of one element, as a text or a list of texts.'


class MetadataLinks:
    """The metadata links of a stream, collected element by element."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._targets: dict[str, list[tuple[int | None, str]]] = {}

    def read(self, element: str, next_meta: object) -> list[str]:
        """The targets that an element names; raises PipelineError 1004."""
        targets: list[str] = []
        for target in next_meta if isinstance(next_meta, list) else [next_meta]:
            if not isinstance(target, str) or REFUSED_CHARACTERS.search(target):
                raise self._refusal(element, f"{reprlib.repr(target)} is not the name of an element")
            targets.append(target)
        if len(targets) > MAX_LINKS:
            raise self._refusal(element, f"{len(targets)} targets are more than {MAX_LINKS}")
        return targets

    def add(self, element: str, targets: list[str]) -> None:
        """Add the targets of an element; raises PipelineError 1004 for an invalid port or one in use."""
        for target in targets:
            name, colon, port_text = target.partition(":")
            port = leading_number(port_text) if colon else None
            if colon and (port is None or not name):
                raise self._refusal(element, f"{target!r} does not name a port")
            port = None if port == -1 else port
            sources = self._targets.get(name)
            if sources is None:
                if len(self._targets) >= MAX_LINKS:
                    raise self._refusal(element, f"the stream links metadata to more than {MAX_LINKS} elements")
                self._targets[name] = [(port, element)]
                continue
            if (sources[0][0] is None) != (port is None):
                raise self._refusal(element, f"some targets name a port of {name!r}, and some do not")
            if port is not None and port in (taken for taken, _ in sources):
                raise self._refusal(element, f"port {port} of {name!r} already has a source")
            sources.append((port, element))

    def data_sources(self, elements: set[str]) -> Iterator[tuple[str, str]]:
        """The targets and the dataSource of each, by name; raises PipelineError 1004."""
        for name in sorted(self._targets):
            yield name, self._data_source(name, elements)

    def _data_source(self, name: str, elements: set[str]) -> str:
        sources = self._targets[name]
        if name not in elements:
            raise self._refusal(sources[0][1], f"the element {name!r} does not exist")
        # Without ports the engine's sort reverses the order.
        in_order = sources[::-1]
        in_order.sort(key=lambda source: -1 if source[0] is None else source[0])
        if (last := in_order[-1][0]) is not None and last >= len(sources):
            raise self._refusal(in_order[-1][1], f"port {last} of {name!r} is not among its {len(sources)}")
        return ",".join(source for _, source in in_order)

    def _refusal(self, element: str, why: str) -> PipelineError:
        return PipelineError(Code.COMM_INVALID_PARAM, f"Stream {self._stream!r}: nextMeta of element {element!r}: {why}.", _REMEDY)
