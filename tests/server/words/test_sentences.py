from pathlib import Path

from server.words.sentences import patterns

WORDS = """
[short]
en = "It {what}."
zh = "它{what}"

[long]
en = "It took {count} of {what} (all)."
zh = "用了 {count} 个{what}"
"""


def test_a_sentence_is_found_with_its_values_and_the_longer_one_first(tmp_path: Path) -> None:
    (file := tmp_path / "words.toml").write_text(WORDS, "utf-8")
    (long, takes), (short, does) = patterns(file)
    assert (long, short) == ("long", "short")
    found = takes.fullmatch("It took 12 of a\nb (all).")
    assert found
    assert found.groupdict() == {"count": "12", "what": "a\nb"}
    assert takes.fullmatch("It took twelve of them (all).") is None  # a count is a number
    assert does.fullmatch("It took twelve of them (all).")
    assert takes.fullmatch("It took 12 of them [all].") is None
