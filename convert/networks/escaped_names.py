"""Names that come from files, in a form that a terminal and a manifest can hold."""


def escaped(text: str) -> str:
    """The text on one line: each character that cannot be printed becomes its escape in Python.

    Such are control characters, which move a terminal's cursor, and the bytes of a file name that are not UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)
