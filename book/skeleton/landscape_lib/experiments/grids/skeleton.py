"""What the skeleton chapter asks of its experiment, live and at the papers' scale."""

from typing import Any

from landscape_lib.experiments.grids._doors import check

SIZES = (1, 4, 16, 64, 256)
LARGER_SIZES = (*SIZES, 1024, 4096)


def grid(budget: str, dataset: str = "uniform numbers", seed: int = 0) -> list[dict[str, Any]]:
    """The points of `draw_means`, longest first: one an n. "class": five n of forty seeds; "paper": seven n of 400."""
    check(budget, dataset, seed, datasets=("uniform numbers",))
    sizes, many = (SIZES, 40) if budget == "class" else (LARGER_SIZES, 400)
    return [{"n": n, "seeds": tuple(range(many * seed, many * (seed + 1)))} for n in sizes[::-1]]
