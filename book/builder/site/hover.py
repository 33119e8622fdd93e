"""Tips: what the pages show on hover, from notation.md, glossary.md and references.bib."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils.nodes import make_id
from pybtex.database import Person, parse_file
from pybtex.richtext import Text

from ..messages import BuildError
from ..paths import show

UNICODE = {
    r"\alpha": "α", r"\beta": "β", r"\chi": "χ", r"\omega": "ω", r"\mathcal H": "ℋ", r"\mathcal N": "𝒩",
    r"\gamma": "γ", r"\varepsilon": "ε", r"\epsilon": "ϵ", r"\ell": "ℓ", r"\rho": "ρ", r"\sigma": "σ",
    r"\delta": "δ", r"\eta": "η", r"\theta": "θ", r"\kappa": "κ", r"\mu": "μ",
    r"\phi": "φ", r"\psi": "ψ", r"\xi": "ξ",
    r"\Delta": "Δ", r"\Theta": "Θ", r"\mathcal L": "ℒ", r"\nabla": "∇", r"\pm": "±", r"\sqrt": "√", r"\cdot": "·",
    r"\langle": "⟨", r"\rangle": "⟩", r"\lVert": "‖", r"\rVert": "‖", r"\tau": "τ", r"\lambda": "λ", r"\sum": "Σ",
    r"\ln": "ln", r"\ge": "≥", r"\le": "≤", r"\sim": "~", r"\,": " ", "'": "′", "-": "−",
}  # fmt: skip
POWERS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
HERE = Path(__file__)
DOI = re.compile(r"https?://(?:dx\.)?doi\.org/((?:[^\s()<>\]\"]|\([^\s()]*\))+)")
TERM = re.compile(r"glossary\.(?:md|html)#([^\s)\"]+)")


def tips(book: Path) -> dict[str, Any]:
    """What pages show on hover, from the sources in a folder."""
    return {
        "notation": notation(book / "notation.md"),
        "glossary": glossary(book / "glossary.md"),
        "doi": references(book / "references.bib"),
    }


def check_links(places: Mapping[str, str], known: Mapping[str, Any]) -> None:
    """Stop at a link that would show nothing, in texts by their places; ``known`` is what `tips` gave."""
    terms, dois = known["glossary"], known["doi"]
    for place, text in places.items():
        for doi in map(unquote, DOI.findall(text)):
            if doi.lower() not in dois:
                raise BuildError(f"{place}: links to doi:{doi}, which book/references.bib does not hold")
        for term in TERM.findall(text):
            if term not in terms:
                raise BuildError(f"{place}: links to glossary.md#{term}; book/glossary.md has {', '.join(terms)}")


def as_script(known: Mapping[str, Any]) -> str:
    return f"window.landscapeTips = {json.dumps(known, ensure_ascii=False, indent=1)};\n"


def notation(file: Path) -> list[dict[str, Any]]:
    r"""The symbols, row by row: their TeX, how they look, their name in code, what they mean and, of those that stand
    under a heading such as ``## Chapter 3``, the chapter.

    The first cell holds a symbol, or a symbol with its definition or value after ``=``.
    """
    symbols, chapter = [], None
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#"):
            heading = re.match(r"## .*\bchapter (\d+)", line, flags=re.IGNORECASE)
            chapter = int(heading[1]) if heading else None
        if not line.startswith("| $"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 3:
            raise BuildError(f"book/notation.md, line {number}: need | $symbol$ | `code` or nothing | meaning |")
        tex = re.sub(r"[=(].*", "", cells[0].strip("$")).strip()
        try:
            row = {"tex": tex, "symbol": plain(f"${tex}$"), "code": plain(cells[1]), "means": plain(cells[2])}
        except ValueError as error:
            raise BuildError(f"book/notation.md, line {number} ({cells[0]}): {error}") from None
        symbols.append(row | {"chapter": chapter})
    return symbols


def glossary(file: Path) -> dict[str, dict[str, str]]:
    """The terms, headings of level three, by the anchor that their heading gets."""
    terms: dict[str, dict[str, str]] = {}
    for part in re.split(r"^### ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        term, _, text = part.partition("\n")
        try:
            text = plain(re.split(r"^#", text, flags=re.MULTILINE)[0])
        except ValueError as error:
            raise BuildError(f"book/glossary.md, {term.strip()}: {error}") from None
        if make_id(term) in terms:
            raise BuildError(f"book/glossary.md, {term.strip()}: stands twice")
        terms[make_id(term)] = {"term": term.strip(), "text": text}
    return terms


def references(file: Path) -> dict[str, dict[str, str]]:
    """Authors, title and place of each reference that has a DOI, by its DOI in lower case."""
    by_doi = {}
    for key, entry in parse_file(file).entries.items():
        fields = {name: str(Text.from_latex(value)) for name, value in entry.fields.items() if name != "doi"}
        where = next((fields[name] for name in ("journal", "booktitle", "howpublished") if name in fields), None)
        authors = [initials(person) for person in entry.persons.get("author", [])]
        if not (where and authors and {"title", "year"} <= set(fields)):
            need = "author, title, year, and journal, booktitle or howpublished"
            raise BuildError(f"book/references.bib, {key}: need {need}")
        if len(authors) > 4:
            authors = [*authors[:3], f"{len(authors) - 3} others"]
        if doi := entry.fields.get("doi"):
            by_doi[doi.lower()] = {
                "authors": " and ".join(filter(None, [", ".join(authors[:-1]), authors[-1]])),
                "title": fields["title"],
                "place": f"{' '.join(filter(None, [where, fields.get('volume')]))} ({fields['year']})",
                "doi": doi,
            }
    return by_doi


def initials(person: Person) -> str:
    """The name with the given names cut to a letter."""
    given = [str(Text.from_latex(part)) for part in (*person.first_names, *person.middle_names)]
    family = (*person.prelast_names, *person.last_names, *person.lineage_names)
    return " ".join([*(f"{part[0]}." for part in given), *(str(Text.from_latex(part)) for part in family)])


def plain(text: str) -> str:
    r"""Markdown with simple formulas as plain words; a subscript keeps its ``_``, which the page sets low.

    >>> plain(r"[gap](#gap) of *input* $\mu$, scaled to `norm` $\sqrt d$")
    'gap of input μ, scaled to norm √d'
    >>> plain(r"$N_\Delta > 10^{-12}$, $N^*$")
    'N_Δ > 10⁻¹², N*'
    """
    parts = re.split(r"\$([^$]*)\$", " ".join(text.split()))
    words = [re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", part) for part in parts[::2]]
    return "".join(map("".join, zip(words, [*map(formula, parts[1::2]), ""], strict=True)))


def formula(tex: str) -> str:
    r"""A simple formula in Unicode; what has no plain form here is an error.

    >>> formula(r"\Theta(x, x') = \nabla_w f(x) \cdot \nabla_w f(x')")
    'Θ(x, x′) = ∇_w f(x) · ∇_w f(x′)'
    >>> formula(r"\tilde\alpha")
    'α̃'
    """

    def known(command: re.Match[str]) -> str:
        if command[0] not in UNICODE:
            raise ValueError(f"{command[0]} has no plain form; write it in words, or add it to UNICODE in {show(HERE)}")
        return UNICODE[command[0]]

    text = re.sub(r"\\mathcal *\{?(\w)\}?", r"\\mathcal \1", tex)
    text = re.sub(r"\\operatorname\{(\w+)\}", r"\1", text)
    text = re.sub(r"\\bar *(\\\w+|\w)", "\\1\N{COMBINING MACRON}", text)
    text = re.sub(r"\\tilde *(\\\w+|\w)", "\\1\N{COMBINING TILDE}", text)
    text = re.sub(r"\\mathcal \w|\\[a-zA-Z]+|\\.|['-]", known, text).replace("√ ", "√").replace("^*", "*")
    text = re.sub(r"\^(\d)|\^\{([−\d]+)\}", lambda power: (power[1] or power[2]).translate(POWERS), text)
    if rest := re.search(r"[\^{}\\]\S*", text):
        raise ValueError(f"{rest[0]} has no plain form; write it in words, or in simpler TeX")
    return text
