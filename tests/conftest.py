"""One torch thread, no progress bars, reproducible hypothesis draws, a way past the shape checker, and interrupts."""

import os
import signal

os.environ["TQDM_DISABLE"] = "1"  # read by tqdm when it is imported

import jaxtyping
import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)

# The first call of torch.func takes longer than hypothesis's 200 ms; derandomize: a run that passed passes again.
settings.register_profile("landscape", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("landscape")


@pytest.fixture
def as_user():
    """Call the library as users do: without the shape checker, which would stand before our own doors."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def interruptible():
    """What a test starts can be interrupted: a shell lets what it runs in the background ignore that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
