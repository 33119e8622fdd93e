"""The pictures at the heads of chapters are those that their tables give, and each has its figure in the book."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from builder.heroes import MEASURED, TABLES, from_table, measured, redraw
from builder.messages import BuildError
from builder.site.page import prose
from landscape_lib.figures import marked_cuts

from .conftest import ROOT


@pytest.mark.parametrize("chapter", [*TABLES, "05_fluctuations_and_ensembles"])  # which is measured in seconds
def test_a_picture_is_what_its_table_gives_or_what_is_measured_again(chapter):
    name, png = (TABLES[chapter][0], from_table(chapter)) if chapter in TABLES else measured(chapter)
    drawn = Image.open(io.BytesIO(png)).convert("RGB")
    committed = Image.open(ROOT / "book" / "static" / f"{name}.png").convert("RGB")
    assert drawn.size == committed.size
    # Of 255 levels: other versions of the fonts move some edges.
    assert np.abs(np.asarray(drawn, dtype=float) - np.asarray(committed, dtype=float)).mean() < 1


@pytest.mark.parametrize("chapter", TABLES)
def test_a_chapter_begins_with_its_picture_and_names_its_table(chapter):
    picture, _, table = TABLES[chapter]
    head = "".join(json.loads((ROOT / "notebooks" / f"{chapter}.ipynb").read_text("utf-8"))["cells"][0]["source"])
    assert re.search(rf"!\[[^]]+\]\(\.\./book/static/{picture}\.png\)", head)
    assert f"<!-- made from: book/results/{table}.json -->" in head


def test_a_chapter_without_a_picture_is_refused():
    with pytest.raises(BuildError, match="CHAPTER=99_none: no picture of its own; there is 03_jamming"):
        redraw("99_none")


@pytest.mark.parametrize("chapter", [*TABLES, *MEASURED])
def test_a_picture_is_marked_where_a_phone_may_cut_it(chapter):
    picture = (TABLES.get(chapter) or MEASURED[chapter])[0]
    places = marked_cuts(ROOT / "book" / "static" / f"{picture}.png")
    image = Image.open(ROOT / "book" / "static" / f"{picture}.png").convert("L")
    assert all((np.asarray(image)[:, round(place / 1000 * image.width)] > 200).all() for place in places)
    markdown = prose(f"![Words.](../book/static/{picture}.png)")
    assert markdown.endswith("".join(f" .cut-{place}" for place in places) + "}" if places else ")")
