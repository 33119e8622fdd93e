"""Where learning curves of kernels are measured: spheres of three dimensions, and images."""

from typing import Any

from landscape_lib.data import NAMES
from landscape_lib.experiments._images import images
from landscape_lib.experiments.grids._doors import check

FIRST = 300  # of the training sets that decide: those before are for pilots, or were looked at
SPHERES = (1, 2, 4)
SIZES = {"class": (32, 64, 128, 256, 512, 1024), "paper": (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)}
IMAGES_TO = 4096  # distances of images of 784 pixels cost as much as the regression
SETS = 10


def grid(budget: str, dataset: str, seed: int = 0) -> list[dict[str, Any]]:
    """The points of `learning_curve`, on "sphere" or a data set of images: ten training sets, one a point.

    "class": P to 1,024, with the Laplace kernel and, on images, that of the infinitely wide network too. "paper": P to
    8,192 on spheres, half an hour of a core; to 4,096 on images, of MNIST ten minutes. No more points of a data set
    than leave as many to test on.
    """
    check(budget, dataset, seed, datasets=("sphere", *NAMES))
    sizes, first = SIZES[budget], FIRST + SETS * seed
    sets = range(first, first + SETS)
    if dataset == "sphere":
        return [{"dataset": dataset, "d": d, "sizes": sizes, "seeds": (s,)} for d in SPHERES for s in sets]
    most = min(IMAGES_TO, len(images(dataset).labels) // 2)
    sizes = tuple(P for P in sizes if P <= most)
    return [
        {"dataset": dataset, "kernel": kernel, "sizes": sizes, "seeds": (s,)}
        for kernel in ("laplace", "ntk")
        for s in sets
    ]
