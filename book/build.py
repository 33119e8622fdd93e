"""Build the book: execute its chapters, then make the site from them.

    python book/build.py book     both, what `make book` runs
    python book/build.py execute  run the chapters that changed, into _build/executed/
    python book/build.py site     records, scoreboard and pages, into _build/claims.json and _build/html/
    python book/build.py refresh  run chapters with their defaults, write their text outputs back to notebooks/

Nothing is left half-made: what is found in _build/executed/ ran to its end, and _build/html/ is a whole site.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import yaml
from chapters import (
    BOOK,
    BUILD,
    EXECUTED,
    ROOT,
    BuildError,
    chapters,
    execute,
    key,
    refresh,
    say,
    show,
    with_parameters,
    write,
)
from nbformat import NotebookNode

from landscape_lib.report import Entry, load_claims, scoreboard

STAGE, WORK, HTML = BUILD / "stage", BUILD / "work", BUILD / "html"
SPOT = "<!-- scoreboard -->"


def records(notebooks: dict[Path, NotebookNode], rules: dict[str, Entry]) -> list[dict[str, Any]]:
    """The claim records in the executed notebooks, each checked to be known, of its chapter and stated once."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, notebook in notebooks.items():
        for number, cell in enumerate(notebook.cells):
            place = f"{show(path)}, cell {number}"
            for output in cell.get("outputs", []):
                record = output.get("metadata", {}).get("landscape")
                if record is None:
                    continue
                name = record["id"]
                if name not in rules:
                    raise BuildError(f"{place}: states {name}, which is not in book/claims.yml; add its rule")
                if rules[name].chapter != path.stem:
                    raise BuildError(f"{place}: states {name}, a claim of chapter {rules[name].chapter}")
                if name in found:
                    raise BuildError(f"{place}: states {name} again; {found[name][0]} did already")
                found[name] = (place, record)
    return [found[name][1] for name in rules if name in found]


def site(current: dict[Path, Path]) -> None:
    """Make the pages, from the chapters given and the last execution of every other."""
    start = time.perf_counter()
    for path in chapters(None):
        if path not in current and (cached := sorted((EXECUTED / path.stem).glob("*.ipynb"), key=os.path.getmtime)):
            current[path] = cached[-1]
            say(f"{path.stem}: as last run")
    rules = load_claims(BOOK / "claims.yml")
    notebooks = {path: nbformat.read(executed, as_version=4) for path, executed in sorted(current.items())}
    stated = json.dumps(records(notebooks, rules), indent=1, ensure_ascii=False) + "\n"
    stage(notebooks, rules, stated)
    digest = hashlib.sha256()
    for file in sorted(STAGE.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(STAGE).as_posix().encode() + file.read_bytes())
    stamp = BUILD / "html.key"
    if HTML.is_dir() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        write(BUILD / "claims.json", stated)
        say(f"site: unchanged, {show(HTML)}/index.html")
        return
    shutil.rmtree(WORK, ignore_errors=True)
    tool = Path(sys.executable).with_name("jupyter-book")
    options = ["--path-output", str(WORK), "-W", "--keep-going", "--quiet"]
    done = subprocess.run([tool, "build", STAGE, *options], text=True, capture_output=True)
    if done.returncode:
        raise BuildError(f"jupyter-book stopped:\n{done.stdout}\n{done.stderr}")
    old = BUILD / "html.old"
    shutil.rmtree(old, ignore_errors=True)
    if HTML.exists():
        HTML.rename(old)
    (WORK / "_build" / "html").rename(HTML)
    write(BUILD / "claims.json", stated)
    write(stamp, digest.hexdigest())
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(WORK)
    say(f"site: built in {time.perf_counter() - start:.1f} s, {show(HTML)}/index.html")


def stage(notebooks: dict[Path, NotebookNode], rules: dict[str, Entry], stated: str) -> None:
    """Lay out the book's sources as in the repository, with executed chapters and the scoreboard filled in."""
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(BOOK, STAGE / "book", ignore=shutil.ignore_patterns("*.py", "__pycache__", "claims.*"))
    (STAGE / "notebooks").mkdir()
    for path, notebook in notebooks.items():
        write(STAGE / "notebooks" / path.name, nbformat.writes(with_figures(path, notebook)))
    write(STAGE / "book" / "claims.json", stated)
    page = STAGE / "book" / "scoreboard.md"
    text = page.read_text(encoding="utf-8")
    if text.count(SPOT) != 1:
        raise BuildError(f"book/scoreboard.md: needs one line {SPOT}, where the table goes")
    table = scoreboard(rules.values(), json.loads(stated)) + "\nAll records: {download}`claims.json <claims.json>`.\n"
    write(page, text.replace(SPOT, table))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    if absent := {f"notebooks/{path.stem}" for path in chapters(None)} - {f"notebooks/{p.stem}" for p in notebooks}:
        say(f"not in this site, never run here: {', '.join(sorted(name.split('/')[1] for name in absent))}")
        toc = without(toc, absent)
        # Prose may point to a chapter that a narrowed build leaves out.
        config["sphinx"]["config"]["suppress_warnings"] = ["myst.xref_missing"]
    write(STAGE / "_config.yml", yaml.safe_dump(config, sort_keys=False))
    write(STAGE / "_toc.yml", yaml.safe_dump(toc, sort_keys=False))


def with_figures(path: Path, notebook: NotebookNode) -> NotebookNode:
    """The notebook with what `show` said of each figure, measured numbers included, where the page looks for it."""
    notebook = copy.deepcopy(notebook)
    names: dict[str, int] = {}
    for number, cell in enumerate(notebook.cells):
        pictures = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        if not pictures:
            continue
        place = f"{show(path)}, cell {number}"
        figure = pictures[0].metadata.get("landscape_figure")
        if len(pictures) > 1 or figure is None:
            what = "more than one picture" if len(pictures) > 1 else "a picture without caption and alt text"
            raise BuildError(f"{place}: {what}; end each figure's own cell with report.show(figure, name=…, …)")
        if figure["name"] in names:
            raise BuildError(f"{place}: cell {names[figure['name']]} has a figure named {figure['name']} too")
        names[figure["name"]] = number
        cell.metadata["mystnb"] = {
            "image": {"alt": figure["alt"]},
            "figure": {"name": figure["name"], "caption": figure["caption"]},
        }
    return notebook


def without(toc: Any, absent: set[str]) -> Any:
    """The table of contents less some files, and less the parts that this empties."""
    if isinstance(toc, list):
        return [without(item, absent) for item in toc if item.get("file") not in absent]
    slim = {name: without(value, absent) if isinstance(value, list) else value for name, value in toc.items()}
    if "parts" in slim:
        slim["parts"] = [part for part in slim["parts"] if part.get("chapters")]
    return slim


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["book", "execute", "site", "refresh"])
    parser.add_argument("--chapter", help="one notebook, such as 03_jamming (all by default)")
    parser.add_argument("--timeout", type=int, default=900, help="seconds a cell may take (900)")
    for name in ("budget", "dataset", "seed"):
        parser.add_argument(f"--{name}", help=f"the notebooks' {name.upper()} (their own default)")
    options = parser.parse_args()
    wanted = {name.upper(): value for name in ("budget", "dataset", "seed") if (value := getattr(options, name))}
    try:
        with alone():
            chosen = chapters(options.chapter)
            if options.step == "refresh":
                if wanted:
                    raise BuildError(f"refresh runs with the notebooks' defaults; leave out {', '.join(wanted)}")
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
    except (BuildError, ValueError, OSError) as error:
        print(f"[book] stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("[book] interrupted; nothing half-made was kept, `make book` goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
