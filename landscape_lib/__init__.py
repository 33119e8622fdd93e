"""Loss landscapes of neural networks, measured.

Data flows one way: ``data`` → ``nets`` → ``training`` → ``measure`` → ``experiments``, over ``statistics``. ``sweeps``
runs experiments on any executor, ``figures`` draws what came out, ``report`` tells it. Importing changes nothing.
"""

from importlib.metadata import PackageNotFoundError, version

from landscape_lib._threads import one_thread

try:
    __version__ = version("landscape-lib")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+unknown"

__all__ = ["__version__", "one_thread"]
