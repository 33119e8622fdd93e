"""What is known of the spherical p-spin model for N → ∞: the threshold, the number of minima, the ground state."""

import math

from scipy.optimize import brentq


def threshold_energy(p: int = 3) -> float:
    """−2 √((p−1)/p) per spin: the Hessian of a typical stationary point, a semicircle of radius 2 √(p(p−1)) shifted by
    −p e, touches zero here. Below, typical stationary points are minima; above, saddles.

    >>> round(threshold_energy(3), 4)
    -1.633
    """
    return -2 * math.sqrt((_whole(p, "threshold_energy") - 1) / p)


def complexity(energy: float, p: int = 3) -> float:
    """Θ(e) = lim (1/N) log ⟨minima below N e⟩ = ½ log(p−1) − (p−2) e²/(4(p−1)) − I(e), for e up to the threshold −E.

    I(e) = −(e/E²) √(e² − E²) − log(−e + √(e² − E²)) + log E. Auffinger, Ben Arous & Černý (2013), theorem 2.5.

    >>> complexity(-1.64) > 0 > complexity(-1.66)
    True
    """
    E = -threshold_energy(p)
    if not energy <= -E:  # NaN fails too
        raise ValueError(f"complexity: energy is {energy!r}, need one of at most {-E:.6f}; above, minima are rare")
    root = math.sqrt(energy**2 - E**2)
    rate = -energy * root / E**2 - math.log((root - energy) / E)
    return math.log(p - 1) / 2 - (p - 2) * energy**2 / (4 * (p - 1)) - rate


def ground_state_energy(p: int = 3) -> float:
    """The energy per spin of the lowest state for N → ∞, where the `complexity` of minima is zero.

    >>> round(ground_state_energy(3), 5)
    -1.657
    """
    return brentq(complexity, -2 * math.sqrt(p), threshold_energy(p), args=(p,))


def _whole(p: int, caller: str) -> int:
    if isinstance(p, bool) or not isinstance(p, int) or p < 3:
        raise ValueError(f"{caller}: p is {p!r}, need a whole number of at least 3")
    return p
