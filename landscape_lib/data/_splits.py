"""Which images train and which test: the official parts, or a part of the rows apart from the others."""

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor

from landscape_lib.data._sources import Images

SPLITS = ("random", "blocks")
BLOCKS, TESTING = 14, 3  # digits are 14 series of rows, nearly of one length; three are a fifth of them


def training_rows(images: Images, split: str, generator: Generator) -> Int64[Tensor, "rows"]:
    """The rows that may be trained on: all, or ("blocks") those of eleven blocks out of fourteen, by chance.

    A block is a fourteenth of the rows, one after the other as the source has them. Only where a source has no official
    test part: that one is apart already.
    """
    if split not in SPLITS:
        raise ValueError(f"split: got {split!r}, need 'random' or 'blocks'")
    rows = torch.arange(len(images.labels))
    if split == "random":
        return rows
    if tests := len(images.test_labels):
        raise ValueError(
            f"split: got 'blocks', {images.name} has an official test part of {tests} images, apart already; take "
            "'random', which trains on its training part and tests on that"
        )
    if len(rows) < BLOCKS:
        raise ValueError(f"split: got 'blocks', {images.name} has {len(rows)} images, need at least {BLOCKS}")
    blocks = torch.tensor_split(rows, BLOCKS)
    training = torch.randperm(BLOCKS, generator=generator)[TESTING:].sort().values
    return torch.cat([blocks[i] for i in training.tolist()])


def test_part(
    images: Images, chosen: Int64[Tensor, "chosen"], apart_from: Int64[Tensor, "rows"]
) -> tuple[Float[Tensor, "others features"], Int64[Tensor, "others"]]:
    """What may test: the official part or else the rows apart from those given, less copies of a chosen image."""
    inputs, labels = images.test_inputs, images.test_labels
    if not len(labels):
        others = torch.ones(len(images.labels), dtype=torch.bool)
        others[apart_from] = False
        inputs, labels = images.inputs[others], images.labels[others]
    seen = {row.tobytes() for row in images.inputs[chosen].numpy()}
    fresh = torch.tensor([row.tobytes() not in seen for row in inputs.numpy()], dtype=torch.bool)
    return inputs[fresh], labels[fresh]
