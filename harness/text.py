"""Text that is safe to print."""


def printable(text: str) -> str:
    """`text` with every control and invisible character replaced: one could end the line, move a
    terminal's cursor, or reverse what follows."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def encodable(text: str) -> str:
    """`text` with what is no UTF-8 replaced: file names, arguments and variables may be any bytes."""
    return text.encode(errors="replace").decode()


def shortened(text: str, most: int = 8000) -> str:
    """`text` with its middle left out where it is longer than `most` characters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - most:,} characters left out …\n{text[-half:]}"
