"""The curvature of a loss at a point: products with its Hessian, spectrum, eigenpairs, density, and what they tell."""

from landscape_lib.measure.curvature._dense import exact_hessian
from landscape_lib.measure.curvature._density import SpectralDensity, spectral_density, trace
from landscape_lib.measure.curvature._eigenpairs import Eigenpairs, NotConvergedError, eigenpairs
from landscape_lib.measure.curvature._hinge import HessianParts, hessian_parts, loss_along
from landscape_lib.measure.curvature._products import Product, gradient, hessian_product

__all__ = [
    "Eigenpairs",
    "HessianParts",
    "NotConvergedError",
    "Product",
    "SpectralDensity",
    "eigenpairs",
    "exact_hessian",
    "gradient",
    "hessian_parts",
    "hessian_product",
    "loss_along",
    "spectral_density",
    "trace",
]
