"""The images that experiments take their tasks from, and a fair sample of the points that test."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from landscape_lib.data import Task, load

images = cache(load)  # read once a process


def with_tests_shuffled(task: Task, seed: int, most: int | None = None) -> Task:
    """The task with its test points in random order, at most so many, so that any part of them is a fair sample."""
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(task.test_labels)))[:most]
    return replace(task, test_inputs=task.test_inputs[order], test_labels=task.test_labels[order])
