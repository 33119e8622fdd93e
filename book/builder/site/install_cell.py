import importlib.util
import subprocess
import sys
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

    print("Installing landscape_lib and what it needs: some minutes, once.", flush=True)
    clone = Path.home() / "loss-landscapes"
    commands = [(sys.executable, str(clone / "book" / "builder" / "colab.py"))]
    if not (clone / "requirements.lock").exists():
        shallow = ("--quiet", "--depth=1", "--branch=main")
        commands.insert(0, ("git", "clone", *shallow, REPOSITORY, str(clone)))
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")
    sys.exit("Installed. Now restart the session (menu Runtime), and run all cells.")
