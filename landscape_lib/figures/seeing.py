"""The figures of the seeing chapter."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from landscape_lib.figures import BLUE, ORANGE
from landscape_lib.statistics import Estimate


def errors(rows: pd.DataFrame, exponent: Estimate) -> Figure:
    """The error of the mean against n: a dot a seed, the mean over seeds, and the power law."""
    figure, axis = plt.subplots(figsize=(5.4, 3.6))
    axis.loglog(rows.n, rows.error, "o", ms=3, alpha=0.4, color=BLUE)
    mean = rows.groupby("n").error.mean()
    axis.plot(mean.index, mean, "s", color=BLUE, label="mean over seeds")
    n = mean.index.to_numpy(float)
    middle, height = np.exp(np.log(n).mean()), np.exp(np.log(mean).mean())
    axis.plot(n, height * (n / middle) ** exponent.value, color=ORANGE, label=f"power {exponent.value:.2f}")
    axis.set(xlabel="numbers n", ylabel="error of their mean")
    axis.legend()
    return figure
