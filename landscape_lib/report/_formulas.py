"""Formulas in plain words, such as N*, ‖f‖ ~ (N − N*)^(−1) and N_Δ, as a medium sets them.

Claims and captions are plain words, which tests compare and every reader can read; the page and the paper set them.
"""

from __future__ import annotations

import html
import re

# A power, a symbol with an index, N*, and letters that stand alone. A letter before an apostrophe is none.
FORMULA = re.compile(
    r"\^(?:\((?P<inside>[^()]*)\)|(?P<power>[−-]?[\w/]+))"
    r"|(?<![\w.])(?P<base>[A-Za-zα-ωΑ-Ωδ])_(?P<index>[A-Za-z0-9Δμ]+)\b"
    r"|(?<![\w.])(?P<star>N\*)"
    r"|(?<![\w.'’-])(?P<letter>[NPLTRhfndzτθγ])(?![\w'’-])"
)
TEX = {"−": "-", "Δ": r"\Delta", "μ": r"\mu", "τ": r"\tau", "θ": r"\theta", "γ": r"\gamma", "δ": r"\delta"}


def html_formulas(words: str) -> str:
    """Plain words as HTML, in which variables are slanted, powers raised and indices lowered.

    >>> html_formulas("N_Δ/N < 1, (N − N*)^(−1)")
    '<i>N</i><sub>Δ</sub>/<i>N</i> &lt; 1, (<i>N</i> − <i>N</i>*)<sup>−1</sup>'
    """

    def made(found: re.Match[str]) -> str:
        if found["base"]:
            return f"<i>{found['base']}</i><sub>{found['index']}</sub>"
        if found["star"]:
            return "<i>N</i>*"
        if found["letter"]:
            return f"<i>{found['letter']}</i>"
        return f"<sup>{found['inside'] or found['power']}</sup>"

    return FORMULA.sub(made, html.escape(words))


def tex_formulas(words: str) -> str:
    """Plain words as Markdown, with formulas between dollars.

    >>> tex_formulas("N_Δ/N, (N − N*)^(−1)")
    '$N_{\\\\Delta}$/$N$, ($N$ − $N^{*}$)${}^{-1}$'
    """

    def made(found: re.Match[str]) -> str:
        if found["base"]:
            return f"${_tex(found['base'])}_{{{_tex(found['index'])}}}$"
        if found["star"]:
            return "$N^{*}$"
        if found["letter"]:
            return f"${_tex(found['letter'])}$"
        return f"${{}}^{{{_tex(found['inside'] or found['power'])}}}$"

    return FORMULA.sub(made, words)


def _tex(symbols: str) -> str:
    return "".join(TEX.get(symbol, symbol) for symbol in symbols)
