"""The tangent kernel: of a network as it is, of one that is infinitely wide, and what a kernel learns."""

from landscape_lib.measure.kernel._infinite import InfiniteKernels, infinite_kernels
from landscape_lib.measure.kernel._regression import (
    KernelRegression,
    kernel_features,
    kernel_flow,
    kernel_ridge,
    laplace_kernel,
)
from landscape_lib.measure.kernel._tangent import kernel_change, tangent_kernel, tangent_kernels

__all__ = [
    "InfiniteKernels",
    "KernelRegression",
    "infinite_kernels",
    "kernel_change",
    "kernel_features",
    "kernel_flow",
    "kernel_ridge",
    "laplace_kernel",
    "tangent_kernel",
    "tangent_kernels",
]
