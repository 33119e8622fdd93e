"""Build the book: execute its chapters, then make the site from them.

    python book/build.py book     both, what `make book` runs
    python book/build.py execute  run the chapters that changed, into _build/executed/
    python book/build.py pdf      the book as a PDF too, into _build/loss-landscapes.pdf
    python book/build.py zip      site, notebooks and what they need in one file, into _build/loss-landscapes.zip
    python book/build.py site     records, scoreboard and pages, into _build/claims.json and _build/html/
    python book/build.py publishable  whether what was built may be published: every claim measured, by this very commit
    python book/build.py refresh  run chapters with their defaults, write their text outputs back to notebooks/
    python book/build.py class    the notebooks without their solutions, as a zip for a class, into _build/class/

Nothing is left half-made: what is found in _build/executed/ ran to its end, and _build/html/ is a whole site.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from assets import finish, formulas
from chapters import (
    BOOK,
    BUILD,
    EXECUTED,
    ROOT,
    BuildError,
    chapters,
    execute,
    executed,
    jupyter_book,
    key,
    refresh,
    say,
    seconds,
    show,
    with_parameters,
    write,
)
from classroom import WHOLE, ZIP, pack, pack_whole
from decks import decks
from exercises import check
from launch import address, check_launches
from pdf import PDF, check_latex, pdf
from publish import check_publishable
from slides import check_slides
from staging import STAGE, records, stage

from landscape_lib.report import load_claims

FULL = os.strerror(errno.ENOSPC)
HTML = BUILD / "html"


def site(current: dict[Path, Path]) -> None:
    """Make the pages, from the chapters given and the last execution of every other."""
    start = time.perf_counter()
    for path in chapters(None):
        if path not in current and (cached := sorted((EXECUTED / path.stem).glob("*.ipynb"), key=os.path.getmtime)):
            current[path] = cached[-1]
            say(f"{path.stem}: as last run")
    rules = load_claims(BOOK / "claims.yml")
    notebooks = {path: executed(path, file) for path, file in sorted(current.items())}
    took = {path.stem: seconds(file) for path, file in current.items()}
    stated = json.dumps(records(notebooks, rules), indent=1, ensure_ascii=False) + "\n"
    katex = formulas()
    stage(notebooks, rules, stated, katex, took)
    digest = hashlib.sha256()
    makers = [*BOOK.glob("*.py"), *BOOK.glob("vendor/*"), ROOT / "requirements.lock"]
    for file in [*sorted(STAGE.rglob("*")), *sorted(makers)]:
        if file.is_file():
            digest.update(show(file).encode() + file.read_bytes())
    stamp = BUILD / "html.key"
    if HTML.is_dir() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        write(BUILD / "claims.json", stated)
        say(f"site: unchanged, {show(HTML)}/index.html")
        return
    for left in BUILD.glob("work.*"):  # of a build that was killed; what it had started may still write there
        shutil.rmtree(left, ignore_errors=True)
    work = BUILD / f"work.{os.getpid()}"
    made = work / "_build" / "html"
    jupyter_book(STAGE, work, "-W", "--keep-going")
    finish(made, katex)
    decks(notebooks, katex, made)
    old = BUILD / "html.old"
    shutil.rmtree(old, ignore_errors=True)
    if HTML.exists():
        HTML.rename(old)
    made.rename(HTML)
    write(BUILD / "claims.json", stated)
    write(stamp, digest.hexdigest())
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(work)
    say(f"site: built in {time.perf_counter() - start:.1f} s, {show(HTML)}/index.html")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One build at a time; a second one says so and waits."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / ".lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"another build is at work here (process {lock.read().strip() or '?'}); waiting until it is done …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    signal.signal(signal.SIGTERM, interrupted)  # or what a build has started outlives it
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["book", "execute", "site", "pdf", "zip", "publishable", "refresh", "class"])
    parser.add_argument("--chapter", help="one notebook, such as 03_jamming (all by default)")
    parser.add_argument("--timeout", type=int, default=900, help="seconds a cell may take (900)")
    for name in ("budget", "dataset", "seed"):
        parser.add_argument(f"--{name}", help=f"the notebooks' {name.upper()} (their own default)")
    options = parser.parse_args()
    wanted = {name.upper(): value for name in ("budget", "dataset", "seed") if (value := getattr(options, name))}
    try:
        if options.step == "pdf":
            check_latex()
        with alone():
            if options.step == "publishable":
                check_publishable(HTML)
                say("every claim has its verdict, measured at this commit: it may be published")
                return 0
            chosen = chapters(options.chapter)
            for path in chosen:
                check(path, notebook := nbformat.read(path, as_version=4))
                check_slides(path, notebook)
            if repository := address():
                check_launches(chapters(None), repository)
            if options.step in ("refresh", "class") and wanted:
                raise BuildError(f"{options.step} keeps the notebooks' defaults; leave out {', '.join(wanted)}")
            if options.step == "class":
                write(ZIP, pack(chosen))
                say(f"class: {', '.join(path.stem for path in chosen)} in {show(ZIP)}")
                return 0
            if options.step == "refresh":
                for path in chosen:
                    refresh(path, options.timeout)
                return 0
            current = {}
            for path in chosen:
                if options.step == "site":
                    current[path] = EXECUTED / path.stem / f"{key(with_parameters(path, wanted))}.ipynb"
                    if not current[path].exists():
                        raise BuildError(f"{show(path)} has not run just so; `make book` runs it")
                else:
                    current[path] = execute(path, wanted, options.timeout)
            if options.step != "execute":
                site(current)
            if options.step == "pdf":
                write(HTML / PDF.name, pdf(STAGE).read_bytes())  # where the home page of a published book leads
            if options.step == "zip":
                packed = pack_whole(sorted(current), HTML)
                for place in (WHOLE, HTML / WHOLE.name):
                    write(place, packed)
                say(f"zip: {show(WHOLE)}, {WHOLE.stat().st_size / 1e6:.0f} MB")
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
