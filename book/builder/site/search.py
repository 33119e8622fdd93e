"""The search of the site: every section with its words, for MiniSearch, which needs no server.

Sphinx's own finds pages, and fetches them for its excerpts, which a page opened from a file may not do.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag

from ..paths import write
from .hover import formula

HERE = Path(__file__)
UNREAD = ".cell_input, .provenance, .cite, .claim-link, script, style, svg, .toctree-wrapper, section"
BLOCKS = ["p", "li", "td", "th", "dt", "dd", "div", "br", "pre", "summary", "h1", "h2", "h3", "h4"]
MATHS = re.compile(r"\\[(\[](.*?)\\[)\]]", re.DOTALL)
FILES = ("minisearch.js", "search-sections.js", "search.js")  # in the order in which they are loaded


class Section(NamedTuple):
    """A heading, the page that it is on, and the words under it, less those of sections within."""

    address: str
    title: str
    page: str
    text: str


def sections(pages: Mapping[str, str]) -> Iterator[Section]:
    """The sections of pages, by their addresses, as Sphinx wrote them: formulas are TeX still."""
    for address, page in pages.items():
        article = BeautifulSoup(page, "html.parser").select_one("article.bd-article")
        for place in article.select("section[id]") if article else []:
            for link in place.select(".headerlink"):
                link.extract()
            heading = place.find(re.compile("^h[1-6]$"), recursive=False)
            if heading is None:
                continue
            top = article.find("h1") if article else None
            text = own_words(place).removeprefix(words(heading)).strip()
            yield Section(f"{address}#{place['id']}", words(heading), words(top) if top else "", text)


def own_words(section: Tag) -> str:
    """What a section says itself."""
    copy = BeautifulSoup(str(section), "html.parser").section
    assert copy is not None
    for part in copy.select(UNREAD):
        part.extract()
    return words(copy)


def words(part: Tag) -> str:
    """Text in one line, without the mark that links a heading, its formulas in plain symbols."""
    for block in part.find_all(BLOCKS):
        block.append(" ")
    return " ".join(MATHS.sub(lambda maths: readable(maths[1]), part.get_text()).split())


def readable(tex: str) -> str:
    r"""A formula as a line of an excerpt shows it.

    >>> readable(r"N_\Delta \ge N/2"), readable(r"\frac{1}{P}")
    ('N_Δ ≥ N/2', '1 P')
    """
    try:
        return formula(tex.strip())
    except ValueError:  # too much for a line: its letters are still found
        return " ".join(re.sub(r"\\[a-zA-Z]+|[{}\\&^_]", " ", tex).split())


def set_up(site: Path, pages: Mapping[Path, str], modules: Path) -> None:
    """Write the index and the scripts beside it, and have the page of the search load them."""
    static = site / "_static"
    found = sections({path.relative_to(site).as_posix(): text for path, text in pages.items() if path.parent != site})
    listed = [{"id": i, **section._asdict()} for i, section in enumerate(found)]
    write(static / FILES[1], f"window.landscapeSections = {json.dumps(listed, ensure_ascii=False)};\n")
    licence = (modules / "minisearch" / "LICENSE.txt").read_text(encoding="utf-8")
    script = (modules / "minisearch" / "dist" / "umd" / "index.js").read_text(encoding="utf-8")
    script = re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
    write(static / FILES[0], f"/* MiniSearch\n{licence}*/\n{script}")
    shutil.copy(HERE.with_suffix(".js"), static / FILES[2])


def with_search(page: str) -> str:
    """The page of the search, with our scripts."""
    loaded = "".join(f'<script defer src="_static/{name}"></script>\n' for name in FILES)
    return page.replace("</head>", f"{loaded}</head>", 1)
