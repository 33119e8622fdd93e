"""Where descent by `training.sam` stops being stable."""

import math

from landscape_lib._doors import positive


def sam_edge(lr: float, rho: float, gradient: float) -> float:
    """λ at the edge of sharpness-aware descent, (G/2ρ)(√(1 + 8ρ/(ηG)) − 1), with η = ``lr`` and G = ‖∇𝓛‖.

    It solves λ + ρλ²/G = 2/η: near a minimum along an eigenvector of the Hessian, the step −η ∇𝓛(w + ρ g/‖g‖) is
    −η (λ + ρλ²/G) w, and overshoots as far as it came at twice the inverse step. Below 2/η, that of plain descent, to
    which it goes as ρ/G does to 0. Long and Bartlett (2024), 2309.12488, (1).

    >>> edge = sam_edge(0.4, 0.1, gradient=0.2)
    >>> round(edge, 6), round(edge + 0.1 * edge**2 / 0.2, 6)
    (2.316625, 5.0)
    """
    positive("sam_edge", lr=lr, rho=rho, gradient=gradient)
    x = 8 * rho / (lr * gradient)
    return gradient / (2 * rho) * x / (math.sqrt(1 + x) + 1)  # √(1 + x) − 1 without its cancellation
