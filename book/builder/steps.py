"""The steps that `make` asks for, one build at a time."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from .chapter import lay_out
from .classroom.zips import WHOLE, ZIP, pack, pack_whole
from .contents import renew_readme
from .execute.cache import key
from .execute.outputs import refresh
from .execute.parameter_cell import with_parameters
from .execute.records import read_source
from .execute.run import execute
from .messages import BuildError, say
from .paths import BUILD, BUILDER, EXECUTED, ROOT, chapters, show, write
from .pdf.latex import PDF, check_latex, pdf
from .publish import check_publishable
from .site import page
from .site.assets import finish, formulas
from .site.book import Book, latest, read_book
from .site.launch import address, check_launches
from .site.slideshow import check_slides
from .site.solutions import check_exercises
from .site.sphinx import jupyter_book
from .site.staging import STAGE, stage
from .slides.export import write_decks

STEPS = ("book", "execute", "site", "pdf", "zip", "publishable", "refresh", "class", "chapter", "heroes")
HTML, STAMP = BUILD / "html", BUILD / "html.key"


def executions(chosen: list[Path], wanted: dict[str, str], timeout: int | None) -> dict[Path, Path]:
    """The executed notebook of each chapter; run if need be where a ``timeout`` is given."""
    if timeout is not None:
        return execute(chosen, wanted, timeout)
    current = {path: EXECUTED / path.stem / f"{key(path, with_parameters(path, wanted))}.ipynb" for path in chosen}
    if absent := [show(path) for path, file in current.items() if not file.exists()]:
        raise BuildError(f"{absent[0]} has not run just so; `make book` runs it")
    return current


def with_others(current: dict[Path, Path]) -> dict[Path, Path]:
    """The executions given, and the last one of every other chapter."""
    others = {path: file for path in chapters(None) if path not in current and (file := latest(path))}
    for path in others:
        say(f"{path.stem}: as last run")
    return current | others


def site(book: Book) -> None:
    """Make the pages; nothing where they would be the same."""
    start = time.perf_counter()
    katex = formulas()
    stage(book, STAGE, page, katex)
    digest = of_sources()
    if HTML.is_dir() and STAMP.exists() and STAMP.read_text() == digest:
        write(BUILD / "claims.json", book.stated)
        say(f"site: unchanged, {show(HTML)}/index.html")
        return
    for left in BUILD.glob("work.*"):  # of a build that was killed; what it had started may still write there
        shutil.rmtree(left, ignore_errors=True)
    work = BUILD / f"work.{os.getpid()}"
    made = work / "_build" / "html"
    jupyter_book(STAGE, work, "-W", "--keep-going")
    finish(made, katex)
    write_decks(book.chapters, katex, made)
    old = BUILD / "html.old"
    shutil.rmtree(old, ignore_errors=True)
    if HTML.exists():
        HTML.rename(old)
    made.rename(HTML)
    write(BUILD / "claims.json", book.stated)
    write(STAMP, digest)
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(work)
    say(f"site: built in {time.perf_counter() - start:.1f} s, {show(HTML)}/index.html")


def of_sources() -> str:
    """A digest of what the site is made from, and of what makes it."""
    digest = hashlib.sha256()
    makers = [file for file in BUILDER.rglob("*") if "__pycache__" not in file.parts]
    for file in [*sorted(STAGE.rglob("*")), *sorted(makers), ROOT / "requirements.lock"]:
        if file.is_file():
            digest.update(show(file).encode() + file.read_bytes())
    return digest.hexdigest()


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


def check_sources(paths: Iterable[Path]) -> None:
    """Refuse what would stop the build later: told before chapters run."""
    for path in paths:
        chapter = read_source(path)
        check_exercises(chapter)
        check_slides(chapter)
    if repository := address():
        check_launches(chapters(None), repository)


def take(step: str, chapter: str | None, wanted: dict[str, str], timeout: int, module: str | None = None) -> None:
    """Take one of `STEPS`, of one chapter or of all, with the parameters wanted; a cell may run ``timeout`` seconds.

    ``module`` names the modules of a chapter that is laid out.
    """
    if step == "pdf":
        check_latex()
    with alone():
        if step == "publishable":
            check_publishable(HTML)
            say("every claim has its verdict, measured at this commit: it may be published")
            return
        if step == "chapter":
            laid_out = lay_out(chapter, module)
            refresh([laid_out], timeout)
            renew_readme()
            say(f"chapter: {show(laid_out)} runs; `make test` checks it, and its parts wait to be replaced")
            return
        if step == "heroes":
            from .heroes import redraw  # it loads the library, which takes seconds

            redraw(chapter)
            return
        chosen = chapters(chapter)
        makes_site = step in ("book", "site", "pdf", "zip")
        check_sources(path for path in chapters(None) if path in chosen or (makes_site and latest(path)))
        if step in ("refresh", "class") and wanted:
            raise BuildError(f"{step} keeps the notebooks' defaults; leave out {', '.join(wanted)}")
        if step == "class":
            write(ZIP, pack(chosen))
            say(f"class: {', '.join(path.stem for path in chosen)} in {show(ZIP)}")
        elif step == "refresh":
            refresh(chosen, timeout)
            renew_readme()
        else:
            current = executions(chosen, wanted, None if step == "site" else timeout)
            if not makes_site:
                return
            book = read_book(with_others(current))
            site(book)
            if step == "pdf":
                write(HTML / PDF.name, pdf(book).read_bytes())  # where the home page of a published book leads
            if step == "zip":
                packed = pack_whole([chapter.path for chapter in book.chapters], HTML)
                for place in (WHOLE, HTML / WHOLE.name):
                    write(place, packed)
                say(f"zip: {show(WHOLE)}, {WHOLE.stat().st_size / 1e6:.0f} MB")
