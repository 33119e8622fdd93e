"""Where each chapter measures: one grid an experiment, apart from the code that runs a point.

A stored point depends on its arguments and not on the grid that asked for it: a new width costs the new points only.
"""
