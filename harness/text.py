"""Text that is safe to print."""


def printable(text: str) -> str:
    """`text` with every control and invisible character replaced: one could end the line, move a
    terminal's cursor, or reverse what follows."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
