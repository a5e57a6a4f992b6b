"""A text as a terminal, a file in UTF-8 or a sentence can hold it."""


def printable(text: str) -> str:
    """Return a text in which what a terminal would obey, or could not write, is escaped;
    line breaks are kept.
    """
    return (
        text
        if text.isprintable()
        else "".join(one if one.isprintable() or one in "\n\t" else ascii(one)[1:-1] for one in text)
    )
