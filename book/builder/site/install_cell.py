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
    folders = (here, *here.parents)
    above = [folder for folder in folders if (folder / "landscape_lib").is_dir()]
    missing = "This notebook needs landscape_lib:"
    if above:
        sys.exit(f"landscape_lib is in {above[0]}, not installed: see README.md there.")
    if "google.colab" not in sys.modules:
        sys.exit(f"{missing} clone the book's repository, and see README.md there.")
    if not REPOSITORY:
        sys.exit(f"{missing} write the book's address above, and run again.")

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")

    def names(requirements):
        return {re.match(r"[\w.-]+", line)[0].lower() for line in requirements}

    print("Installing landscape_lib and what it needs: some minutes, once.", flush=True)
    clone = Path.home() / "loss-landscapes"
    if not (clone / "requirements.lock").exists():
        shallow = ("--quiet", "--depth=1", "--branch=main")
        run("git", "clone", *shallow, REPOSITORY, str(clone))
    project = tomllib.loads((clone / "pyproject.toml").read_text())["project"]
    needs = names(project["dependencies"])
    needs -= names(importlib.metadata.requires("google-colab") or [])
    lock = (clone / "requirements.lock").read_text().splitlines()
    pins = [line for line in lock if line.lower().split("==")[0] in needs]
    pip = (sys.executable, "-m", "pip", "install", "--quiet")
    run(*pip, *pins, f"--editable={clone}", "anywidget")
    sys.exit("Installed. Now restart the session (menu Runtime), and run all cells.")
