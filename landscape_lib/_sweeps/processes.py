"""Worker processes that fall one at a time: a death is laid to the call that caused it, and the worker is replaced."""

import atexit
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from tqdm import tqdm

from landscape_lib._threads import one_thread

# The standard library's pool is broken as a whole when one worker dies (out of memory, say), and does not say which
# call did it; its workers live on when the caller is killed. Those of pebble (5.2) do as well; it knows which call
# killed a worker, but one exception that cannot be unpickled breaks all of its pool. So here are threads that keep a
# process each.
# Calls and answers travel as pickles, as they do in that pool, over a pipe that only we and our own child hold; none is
# ever read from a file or a network. We unpickle apart from receiving, so that an error in either is told from a death.


class WorkerDiedError(BrokenExecutor):
    """The process that ran a call died; others run on, and so does the executor."""


class Remote(Exception):
    """What went wrong in another process, as it was printed there."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Processes(ThreadPoolExecutor):
    """An executor of processes. Those that are running when it is left by an error are ended, not waited for."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, thread_name_prefix="landscape-process")
        self.workers = workers
        self._mine = threading.local()
        self._all: list[_Worker] = []
        self._over = False
        atexit.register(self.kill)  # before multiprocessing waits for its children

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the call in a process that is free, or in the next one."""
        return super().submit(self._there, function, args, kwargs)

    def _there(self, *call: Any) -> Any:
        worker = getattr(self._mine, "worker", None)
        if worker is None or not worker.process.is_alive():
            worker = self._mine.worker = _Worker()
            self._all.append(worker)
        if self._over:  # ended while it started
            worker.end()
        return worker.call(call)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; then the processes end, each after its last call."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            for worker in self._all:
                worker.pipe.close()  # for one that waits for a call, this is the end
            for worker in self._all:
                worker.process.join(timeout=5)
            self.kill()

    def kill(self) -> None:
        """End the processes now, whatever they are doing."""
        self._over = True
        atexit.unregister(self.kill)
        while self._all:
            self._all.pop().end()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            super().shutdown(wait=False, cancel_futures=True)
            self.kill()
        self.shutdown()


class _Worker:
    """A process, and our end of the pipe to it."""

    def __init__(self) -> None:
        context = get_context("spawn")  # the same on every platform: each starts afresh
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), name="landscape-worker")
        # Ctrl-C reaches every process of a terminal: ours decides, so theirs are born deaf to it. (The tracker that
        # comes with the first child would undo the mask, so it starts before.)
        if masks := hasattr(signal, "pthread_sigmask"):
            resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else None
        try:
            self.process.start()
        finally:
            if before is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()  # else a death would not be seen as the end of the pipe
        try:
            self.pipe.recv_bytes()
        except (EOFError, OSError):
            if "exit" in (how := self._end()):
                hint = "in a script, what starts them must stand under `if __name__ == '__main__':`"
                raise RuntimeError(f"worker processes cannot start ({how}); {hint}") from None
            raise WorkerDiedError(f"a worker process died as it began ({how})") from None

    def call(self, call: Any) -> Any:
        message = pickle.dumps(call)  # a function that does not travel is refused here, in its own words
        try:
            self.pipe.send_bytes(message)
            fine, answer, printed = pickle.loads(self.pipe.recv_bytes())
        except (EOFError, OSError):
            raise WorkerDiedError(f"the worker process died ({self._end()})") from None
        if fine:
            return answer
        raise answer from Remote(printed)

    def _end(self) -> str:
        """How it died."""
        self.process.join(timeout=5)  # it may be about to end by itself, with a code that says why
        self.end()
        code = self.process.exitcode or 0
        if code == -signal.SIGKILL:
            return "killed by signal 9; often the memory was not enough"
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def end(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


def _serve(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tqdm.set_lock(threading.RLock())  # its own is one between processes, and complains when one of them is ended
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"  # for torch, where the call imports it
    pipe.send_bytes(b"here")
    while True:
        try:
            message = pipe.recv_bytes()
        except (EOFError, OSError):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)  # with torch in it, an interpreter that takes itself apart needs a second and more
        try:
            function, args, kwargs = pickle.loads(message)
            if "torch" in sys.modules:
                one_thread()
            reply = (True, function(*args, **kwargs), "")
        except Exception as error:
            reply = (False, error, traceback.format_exc())
        try:
            message = pickle.dumps(reply)
        except Exception as error:  # the answer, or the exception, does not travel
            message = pickle.dumps((False, RuntimeError(f"cannot be sent back: {error}: {reply[1]!r}"), reply[2]))
        pipe.send_bytes(message)


def _die_with_the_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # a killed caller asks no more, and its points may be running elsewhere soon
