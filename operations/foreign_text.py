"""Text of others that can be stored and shown anywhere: in a row, on a page, on a terminal, in a line of a log.

Decides: which characters are shown by their numbers instead. Not: what is told, or how long it may be.
"""

from __future__ import annotations

# What would end a line, turn it round or hide in it, on some screen or in some reader; what PostgreSQL or UTF-8 cannot
# hold (NUL, halves of surrogate pairs).
BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
UNSEEN = (0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xE0000, 0xE0080))
ODD = {
    code: repr(chr(code))[1:-1]
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000), *BIDI, *UNSEEN)
}
ODD_IN_LINES = {code: shown for code, shown in ODD.items() if chr(code) not in "\n\t"}


def in_one_line(text: str) -> str:
    """Without anything that a terminal obeys or that ends a line."""
    return text.translate(ODD)


def in_lines(text: str) -> str:
    """The same, but line ends and tabs stay."""
    return text.translate(ODD_IN_LINES)
