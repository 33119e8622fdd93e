"""How a figure or a claim is cited: a line of BibTeX, with a stable anchor."""

from __future__ import annotations

from .launch import address


def bibtex(spot: str, what: str, page: str, commit: str | None, year: str = "") -> str:
    """A line of BibTeX for what stands at an anchor of a notebook's page, such as Fig. 3.2.

    >>> print(bibtex("fig-jump", "Fig. 3.2", "03_jamming", "abcdef0123"))
    @misc{landscapes:fig-jump, author={{The Loss Landscapes authors}}, title={Loss Landscapes, Fig. 3.2}, \
howpublished={notebooks/03_jamming.html\\#fig-jump}, note={commit abcdef0}}
    """
    repository = address()
    place = f"notebooks/{page}.html\\#{spot}"
    fields = {
        "author": "{The Loss Landscapes authors}",
        "title": f"Loss Landscapes, {what}",
        "howpublished": place if repository is None else f"{repository}, {place}",
    }
    if year:
        fields["year"] = year
    if commit:
        name, _, dirty = commit.partition("-")
        fields["note"] = f"commit {name[:7]}{' and changes' if dirty else ''}"
    return f"@misc{{landscapes:{spot}, " + ", ".join(f"{name}={{{text}}}" for name, text in fields.items()) + "}"
