"""The one explicit call that notebooks, sweeps, tests and benchmarks begin with."""


def one_thread() -> None:
    """Ask PyTorch for a single thread in this process.

    Networks as small as ours lose by sharing one operation among threads (fifty-fold in the worst case we met); use the
    other cores for other processes.
    """
    import torch  # here, so that the command line answers without waiting for it

    torch.set_num_threads(1)
