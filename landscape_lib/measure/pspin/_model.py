"""Samples of the spherical model with p = 3: energy, gradient and Hessian of many states at once."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

MEMORY = 4e9  # bytes


@dataclass(frozen=True)
class PSpin:
    """A sample of the model with p = 3: H(s) = (1/N) Σ_i Σ_{j≥k} couplings[i, jk] s_i s_j s_k.

    The couplings are symmetric in i, j and k. Pairs stand in the order of ``torch.tril_indices``, and a coupling of two
    different spins in a pair counts twice, for jk and kj.
    """

    couplings: Float[Tensor, "spins pairs"]

    @property
    def N(self) -> int:
        """How many spins."""
        return len(self.couplings)

    @cached_property
    def pairs(self) -> Int64[Tensor, "2 pairs"]:
        """Which spins a pair is of."""
        return torch.tril_indices(self.N, self.N, device=self.couplings.device)

    def energy(self, states: Float[Tensor, "replicas spins"]) -> Float[Tensor, "replicas"]:
        """H(s)/N."""
        return self.slope(states)[0]

    def slope(
        self, states: Float[Tensor, "replicas spins"]
    ) -> tuple[Float[Tensor, "replicas"], Float[Tensor, "replicas spins"]]:
        """H(s)/N, and the gradient on the sphere, ∇H − (s·∇H/N) s, for whose homogeneous H s·∇H = 3H."""
        first, second = self.pairs
        spins = states.mT.contiguous()  # replicas last: pairs are then gathered in rows, about twice as fast
        field = (self.couplings @ (spins[first] * spins[second])).mT * (3 / self.N)
        energy = (field * states).sum(1) / (3 * self.N)
        return energy, field - 3 * energy[:, None] * states

    def hessian(self, states: Float[Tensor, "replicas spins"]) -> Float[Tensor, "replicas directions directions"]:
        """The Hessian on the sphere, ∇²H − 3 (H/N), in the N − 1 directions of `tangents`."""
        first, second = self.pairs
        rows = states @ self.couplings * (6 / self.N)
        rows = torch.where(first == second, rows, rows / 2)
        flat = rows.new_empty(len(states), self.N, self.N)
        flat[:, first, second], flat[:, second, first] = rows, rows
        basis = tangents(states)
        shift = 3 * self.energy(states)[:, None, None]
        return basis.mT @ flat @ basis - shift * torch.eye(self.N - 1).to(basis)


def p_spin(N: int, seed: int, *, dtype: torch.dtype = torch.float64, memory: float = MEMORY) -> PSpin:
    """A sample of the couplings of N spins, p = 3. It takes N³/2 numbers, and N³/6 more while it is drawn.

    >>> p_spin(5, seed=0).energy(random_states(5, 2, seed=0)).shape
    torch.Size([2])
    """
    if isinstance(N, bool) or not isinstance(N, int) or N < 2:
        raise ValueError(f"p_spin: N is {N!r}, need a whole number of at least 2")
    need = N * N * (N + 1) // 2 * torch.finfo(dtype).bits // 8 + N * (N + 1) * (N + 2) // 6 * 8
    if need > memory:
        raise ValueError(
            f"p_spin: the couplings of {N} spins need {need / 1e9:.3g} GB, memory allows {memory / 1e9:.3g} GB; take "
            "fewer spins, single precision, or more memory"
        )
    drawn = torch.from_numpy(np.random.default_rng([seed, 0]).standard_normal(N * (N + 1) * (N + 2) // 6))
    first, second = torch.tril_indices(N, N)
    couplings = torch.empty(N, len(first), dtype=dtype)
    for i in range(N):  # i, j ≥ k in ascending order: one draw for all orders of a triple
        c, a = first.clamp(min=i), second.clamp(max=i)
        b = i + first + second - a - c
        orders = torch.where(a == c, 1.0, torch.where((a == b) | (b == c), 3.0, 6.0))
        mean = drawn[c * (c + 1) * (c + 2) // 6 + b * (b + 1) // 2 + a] / orders.sqrt()  # of J over these orders
        couplings[i] = torch.where(first == second, mean, 2 * mean)
    return PSpin(couplings)


def random_states(
    N: int, replicas: int, seed: int, *, dtype: torch.dtype = torch.float64
) -> Float[Tensor, "replicas spins"]:
    """Uniform on the sphere |s|² = N; the first are the same however many there are.

    >>> random_states(4, 2, seed=0).square().sum(1)
    tensor([4.0000, 4.0000], dtype=torch.float64)
    """
    return on_sphere(torch.from_numpy(np.random.default_rng([seed, 1]).standard_normal((replicas, N)))).to(dtype)


def tangents(states: Float[Tensor, "replicas spins"]) -> Float[Tensor, "replicas spins directions"]:
    """An orthonormal basis of the N − 1 directions along the sphere: what a reflection of s onto an axis leaves."""
    axis = states / states.norm(dim=1, keepdim=True)
    axis[:, -1] += torch.where(axis[:, -1] < 0, -1.0, 1.0)
    axis = axis / axis.norm(dim=1, keepdim=True)
    return torch.eye(states.shape[1])[:, :-1].to(states) - 2 * axis[:, :, None] * axis[:, None, :-1]


def on_sphere(states: Float[Tensor, "replicas spins"]) -> Float[Tensor, "replicas spins"]:
    """States scaled to |s|² = N, at every step of a descent: so without the doors of `data.on_sphere`."""
    return states * (math.sqrt(states.shape[1]) / states.norm(dim=1, keepdim=True))
