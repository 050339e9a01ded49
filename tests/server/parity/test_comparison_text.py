"""The report as people read it."""

from convert.conversion_errors import ConvertError
from server.parity.comparison import ParityReport
from server.parity.comparison_text import SHOWN, report_text

SIDES = (
    {"side": "cats@cpu", "model": "cats", "version": "2", "recipe_sha256": "ab" * 32, "engine": "stream", "runtime": "cpu"},
    {"side": "http://atlas:8000", "model": "cats", "version": "2", "recipe_sha256": "cd" * 32, "engine": "stream", "runtime": "ascend"},
)


def test_the_text() -> None:
    report = ParityReport(SIDES)
    report.add("same.jpg", ((3, "lynx", 0.7), (4, "cat", 0.2)), ((3, "lynx", 0.69), (4, "cat", 0.2)))
    report.add("other.jpg", ((3, "lynx", 0.6), (4, "cat", 0.4)), ((4, "cat", 0.5), (3, "lynx", 0.5 - 0.01)))
    report.add("broken.jpg", ConvertError("It is not an image."), ((4, "cat", 0.5),))
    assert report_text(report) == (
        "A  cats@cpu, model cats, version 2, recipe abababababab, engine stream, runtime cpu\n"
        "B  http://atlas:8000, model cats, version 2, recipe cdcdcdcdcdcd, engine stream, runtime ascend\n"
        "Note: the recipes of the two sides differ.\n"
        "\n"
        "images compared   2\n"
        "top-1 agreement   0.5000 (1 of 2)\n"
        "top-5 overlap     1.0000\n"
        "score difference  at most 0.11 (other.jpg, class 3 lynx), on average 0.055\n"
        "where A has > 0.5 0.5000 (1 of 2 with the same best class)\n"
        "failed            1 (1 of them on one side only)\n"
        "\n"
        "The best class differs:\n"
        "  other.jpg\n"
        "    A   0.6000     3  lynx\n"
        "    B   0.5000     4  cat\n"
        "\n"
        "Not compared:\n"
        "  broken.jpg\n"
        "    A It is not an image. [convert_error]"
    )


def test_long_lists_are_cut() -> None:
    report = ParityReport(SIDES)
    for number in range(SHOWN + 7):
        report.add(f"{number}.jpg", ((1, "", 0.5),), ((2, "", number / 100),))
    lines = report_text(report).splitlines()
    assert lines[-1] == "  and 7 more"
    assert lines.count(f"  {SHOWN + 6}.jpg") == 1
    assert "  0.jpg" not in lines


def test_nothing_to_tell() -> None:
    report = ParityReport(SIDES)
    assert report_text(report).endswith("\n\nimages compared   0")
