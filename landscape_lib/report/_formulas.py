"""Formulas in plain words, such as N*, ‖f‖ ~ (N − N*)^(−1) and N_Δ, as a medium sets them.

Claims and captions are plain words, which tests compare and every reader can read; the page and the paper set them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

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
    return _set(html.escape(words), str, "<i>{}</i>", "<i>{}</i><sub>{}</sub>", "<i>N</i>*", "<sup>{}</sup>")


def tex_formulas(words: str) -> str:
    r"""Plain words as Markdown, with formulas between dollars.

    >>> print(tex_formulas("N_Δ/N, (N − N*)^(−1)"))
    $N_{\Delta}$/$N$, ($N$ − $N^{*}$)${}^{-1}$
    """
    return _set(words, _tex, "${}$", "${}_{{{}}}$", "$N^{{*}}$", "${{}}^{{{}}}$")


def _set(words: str, spell: Callable[[str], str], symbol: str, index: str, star: str, power: str) -> str:
    """Each formula in its form; ``spell`` writes what stands in the braces."""

    def made(found: re.Match[str]) -> str:
        if found["base"]:
            return index.format(spell(found["base"]), spell(found["index"]))
        if found["star"]:
            return star.format()
        if found["letter"]:
            return symbol.format(spell(found["letter"]))
        return power.format(spell(found["inside"] or found["power"]))

    return FORMULA.sub(made, words)


def _tex(symbols: str) -> str:
    return "".join(TEX.get(symbol, symbol) for symbol in symbols)
