"""The one explicit call that notebooks, sweeps, tests and benchmarks begin with."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # as in malloc.h


def one_thread() -> None:
    """Ask PyTorch for a single thread in this process, and the C library to keep the memory that is freed in it.

    Networks as small as ours lose by sharing one operation among threads (fifty-fold in the worst case we met); use the
    other cores for other processes. And where glibc hands freed memory back to the system, as it does with more than
    a few hundred kB, each step of training takes it anew, page by page: about a tenth of a stack's time.
    """
    import torch  # here, so that the command line answers without waiting for it

    torch.set_num_threads(1)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError):  # another C library, or Windows: they decide for themselves
        return
    mallopt(M_MMAP_THRESHOLD, 32 << 20)  # the most that it accepts
    mallopt(M_TRIM_THRESHOLD, 256 << 20)
