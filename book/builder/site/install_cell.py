import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = ""  # where this book's repository is, such as https://github.com/owner/name

if importlib.util.find_spec("landscape_lib") is None:
    here = Path.cwd()
    above = [folder for folder in (here, *here.parents) if (folder / "landscape_lib").is_dir()]
    if above:
        sys.exit(f"landscape_lib is in {above[0]}, but not installed: README.md there says how.")
    if "google.colab" not in sys.modules:
        sys.exit("This notebook needs landscape_lib: clone the book's repository, and see README.md there.")
    if not REPOSITORY:
        sys.exit("This notebook needs landscape_lib: write the address of the book's repository above, and run again.")

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")

    def names(requirements):
        return {re.match(r"[\w.-]+", line)[0].lower() for line in requirements}

    print("Installing landscape_lib and what it needs. This takes some minutes, once.", flush=True)
    clone = Path.home() / "loss-landscapes"
    if not (clone / "requirements.lock").exists():
        run("git", "clone", "--quiet", "--depth=1", "--branch=main", REPOSITORY, str(clone))
    needs = names(tomllib.loads((clone / "pyproject.toml").read_text())["project"]["dependencies"])
    needs -= names(importlib.metadata.requires("google-colab") or [])
    lock = (clone / "requirements.lock").read_text().splitlines()
    pins = [line for line in lock if line.lower().split("==")[0] in needs]
    run(sys.executable, "-m", "pip", "install", "--quiet", *pins, f"--editable={clone}", "anywidget")
    sys.exit("Installed. Now restart the session (in the menu Runtime), and run all cells.")
