"""Makes a plot of matplotlib's a part of a page: no style attributes, which the page's policy forbids, ids of its own, the page's colours.

Text becomes text in the language of the page: it is drawn by the browser, so no font is needed here.
"""

from collections.abc import Mapping
from xml.etree import ElementTree as ET

_PRESENTATION = {
    "fill", "fill-opacity", "font-size", "opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin",
    "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor",
}  # fmt: skip
"""Properties that are attributes too (SVG 2, 6.6)."""
_FONT = ("font-family", "font-style", "font-weight", "font-stretch", "font-variant")  # the page has its own
_DROPPED = ("metadata", "style")


def svg_for_page(svg: str, name: str, colours: Mapping[str, str], words: Mapping[str, str]) -> str:
    """The drawing; `colours` are the variables of the page by the colour drawn, `words` what a text becomes.

    Raises ValueError for a property of a style that has no attribute: what the library draws is known, and a surprise would be invisible.
    """
    root = ET.fromstring(svg)  # noqa: S314 - what the library has just written
    for element in root.iter():
        for child in [child for child in element if _plain(child.tag) in _DROPPED]:
            element.remove(child)
    for element in root.iter():
        element.tag = _plain(element.tag)
        attributes = {_plain(key): value for key, value in element.attrib.items()}
        style = attributes.pop("style", "")
        element.attrib.clear()
        element.attrib.update({key: _own(key, value, name) for key, value in (attributes | _attributes(style, colours)).items()})
        element.text = words.get(element.text, element.text) if element.text and element.text.strip() else None
        element.tail = None
    root.attrib = {"viewBox": root.attrib["viewBox"]}
    return ET.tostring(root, encoding="unicode")


def _plain(name: str) -> str:
    return name.rpartition("}")[2]


def _own(key: str, value: str, name: str) -> str:
    """An attribute with the ids of this plot."""
    if key == "id":
        return f"{name}-{value}"
    if key == "href":
        return f"#{name}-{value.removeprefix('#')}"
    return value.replace("url(#", f"url(#{name}-")


def _attributes(style: str, colours: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for declaration in filter(None, map(str.strip, style.split(";"))):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            key, value = "font-size", next(word for word in value.split() if word.endswith("px"))
        if key in _FONT:
            continue
        if key not in _PRESENTATION:
            raise ValueError(f"a plot has the property {declaration!r}, which is not an attribute")
        found[key] = f"var({colours[value]})" if value in colours else value
    return found
