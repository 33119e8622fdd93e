"""Packings: where the grains are, how large, which of them touch, what energy that costs and how hard they push."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

SIZE_RATIO = 1.4  # large over small: a mixture that does not crystallise (O'Hern et al. 2003)
LARGEST_ASPECT = 3.0  # up to here Halley's steps end at rounding


@dataclass(frozen=True)
class Packings:
    """Some packings, each of as many grains, in a periodic square of side 1.

    A grain of radius R and aspect ratio α is an ellipse of semi-axes R √α and R/√α, as large as a disc of radius R. Its
    angle is that of its long axis.
    """

    positions: Float[Tensor, "packings particles 2"]
    angles: Float[Tensor, "packings particles"]
    radii: Float[Tensor, "packings particles"]
    aspect: float = 1.0

    def __post_init__(self) -> None:
        shape = tuple(self.radii.shape)
        if self.radii.ndim != 2 or tuple(self.positions.shape) != (*shape, 2) or tuple(self.angles.shape) != shape:
            raise ValueError(
                f"Packings: positions {tuple(self.positions.shape)}, angles {tuple(self.angles.shape)}, radii {shape}; "
                "need (packings, particles, 2), (packings, particles) and the same"
            )
        if shape[0] < 1 or shape[1] < 2:
            raise ValueError(f"Packings: {shape[0]} packings of {shape[1]} grains; need at least one, of at least two")
        if not 1 <= self.aspect <= LARGEST_ASPECT:
            raise ValueError(f"Packings: aspect is {self.aspect!r}, need a number from 1 (discs) to {LARGEST_ASPECT:g}")
        for name in ("positions", "angles", "radii"):
            finite = getattr(self, name).isfinite().flatten(1).all(1)
            if not finite.all():
                raise ValueError(f"Packings: {name} has NaN or infinity in packings {_named(~finite)}")
        if not (self.radii > 0).all():
            raise ValueError(f"Packings: radii in packings {_named((self.radii <= 0).any(1))} are not positive")
        # Contacts reach over less than half of the square, so that a grain meets another's nearest image only.
        if (wide := self.radii.amax(1) * math.sqrt(self.aspect) > 0.25).any():
            raise ValueError(
                f"Packings: in packings {_named(wide)} the largest grain is longer than half of the square and could "
                "meet its own image; take more grains, a lower density or a smaller aspect"
            )

    def __len__(self) -> int:
        return len(self.radii)

    def __getitem__(self, chosen: Int64[Tensor, "chosen"] | slice) -> "Packings":
        return replace(self, positions=self.positions[chosen], angles=self.angles[chosen], radii=self.radii[chosen])

    @property
    def density(self) -> Float[Tensor, "packings"]:
        """φ = Σ π R², the area of the grains over that of the square (overlaps count twice)."""
        return math.pi * self.radii.square().sum(1)

    def at_density(self, density: float | Float[Tensor, "packings"]) -> "Packings":
        """The same grains, all radii times one factor so that the density is this: one for all, or one a packing."""
        wanted = torch.as_tensor(density, dtype=self.radii.dtype, device=self.radii.device).expand(len(self))
        if not ((wanted > 0) & (wanted <= 1)).all():  # NaN fails too
            raise ValueError(f"density: got {wanted.tolist()[:5]}, need numbers above 0 and at most 1")
        return replace(self, radii=self.radii * (wanted / self.density).sqrt()[:, None])


def random_packings(
    n: int, density: float, *, seeds: Sequence[int], aspect: float = 1.0, dtype: torch.dtype = torch.float64
) -> Packings:
    """Random starts, one a seed: n grains anywhere, turned anyhow, half of them 1.4 times as large as the others.

    A seed gives the same positions at every density and aspect, and whatever the other seeds are.

    >>> start = random_packings(32, 0.84, seeds=[0, 1])
    >>> start.positions.shape, start.density.round(decimals=9).tolist()
    (torch.Size([2, 32, 2]), [0.84, 0.84])
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 2 or n % 2:
        raise ValueError(f"random_packings: n is {n!r}, need an even number of at least 2, half of them large")
    if len(seeds) == 0:
        raise ValueError("random_packings: got no seeds, need at least one")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    drawn = torch.stack([torch.rand(n, 3, generator=generator, dtype=torch.float64) for generator in generators])
    radii = torch.ones(len(seeds), n, dtype=dtype)
    radii[:, n // 2 :] = SIZE_RATIO
    radii *= 0.01 / n  # so small that no door closes before they have their size
    start = Packings(drawn[..., :2].to(dtype), (math.pi * drawn[..., 2]).to(dtype), radii, aspect)
    return start.at_density(density)


def _named(which: Bool[Tensor, "packings"]) -> str:
    return str(which.nonzero().flatten().tolist()[:10])
