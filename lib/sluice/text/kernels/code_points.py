"""Looking code points up in tables made by `text.code_points`."""

from sluice.text.jit import inlined


@inlined
def look_up(code, rows, values):
    """The value of a code point."""
    return values[rows[code >> 8], code & 255]
