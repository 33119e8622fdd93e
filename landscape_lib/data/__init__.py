"""Where inputs come from: images, and the learning problems made of them."""

from landscape_lib.data._formats import DataError
from landscape_lib.data._sources import NAMES, Images, Status, fetch, load, status
from landscape_lib.data._stripes import stripe, stripe_task
from landscape_lib.data._tasks import (
    PCA,
    Task,
    balanced,
    flip_labels,
    halves,
    image_task,
    on_sphere,
    one_hot,
    parity,
    pca,
    random_task,
)

__all__ = [
    "NAMES",
    "PCA",
    "DataError",
    "Images",
    "Status",
    "Task",
    "balanced",
    "fetch",
    "flip_labels",
    "halves",
    "image_task",
    "load",
    "on_sphere",
    "one_hot",
    "parity",
    "pca",
    "random_task",
    "status",
    "stripe",
    "stripe_task",
]
