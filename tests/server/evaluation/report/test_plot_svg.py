"""A drawing as a part of a page."""

import pytest

from server.evaluation.report.plot_svg import svg_for_page

SPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
HEAD = f'<svg {SPACES} width="9pt" viewBox="0 0 9 9"><metadata>x</metadata>'


def made(inner: str, **words: str) -> str:
    return svg_for_page(f"{HEAD}{inner}</svg>", "made", {"#112233": "--ink"}, words)


def test_a_style_becomes_attributes_with_the_pages_colours() -> None:
    path = '<path d="M 0 0" style="fill: none; stroke: #112233; stroke-width: 0.8"/>'
    assert made(path) == '<svg viewBox="0 0 9 9"><path d="M 0 0" fill="none" stroke="var(--ink)" stroke-width="0.8" /></svg>'


def test_a_font_leaves_its_size() -> None:
    for style in ("font: 9px 'DejaVu Sans', sans-serif; text-anchor: middle", "font-size: 9px; font-family: 'A'; text-anchor: middle"):
        assert made(f'<text style="{style}">1</text>').endswith('<text font-size="9px" text-anchor="middle">1</text></svg>')


def test_ids_are_its_own_and_links_lead_to_them() -> None:
    drawn = made('<g id="a"/><use xlink:href="#a" clip-path="url(#b)"/>')
    assert drawn.endswith('<g id="made-a" /><use href="#made-a" clip-path="url(#made-b)" /></svg>')


def test_words_are_said_in_the_language_and_stay_text() -> None:
    assert made("<text>accuracy</text><text>infer</text>", accuracy="<准确率>").endswith(
        "<text>&lt;准确率&gt;</text><text>infer</text></svg>"
    )


def test_a_property_that_is_no_attribute_is_not_lost_silently() -> None:
    with pytest.raises(ValueError, match="mix-blend-mode"):
        made('<g style="mix-blend-mode: multiply"/>')
