"""MyST Markdown: words that stay words, and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from landscape_lib.report import tex_formulas


def escape(text: str) -> str:
    r"""Plain words as Markdown: nothing in them is markup, nor begins a list.

    >>> print(escape("N* < c P & $x$"), escape("2. A"), escape("- B"))
    N\* \< c P \& \$x\$ 2\. A \- B
    """
    words = re.sub(r"([\\`*_{}\[\]<>&|$~#])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d*)([-+.)] )", r"\1\\\2", words)


def words(text: str) -> str:
    r"""Plain words as Markdown, their formulas typeset.

    >>> print(words("N_Δ & N*"))
    $N_{\Delta}$ \& $N^{*}$
    """
    parts = re.split(r"(\$[^$]*\$)", tex_formulas(text.replace("$", "＄")))
    return "".join(part if i % 2 else escape_within(part) for i, part in enumerate(parts)).replace("＄", "\\$").strip()


def with_formulas(markdown: str) -> str:
    r"""Markdown in which formulas in plain words are typeset, beside those that are TeX already.

    >>> print(with_formulas("N* and $P$ at N_Δ"))
    $N^{*}$ and $P$ at $N_{\Delta}$
    """
    parts = re.split(r"(\$[^$]*\$|`[^`]*`)", markdown)
    return "".join(part if i % 2 else tex_formulas(part) for i, part in enumerate(parts))


def escape_within(text: str) -> str:
    """`escape` that keeps the spaces at both ends."""
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return f"{before}{escape(text)}{after}" if text.strip() else " " * bool(text)


def list_table(name: str, rows: Sequence[Sequence[str]], widths: str | None = None) -> str:
    """A table of class ``name``, whose cells may hold several paragraphs; the first row is its head."""
    options = [f":class: {name}", ":header-rows: 1", *([f":widths: {widths}"] if widths else [])]
    body = "\n".join("* - " + "\n  - ".join(row) for row in rows)
    return "\n".join(["````{list-table}", *options, "", body, "````"])
