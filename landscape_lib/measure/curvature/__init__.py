"""The curvature of a loss at a point: products with its Hessian, spectrum, eigenpairs, density, and what they tell."""

from landscape_lib.measure.curvature._aging import displacement, valley_displacement
from landscape_lib.measure.curvature._dense import exact_hessian
from landscape_lib.measure.curvature._density import SpectralDensity, spectral_density, trace
from landscape_lib.measure.curvature._gradients import batch_sharpness, gradient_curvature, gradient_overlap
from landscape_lib.measure.curvature._hinge import HessianParts, hessian_parts, loss_along
from landscape_lib.measure.curvature._lanczos import Eigenpairs, NotConvergedError, eigenpairs
from landscape_lib.measure.curvature._products import Product, gradient, hessian_product, scaled_product
from landscape_lib.measure.curvature._projection import top_projection
from landscape_lib.measure.curvature._spectra import Outliers, negative_share, outliers, peak_at_zero

__all__ = [
    "Eigenpairs",
    "HessianParts",
    "NotConvergedError",
    "Outliers",
    "Product",
    "SpectralDensity",
    "batch_sharpness",
    "displacement",
    "eigenpairs",
    "exact_hessian",
    "gradient",
    "gradient_curvature",
    "gradient_overlap",
    "hessian_parts",
    "hessian_product",
    "loss_along",
    "negative_share",
    "outliers",
    "peak_at_zero",
    "scaled_product",
    "spectral_density",
    "top_projection",
    "trace",
    "valley_displacement",
]
