"""Install what every `make` target needs into .venv; nothing where it is there already.

One at a time: a second one waits. An installation that was killed, or lost its network, left no stamp and is begun
afresh. The standard library only, for there is nothing else yet, and any Python, to say that it is too old.
"""

import fcntl
import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
PINS = [os.path.join(ROOT, name) for name in ("requirements.lock", "pyproject.toml")]


def wanted() -> str:
    """What the stamp of a whole installation says."""
    digest = hashlib.sha256()
    for file in PINS:
        with open(file, "rb") as text:
            digest.update(text.read())
    return digest.hexdigest()


def installed(stamp: str) -> bool:
    try:
        with open(stamp) as text:
            return text.read() == wanted() and os.path.exists(PYTHON)
    except OSError:
        return False


def install(stamp: str) -> None:
    say("installing into .venv (once, some minutes)")
    if os.path.exists(stamp) and os.path.exists(PYTHON):  # whole, but of older pins
        os.remove(stamp)
    else:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", PINS[0]], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", ROOT], check=True)
    with open(stamp, "w") as text:
        text.write(wanted())


def say(text: str) -> None:
    print("[setup] " + text, flush=True)


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 — an older one may run this file
        old = ".".join(map(str, sys.version_info[:2]))
        print(f"[setup] stopped: Python {old} is too old, 3.11 or newer is needed", file=sys.stderr)
        return 1
    stamp = os.path.join(VENV, ".ready")
    if installed(stamp):
        return 0
    try:
        with open(os.path.join(ROOT, ".setup.lock"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another one is installing here; waiting until it is done …")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not installed(stamp):  # the other one may have done it
                install(stamp)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"[setup] stopped: {error}\nWithout network? The same command goes on later.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("[setup] interrupted; the same command begins it afresh", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
