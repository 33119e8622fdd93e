"""Build the book: execute its chapters, then make the site from them. From the folder `book/`:

    python -m builder book         both, what `make book` runs
    python -m builder execute      run the chapters that changed, into _build/executed/
    python -m builder pdf          the book as a PDF too, into _build/loss-landscapes.pdf
    python -m builder zip          site, notebooks and what they need in one file, into _build/loss-landscapes.zip
    python -m builder site         records, scoreboard and pages, into _build/claims.json and _build/html/
    python -m builder publishable  whether what was built may be published: every claim measured, by this very commit
    python -m builder refresh      run chapters with their defaults, write their text outputs back to notebooks/
    python -m builder class        the notebooks without their solutions, as a zip for a class, into _build/class/
    python -m builder chapter      a new chapter, --chapter 06_kernels, that runs and passes the tests
    python -m builder heroes       the pictures at the heads of chapters, from their tables, into book/static/

Nothing is left half-made: what is found in _build/executed/ ran to its end, and _build/html/ is a whole site.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import signal
import sys

from .messages import BuildError
from .paths import BUILD
from .steps import STEPS, take

FULL = os.strerror(errno.ENOSPC)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    signal.signal(signal.SIGTERM, interrupted)  # or what a build has started outlives it
    parser = argparse.ArgumentParser(
        prog="python -m builder", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--chapter", help="one notebook, such as 03_jamming (all by default)")
    parser.add_argument("--module", help="what a new chapter's modules are called (its name without the number)")
    parser.add_argument("--timeout", type=int, default=900, help="seconds a cell may take (900)")
    for name in ("budget", "dataset", "seed"):
        parser.add_argument(f"--{name}", help=f"the notebooks' {name.upper()} (their own default)")
    options = parser.parse_args()
    wanted = {name.upper(): value for name in ("budget", "dataset", "seed") if (value := getattr(options, name))}
    try:
        take(options.step, options.chapter, wanted, options.timeout, options.module)
    except (BuildError, ValueError, OSError) as error:
        if FULL in str(error):  # whoever met it, and however long its traceback
            free = shutil.disk_usage(BUILD).free // 2**20
            error = BuildError(
                f"the disk is full ({free} MB free at {BUILD}); make room, and `make book` goes on from here"
            )
        print(f"[book] stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("[book] interrupted; nothing half-made was kept, `make book` goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
