"""The package's own threads over blocks of rows, and the one limit on the threads of BLAS.

Kernels release the GIL and are called on blocks of rows from a pool of plain threads: numba's own
layers abort when two threads enter them or a fork inherits them. Which blocks there are never
depends on the number of threads, and their results are added in order: the same bits come out.
"""

import concurrent.futures
import contextlib
import functools
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import joblib
import threadpoolctl

_Item = TypeVar("_Item")
_Workspace = TypeVar("_Workspace")
_Answer = TypeVar("_Answer")


def n_threads(n_jobs: int | None = None) -> int:
    """How many threads to use: all that the process may, or n_jobs if fewer.

    CPU affinity, OMP_NUM_THREADS and NUMBA_NUM_THREADS say what it may; joblib tells its worker
    processes their part by these. None and -1 mean all, -2 all but one, and so on.
    """
    allowed = joblib.cpu_count()
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        # OMP_NUM_THREADS may list one number for each level of nesting.
        first = os.environ.get(name, "").split(",")[0].strip()
        if first.isdigit() and int(first) > 0:
            allowed = min(allowed, int(first))
    if n_jobs is None:
        return allowed
    return min(allowed, n_jobs) if n_jobs > 0 else max(1, allowed + 1 + n_jobs)


class _Pool:
    """Threads made when first needed; a forked child makes its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.executor: ThreadPoolExecutor | None = None

    def get(self) -> ThreadPoolExecutor:
        with self.lock:
            if self.executor is None:
                workers = max(1, joblib.cpu_count() - 1)
                self.executor = ThreadPoolExecutor(workers, thread_name_prefix="skmax")
            return self.executor


_pool = _Pool()


def map_in_order(
    function: Callable[[_Item], _Answer],
    items: Sequence[_Item],
    threads: int,
    give_up: Callable[[], None] = lambda: None,
) -> list[_Answer]:
    """[function(item) for item in items], by up to `threads` threads, the caller's among them.

    Where an error or an interrupt ends one call, the others are waited for; `give_up` may tell them
    to come to an end.
    """
    if threads <= 1 or len(items) <= 1:
        return [function(item) for item in items]
    answers: dict[int, _Answer] = {}
    waiting = deque(enumerate(items))

    def work() -> None:
        try:
            while True:
                try:
                    index, item = waiting.popleft()
                except IndexError:
                    return
                answers[index] = function(item)
        except BaseException:
            waiting.clear()
            give_up()
            raise

    helpers = [_pool.get().submit(work) for _ in range(min(threads, len(items)) - 1)]
    try:
        work()
    finally:
        # Helpers that another fit has kept from starting are not waited for.
        started = [helper for helper in helpers if not helper.cancel()]
        try:
            concurrent.futures.wait(started)
        except BaseException:
            give_up()
            concurrent.futures.wait(started)
            raise
    for helper in started:
        helper.result()
    return [answers[index] for index in range(len(items))]


def run_together(
    function: Callable[[int, int], _Answer], threads: int, on_end: Callable[[], None]
) -> list[_Answer]:
    """[function(index, threads) for each index], at once: the calls may wait for each other.

    `on_end` is called whenever one of them ends, by an error too: it lets those that still wait for
    one that will never come know. Threads of their own: those of the pool may be busy with another
    fit. None begins before all have been started, and the caller's only waits: an interrupt finds
    it here, never between two of them.
    """
    if threads == 1:
        return [function(0, 1)]
    all_are_there, told = threading.Event(), threading.Event()
    answers: dict[int, _Answer] = {}
    errors: list[BaseException] = []

    def run(index: int) -> None:
        told.wait()
        if all_are_there.is_set():
            try:
                answers[index] = function(index, threads)
            except BaseException as error:
                errors.append(error)
            finally:
                on_end()

    helpers = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(threads)]
    try:
        for helper in helpers:
            helper.start()
        all_are_there.set()
    finally:
        # Nothing is left waiting, or at work, wherever an interrupt has come.
        try:
            told.set()
            _join(helpers)
        finally:
            told.set()
            _join(helpers)
    if errors:
        raise errors[0]
    return [answers[index] for index in range(threads)]


def _join(helpers: Sequence[threading.Thread]) -> None:
    """Wait for those that have been started."""
    for helper in helpers:
        if helper.ident is not None:
            helper.join()


class _ThreadMemory(threading.local):
    """The workspaces that a thread has used last: new memory takes long at its first touch."""

    MOST = 4  # of one thread

    def __init__(self) -> None:
        self.workspaces: OrderedDict[Hashable, Any] = OrderedDict()


_thread_memory = _ThreadMemory()


class Workspaces(Generic[_Workspace]):
    """A workspace for each thread that asks, made where the thread has none with this key.

    The key says all that the workspace depends on. A thread uses one workspace at a time, and what
    it holds means nothing from one use to the next: so fits share them.
    """

    def __init__(self, key: Hashable, make: Callable[[], _Workspace]) -> None:
        self._key, self._make = key, make

    def of_thread(self) -> _Workspace:
        """That of the calling thread."""
        known = _thread_memory.workspaces
        if self._key in known:
            known.move_to_end(self._key)
        else:
            known[self._key] = self._make()
            if len(known) > _ThreadMemory.MOST:
                known.popitem(last=False)
        return known[self._key]


class _Keeper(threading.Thread):
    """Holds the limit of one BLAS thread from its start until it is released.

    A thread for this alone: threadpoolctl lets none but the thread that has set the limit of
    OpenBLAS lift it again, and the first fit to begin need not be the last to end.
    """

    def __init__(self) -> None:
        super().__init__(name="skmax BLAS limit", daemon=True)
        self.holds, self.released = threading.Event(), threading.Event()
        self.limiter: Any = None
        self.start()
        self.holds.wait()

    def run(self) -> None:
        try:
            self.limiter = _blas_libraries().limit(limits=1, user_api="blas")
            with self.limiter:
                self.holds.set()
                self.released.wait()
        finally:
            self.holds.set()

    def release(self) -> None:
        self.released.set()
        self.join()


class _BlasLimit:
    """One BLAS thread while any fit runs: the limit is the process's, so the fits are counted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fits = 0
        self.keeper: _Keeper | None = None

    def enter(self) -> None:
        with self.lock:
            if self.fits == 0 and not _blas_is_single():  # a keeper takes 0.2 ms
                self.keeper = _Keeper()
            self.fits += 1

    def leave(self) -> None:
        with self.lock:
            self.fits -= 1
            if self.fits == 0 and self.keeper is not None:
                self.keeper.release()
                self.keeper = None


_blas_limit = _BlasLimit()


@functools.cache
def _blas_libraries() -> threadpoolctl.ThreadpoolController:
    """The BLAS libraries of this process; to look for them takes milliseconds, so once."""
    return threadpoolctl.ThreadpoolController()


def _blas_is_single() -> bool:
    """Whether BLAS runs on one thread as it is."""
    libraries = _blas_libraries().lib_controllers
    return all(lib.get_num_threads() == 1 for lib in libraries if lib.user_api == "blas")


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS runs on the calling thread alone within: the row blocks are what runs in parallel."""
    limit = _blas_limit  # a fork in between replaces the global one
    limit.enter()
    try:
        with _limit_of_this_thread():
            yield
    finally:
        limit.leave()


def _limit_of_this_thread() -> Any:
    """A limit set by the calling thread, where the keeper's is not heeded.

    That is so where the caller has set a limit himself, or where BLAS keeps one for each thread.
    """
    if _blas_is_single():
        return contextlib.nullcontext()
    return _blas_libraries().limit(limits=1, user_api="blas")


def _after_fork() -> None:
    """In a forked child: no threads, fresh locks, and the BLAS limit of before any fit."""
    global _pool, _blas_limit
    _pool = _Pool()
    keeper, _blas_limit = _blas_limit.keeper, _BlasLimit()
    if keeper is not None and keeper.limiter is not None:
        keeper.limiter.restore_original_limits()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
