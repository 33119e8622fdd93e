"""Let states of a p-spin model go down to rest: gradient descent on the sphere, many replicas of a sample at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from landscape_lib.measure.pspin._model import PSpin, on_sphere, tangents

NEAR, LOOK = 0.02, 50  # below which gradient, and how often, a replica is tried by Newton's method
CLOSE = 1 / 20  # Newton's step over the lowest curvature, see `descend`


@dataclass(frozen=True)
class Descent:
    """Replicas at rest, or as far as they got.

    ``energy`` is per spin; ``residual`` |gradient|/√N; ``lowest`` the lowest eigenvalue of the Hessian on the sphere,
    zero at a marginal minimum; ``steps`` those of gradient descent; ``relaxation`` the energies at the times asked for.
    """

    states: Float[Tensor, "replicas spins"]
    energy: Float[Tensor, "replicas"]
    residual: Float[Tensor, "replicas"]
    lowest: Float[Tensor, "replicas"]
    steps: Int64[Tensor, "replicas"]
    arrived: Bool[Tensor, "replicas"]
    relaxation: Float[Tensor, "times replicas"]


def descend(
    model: PSpin,
    states: Float[Tensor, "replicas spins"],
    *,
    step: float = 0.1,
    tolerance: float = 1e-8,
    steps: int = 100_000,
    times: Sequence[float] = (),
) -> Descent:
    """Gradient descent on the sphere to rest: s ← √N (s − h g)/|s − h g|, with g the gradient there.

    These are steps along the flow ds/dt = −g of h = ``step``, about the inverse of the largest curvature; a replica
    whose energy would rise takes steps of half the length from there on. At 0.1 the energy is that of the flow to 3% at
    t = 0.6, and to 1% from t = 3 on. Where a replica passes near a saddle, another step, or rounding, may send it to
    another minimum: what is reproduced is their distribution.

    It rests when |g|/√N is at most ``tolerance``. The last, slow part of the way is left to Newton's method, once a
    replica is in a bowl: the lowest curvature λ is positive, and Newton's step at most λ/20, in units of √N. As third
    derivatives of H/N on the sphere of radius 1 are 6 |e₀| = 9.9 at most, this is Kantorovich's condition, under which
    the method ends in the minimum of this very bowl.

    ``relaxation`` tells the energies at ``times``: those of the first step that ends there or later.

    >>> from landscape_lib.measure.pspin import p_spin, random_states
    >>> end = descend(p_spin(20, seed=0), random_states(20, 4, seed=0))
    >>> end.arrived.all().item(), end.lowest.min().item() > 0
    (True, True)
    """
    _refuse(model, states, step, tolerance, steps, times)
    s = on_sphere(states)
    e, g = model.slope(s)
    clock = torch.as_tensor(times).to(e)
    h, t, members = torch.full_like(e, step), torch.zeros_like(e), torch.arange(len(s), device=s.device)
    ends, took, arrived = s.clone(), torch.zeros_like(members), torch.zeros_like(members, dtype=torch.bool)
    relaxation = e.new_full((len(clock), len(s)), math.nan)
    relaxation[clock == 0] = e
    for count in range(steps + 1):
        ends[members], took[members] = s, count
        here = g.norm(dim=1) / math.sqrt(model.N)
        stay = here > tolerance
        if count % LOOK == 0 and (near := stay & (here < NEAR)).any():
            who = near.nonzero().flatten()
            settled, ended = _newton(model, s[who], e[who], tolerance)
            ends[members[who[settled]]], stay[who[settled]] = ended[settled], False
        arrived[members[~stay]] = True
        if not stay.all():
            s, e, g, h, t, members = (x[stay] for x in (s, e, g, h, t, members))
        if len(s) == 0 or count == steps:
            break
        moved = on_sphere(s - h[:, None] * g)
        energy, slope = model.slope(moved)
        down = _no_higher(energy, e)
        passed = down & (clock[:, None] > t) & (clock[:, None] <= t + h * (1 + 1e-9))
        t = torch.where(down, t + h, t)
        h = torch.where(down, h, h / 2)
        s, g = (torch.where(down[:, None], new, old) for new, old in ((moved, s), (slope, g)))
        e = torch.where(down, energy, e)
        relaxation[:, members] = torch.where(passed, e, relaxation[:, members])
    energy, slope = model.slope(ends)
    lowest = torch.stack([torch.linalg.eigvalsh(model.hessian(end[None])[0])[0] for end in ends])
    relaxation = torch.where(relaxation.isnan(), energy, relaxation)
    return Descent(ends, energy, slope.norm(dim=1) / math.sqrt(model.N), lowest, took, arrived, relaxation)


def _newton(
    model: PSpin, states: Float[Tensor, "replicas spins"], energy: Float[Tensor, "replicas"], tolerance: float
) -> tuple[Bool[Tensor, "replicas"], Float[Tensor, "replicas spins"]]:
    """Which of them were in a bowl whose minimum was found, and where it is."""
    settled, ends = torch.zeros_like(energy, dtype=torch.bool), states.clone()
    for i in range(len(states)):
        s = states[i : i + 1]
        for attempt in range(10):
            e, g = model.slope(s)
            if g.norm() <= tolerance * math.sqrt(model.N):
                settled[i], ends[i] = _no_higher(e, energy[i : i + 1]), s[0]
                break
            curvatures, axes = torch.linalg.eigh(model.hessian(s)[0])
            basis = tangents(s)[0] @ axes
            move = -basis @ ((basis.mT @ g[0]) / curvatures)
            if attempt == 0 and move.norm() > CLOSE * curvatures[0] * math.sqrt(model.N):
                break
            s = on_sphere(s + move)
    return settled, ends


def _no_higher(energy: Float[Tensor, "replicas"], before: Float[Tensor, "replicas"]) -> Bool[Tensor, "replicas"]:
    """Whether it has not risen by more than rounding of a sum."""
    return energy <= before + 16 * torch.finfo(energy.dtype).eps * before.abs()


def _refuse(model: PSpin, states: Tensor, step: float, tolerance: float, steps: int, times: Sequence[float]) -> None:
    if states.ndim != 2 or len(states) == 0 or states.shape[1] != model.N:
        raise ValueError(f"descend: states of shape {tuple(states.shape)}; need (replicas, {model.N}), one at least")
    if states.dtype != model.couplings.dtype or states.device != model.couplings.device:
        raise ValueError(
            f"descend: states are {states.dtype} on {states.device}, couplings {model.couplings.dtype} on "
            f"{model.couplings.device}; bring them together with .to(…)"
        )
    if not states.isfinite().all() or not states.any(1).all():
        raise ValueError("descend: a state is zero, or not finite; need points off the origin, such as random_states")
    finest = 10 * torch.finfo(states.dtype).eps
    if not (0 < step < math.inf and finest <= tolerance < math.inf):  # NaN fails too
        raise ValueError(
            f"descend: step is {step!r}, tolerance {tolerance!r}; need a positive step, and a tolerance that "
            f"{states.dtype} can meet, {finest:.1g} at least"
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise ValueError(f"descend: steps is {steps!r}, need a whole number of at least 0")
    if any(not time >= 0 for time in times):
        raise ValueError(f"descend: times are {times!r:.80}, need numbers from 0 on")
