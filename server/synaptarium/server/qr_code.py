"""Addresses as QR codes: in the terminal and in the page, so that nobody types a token in a headset."""

from __future__ import annotations

import io

import segno


def qr_svg(text: str) -> str:
    """Return the code as an SVG picture with a quiet edge, dark on light as scanners want it.

    Examples
    --------
    >>> qr_svg("https://192.0.2.7:8765/").startswith("<svg")
    True
    """
    return str(segno.make(text, error="m").svg_inline(scale=4, border=4, dark="#0b0e14", light="#ffffff"))


def qr_terminal(text: str) -> str:
    """Return the code as lines of half blocks for a terminal."""
    lines = io.StringIO()
    segno.make(text, error="l").terminal(lines, compact=True, border=2)
    return lines.getvalue()
