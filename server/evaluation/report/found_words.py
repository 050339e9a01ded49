"""Says in another language what a run found about its set: the manifest has it as English sentences."""

from pathlib import Path

from server.words.language import Language
from server.words.sentences import patterns
from server.words.word_file import read_words

FOUND = Path(__file__).parent / "words" / "found.toml"
_KIND = "kind"


def restated(sentence: str, language: Language) -> str:
    """The sentence in a language; as it is, if it is none of words/found.toml, for example one of an older run."""
    if language is Language.EN:
        return sentence
    for name, pattern in patterns(FOUND):
        if match := pattern.fullmatch(sentence):
            values = match.groupdict()
            if _KIND in values:
                values[_KIND] = ", ".join(restated(part, language) for part in values[_KIND].split(", "))
            return read_words(FOUND, language)[name].format(**values)
    return sentence
