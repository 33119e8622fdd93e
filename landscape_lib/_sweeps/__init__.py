"""The parts of `landscape_lib.sweeps`.

``point`` is what a worker does; ``processes`` are the workers at home. ``store`` keeps the points, ``clients`` tells
whose they are, ``drive`` is the loop, and ``progress`` how far it is.
"""
