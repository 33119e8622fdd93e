"""From images to a learning problem: P inputs on a sphere, labels ±1, and test points apart from them."""

import hashlib
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, Integer
from torch import Generator, Tensor

from landscape_lib.data import _doors
from landscape_lib.data._doors import count, floating, fraction_of_one, generator_of, integer_classes, matrix, signs
from landscape_lib.data._sources import Images
from landscape_lib.data._splits import test_part, training_rows


@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """P training points with labels ±1, or classes 0, 1, … as numbers; and test points that are none of them."""

    inputs: Float[Tensor, "points features"]
    labels: Float[Tensor, "points"]
    test_inputs: Float[Tensor, "test_points features"]
    test_labels: Float[Tensor, "test_points"]
    name: str  # in words, e.g. "digits, parity, PCA to 10, P=500"
    sha256: str  # of the source

    def __repr__(self) -> str:
        test = f"{len(self.test_labels)} test points"
        return f"Task({self.name}; {self.inputs.shape[1]} features, {test}, {self.sha256[:8]})"


@dataclass(frozen=True, eq=False)
class PCA:
    """Principal components of a training part: eigenvalues descending, each component a unit row."""

    mean: Float[Tensor, "features"]
    components: Float[Tensor, "d features"]
    eigenvalues: Float[Tensor, "d"]  # of the covariance Xᵀ X / (P − 1), X centred

    def transform(self, inputs: Float[Tensor, "points features"], whiten: bool = False) -> Float[Tensor, "points d"]:
        """Coordinates (x − mean) · componentsᵀ in float64; whitened, each is divided by √eigenvalue.

        >>> plane = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0], [2.0, 1.0], [2.0, -1.0]])
        >>> pca(plane, 1).transform(plane[[0, 2]]).flatten().round(decimals=9)
        tensor([-2.,  2.], dtype=torch.float64)
        """
        inputs = matrix(inputs, "inputs").double()
        if inputs.shape[1] != len(self.mean):
            raise ValueError(f"inputs: got {inputs.shape[1]} features, this PCA was fitted on {len(self.mean)}")
        if whiten and (flat := self.eigenvalues == 0).any():
            rank = int((~flat).sum())
            raise ValueError(
                f"whiten: eigenvalues {flat.nonzero().flatten().tolist()[:10]} are zero, the training inputs span only "
                f"{rank} of the {len(flat)} directions; take " + (f"d ≤ {rank}" if rank else "more varied inputs")
            )
        coordinates = (inputs - self.mean) @ self.components.T
        return coordinates / self.eigenvalues.sqrt() if whiten else coordinates


def parity(labels: Integer[Tensor, "points"]) -> Float[Tensor, "points"]:
    """Classes as signs by their parity: even +1, odd −1, in float64 (1809.09349's task on MNIST).

    >>> parity(torch.tensor([0, 1, 7, 8]))
    tensor([ 1., -1., -1.,  1.], dtype=torch.float64)
    """
    return 1 - 2 * (integer_classes(labels) % 2).double()


def halves(labels: Integer[Tensor, "points"], classes: int = 10) -> Float[Tensor, "points"]:
    """Classes as signs by their half: the first ``classes``/2 are +1, the others −1, in float64.

    >>> halves(torch.tensor([0, 4, 5, 9]))
    tensor([ 1.,  1., -1., -1.], dtype=torch.float64)
    """
    if count(classes, "classes", 2) % 2:
        raise ValueError(f"classes: got {classes}, need an even number to halve")
    return 1 - 2 * (integer_classes(labels, classes) >= classes // 2).double()


def one_hot(labels: Integer[Tensor, "points"], classes: int) -> Float[Tensor, "points outputs"]:
    """Classes as rows with a single 1, in float64.

    >>> one_hot(torch.tensor([2, 0]), 3)
    tensor([[0., 0., 1.],
            [1., 0., 0.]], dtype=torch.float64)
    """
    classes = count(classes, "classes", 1)
    return torch.nn.functional.one_hot(integer_classes(labels, classes).long(), classes).double()


def balanced(labels: Float[Tensor, "points"], P: int, generator: Generator) -> Int64[Tensor, "chosen"]:
    """Choose P points at random, P/2 of each sign, in random order; if P is odd, one more of sign +1.

    >>> chosen = balanced(torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0]), 4, torch.Generator().manual_seed(0))
    >>> len(chosen.unique()), int(chosen.ge(3).sum())
    (4, 2)
    """
    P = count(P, "P", 2)
    signs(labels)
    plus, minus = (labels > 0).nonzero().flatten(), (labels < 0).nonzero().flatten()
    if len(plus) < (P + 1) // 2 or len(minus) < P // 2:
        most = 2 * min(len(plus), len(minus)) + (len(plus) > len(minus))
        raise ValueError(
            f"P: got {P}, needs {(P + 1) // 2} points of +1 and {P // 2} of −1, there are {len(plus)} and "
            f"{len(minus)}; " + (f"take P ≤ {most}" if most > 1 else "one sign is missing")
        )
    chosen = [_draw(plus, (P + 1) // 2, generator), _draw(minus, P // 2, generator)]
    return _draw(torch.cat(chosen), P, generator)


def flip_labels(labels: Float[Tensor, "points"], fraction: float, generator: Generator) -> Float[Tensor, "points"]:
    """Label noise: reverse the sign of exactly round(fraction · P) points chosen at random (a half rounds to even).

    >>> flip_labels(torch.ones(4), 0.5, torch.Generator().manual_seed(0)).sum()
    tensor(0.)
    """
    signs(labels)
    flips = round(fraction_of_one(fraction, "fraction") * len(labels))
    flipped = labels.clone()
    flipped[_draw(torch.arange(len(labels), device=labels.device), flips, generator)] *= -1
    return flipped


def pca(inputs: Float[Tensor, "points features"], d: int) -> PCA:
    """Fit the first d principal components, in float64, by SVD of the centred inputs: X = U S Vᵀ, λ = S²/(P − 1).

    The entry of largest magnitude of each component is positive, which fixes its sign. Fit on the training part only.

    >>> pca(torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]), 1).eigenvalues.round(decimals=9)
    tensor([4.], dtype=torch.float64)
    """
    inputs = matrix(inputs, "inputs").double()
    P, features = inputs.shape
    if count(d, "d", 1) > (most := max(min(P - 1, features), 0)):
        raise ValueError(f"d: got {d}, P={P} inputs of {features} features have at most min(P−1, features) = {most}")
    mean = inputs.mean(0)
    # R of X = QR has the same S and V as X, and is small where there are many points.
    S, Vt = torch.linalg.svd(torch.linalg.qr(inputs - mean, mode="r").R, full_matrices=False)[1:]
    # What rounding left of a direction the inputs do not span: zero, as in the usual definition of numerical rank.
    rounding = torch.finfo(S.dtype).eps * max(P, features) * S[0]
    S = torch.where(rounding < S, S, 0.0)
    components = Vt[:d]
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    return PCA(mean, components * largest.sign(), S[:d] ** 2 / (P - 1))


def on_sphere(inputs: Float[Tensor, "points features"]) -> Float[Tensor, "points features"]:
    """Scale each input to norm √d, d the number of features: x √d / ‖x‖  (1809.09349).

    >>> on_sphere(torch.tensor([[3.0, 4.0], [0.0, 1e-30]])).pow(2).sum(-1)
    tensor([2.0000, 2.0000])
    """
    matrix(inputs, "inputs")
    largest = inputs.abs().amax(-1, keepdim=True) if inputs.numel() else inputs.new_ones(len(inputs), 1)
    if (zero := (largest == 0).flatten()).any():
        raise ValueError(
            f"inputs: points {zero.nonzero().flatten().tolist()[:10]} are zero, and no scale puts them on a sphere"
        )
    inputs = inputs / largest  # so that no square over- or underflows
    return inputs * (math.sqrt(inputs.shape[1]) / inputs.norm(dim=-1, keepdim=True))


def random_task(P: int, d: int, seed: int, test_points: int = 0, dtype: torch.dtype = torch.float64) -> Task:
    """Random data: each feature of each input a standard Gaussian, balanced labels ±1 that depend on nothing.

    The test points are drawn alike: on them every rule is right half of the time.

    >>> random_task(P=6, d=3, seed=0)  # doctest: +ELLIPSIS
    Task(random, d=3, P=6; 3 features, 0 test points, ...)
    """
    P, d, test_points = count(P, "P", 2), count(d, "d", 1), count(test_points, "test_points", 0)
    floating(dtype)
    generator = generator_of(seed)
    inputs = torch.randn(P, d, generator=generator, dtype=torch.float64)
    labels = _coins(P, generator)
    test_inputs = torch.randn(test_points, d, generator=generator, dtype=torch.float64)
    test_labels = _coins(test_points, generator)
    parts = (inputs, labels, test_inputs, test_labels)
    digest = hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()
    inputs, labels, test_inputs, test_labels = (part.to(dtype) for part in parts)
    return Task(inputs, labels, test_inputs, test_labels, f"random, d={d}, P={P}", digest)


def image_task(
    images: Images,
    P: int,
    labels: str = "parity",
    d: int | None = 10,
    whiten: bool = True,
    noise: float = 0.0,
    seed: int = 0,
    test_points: int | None = None,
    dtype: torch.dtype = torch.float64,
    split: str = "random",
) -> Task:
    """Make a learning problem of P images, as the jamming papers do (1809.09349, 1810.09665).

    In this order: choose P training points with balanced labels; centre by their mean; project on their first d
    principal components; divide each by √eigenvalue (``whiten``); scale to norm √d. Mean, components and eigenvalues
    are the training part's alone. With ``d=None`` the pixels are centred and scaled to norm √features, and ``whiten``
    says nothing.

    labels: "parity", "halves" (of ten classes), or "random": balanced signs that ignore the image, a control; or
    "classes": the images' own, 0, 1, …, as numbers of ``dtype``, drawn as they come.
    noise: the share of training labels that is flipped; test labels stay true.
    test_points: how many; None takes all there are. They come from the official test part or, where there is none, from
    the points not trained on; an image equal to a training image is left out.
    The same seed chooses the same training points whatever the noise and the test points are.
    split: "random", or "blocks" where there is no official test part. Rows next to each other may be alike: those of
    digits, which one person wrote, are. At random they train *and* test. By blocks, three fourteenths of the rows test,
    in blocks of a fourteenth that the seed chooses, whatever else is asked for, and the P points are of the others.

    >>> from landscape_lib.data import load
    >>> image_task(load("digits"), P=500)
    Task(digits, parity, PCA to 10, P=500; 10 features, 1297 test points, 87ff0c9e)
    >>> image_task(load("digits"), P=500, split="blocks")
    Task(digits, parity, PCA to 10, P=500, split by blocks; 10 features, 386 test points, 87ff0c9e)
    """
    if not isinstance(images, Images):
        raise ValueError(f"images: got {images!r:.60}, need Images; for a name pass load(name)")
    P, noise = count(P, "P", 2), fraction_of_one(noise, "noise")
    floating(dtype)
    if not isinstance(whiten, bool):
        raise ValueError(f"whiten: got {whiten!r}, need True or False")
    if labels not in ("parity", "halves", "random", "classes"):
        raise ValueError(f"labels: got {labels!r}, need 'parity', 'halves', 'random' or 'classes'")
    if labels == "classes" and noise:
        raise ValueError(f"noise: got {noise:g} with labels 'classes'; only signs are flipped, take noise=0")
    generator = generator_of(seed)
    rows = training_rows(images, split, generator)
    if (available := len(rows)) < P:
        raise ValueError(f"P: got {P}, {images.name} has {available} training images; take P ≤ {available}")

    if labels in ("random", "classes"):
        chosen = _draw(rows, P, generator)
    else:
        chosen = rows[balanced(_said(labels, images.labels[rows]), P, generator)]
    train_labels = _coins(P, generator) if labels == "random" else _said(labels, images.labels[chosen])
    if labels != "classes":
        train_labels = flip_labels(train_labels, noise, generator)

    train = images.inputs[chosen]
    test, classes = test_part(images, chosen, apart_from=chosen if split == "random" else rows)
    if test_points is not None:
        if count(test_points, "test_points", 0) > len(test):
            raise ValueError(f"test_points: got {test_points}, {len(test)} are left apart from the {P} trained on")
        drawn = _draw(torch.arange(len(test)), test_points, generator)
        test, classes = test[drawn], classes[drawn]
    test_labels = _coins(len(test), generator) if labels == "random" else _said(labels, classes)

    if d is None:
        mean = train.double().mean(0)
        train, test = train.double() - mean, test.double() - mean
    else:
        components = pca(train, d)
        train, test = components.transform(train, whiten), components.transform(test, whiten)
    train, test = on_sphere(train), on_sphere(test)

    words = [images.name, f"{labels} labels" if labels == "random" else labels]
    words += ["pixels" if d is None else f"PCA to {d}" + ("" if whiten else " not whitened"), f"P={P}"]
    words += ([f"noise {noise:g}"] if noise else []) + (["split by blocks"] if split == "blocks" else [])
    train, train_labels, test, test_labels = (part.to(dtype) for part in (train, train_labels, test, test_labels))
    return Task(train, train_labels, test, test_labels, ", ".join(words), images.sha256)


def _said(labels: str, classes: Int64[Tensor, "points"]) -> Float[Tensor, "points"]:
    """What the images are labelled with: a sign of their class, or its number."""
    return {"parity": parity, "halves": halves, "classes": Tensor.double}[labels](classes)


def _draw(indices: Int64[Tensor, "points"], number: int, generator: Generator) -> Int64[Tensor, "chosen"]:
    _doors.generator(generator)
    order = torch.randperm(len(indices), generator=generator, device=generator.device)
    return indices[order[:number].to(indices.device)]


def _coins(points: int, generator: Generator) -> Float[Tensor, "points"]:
    """Balanced signs in random order; of an odd number, one more is +1."""
    coins = torch.ones(points, dtype=torch.float64)
    coins[: points // 2] = -1
    return coins[torch.randperm(points, generator=generator)]
