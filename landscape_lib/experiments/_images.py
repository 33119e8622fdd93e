"""The images that experiments take their tasks from."""

from functools import cache

from landscape_lib.data import load

images = cache(load)  # read once a process
