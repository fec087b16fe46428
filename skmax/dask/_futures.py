"""Futures of partitions: what each of them answers, and what these answers add up to."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from distributed import Client, Future, wait

from skmax.dask._partitions import added

#: How many neighbours a task adds up: a power of two, so that all sums make one balanced tree. Up
#: to as many go to the client as they are: a task takes longer.
FAN_IN = 8


def value_of(argument: Any) -> Any:
    """An argument, as a task of its own."""
    return argument


class Partitions:
    """A future for each partition, in order; all tasks are ordinary ones, and can be made again.

    Parameters
    ----------
    client : Client
    futures : sequence of Future
    """

    def __init__(self, client: Client, futures: Sequence[Future]) -> None:
        self.client, self.futures = client, list(futures)

    def __len__(self) -> int:
        return len(self.futures)

    def map(self, function: Callable[..., Any], **shared: Any) -> "Partitions":
        """function(partition, **shared) of each.

        What they share goes to few with each task, and to many as a task of its own, from worker to
        worker.
        """
        if len(self) > FAN_IN:
            shared = {
                name: self.client.submit(value_of, value, pure=False)
                for name, value in shared.items()
            }
        return Partitions(
            self.client, self.client.map(function, self.futures, pure=False, **shared)
        )

    def numbered(self, function: Callable[..., Any]) -> "Partitions":
        """function(partition, index) of each."""
        indices = range(len(self))
        return Partitions(self.client, self.client.map(function, self.futures, indices, pure=False))

    def chosen(self, indices: Sequence[int]) -> "Partitions":
        """Some of them."""
        return Partitions(self.client, [self.futures[index] for index in indices])

    def each(self) -> list[Any]:
        """What they are, in order."""
        return self._results(self.futures)

    def total(self) -> Any:
        """What they add up to."""
        parts = self.futures
        while len(parts) > FAN_IN:
            parts = [
                self.client.submit(added, *parts[start : start + FAN_IN], pure=False)
                for start in range(0, len(parts), FAN_IN)
            ]
        return added(*self._results(parts))

    def made(self) -> "Partitions":
        """The same, when all of them are there."""
        with self._watched():
            wait(self.futures)
            raise_the_first(self.futures)
        return self

    def _results(self, futures: Sequence[Future]) -> list[Any]:
        with self._watched():
            return self.client.gather(list(futures))

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """An error names the partition, and no task goes on after one, or after an interrupt."""
        try:
            yield
        except BaseException as error:
            try:
                if isinstance(error, Exception):
                    raise_the_first(self.futures)
                raise
            finally:
                self.client.cancel(self.futures)


def raise_the_first(futures: Sequence[Future]) -> None:
    """Raise what has gone wrong with the first partition of which something has.

    Raises
    ------
    RuntimeError
        If it is lost and cannot be made again.
    """
    for index, future in enumerate(futures):
        if future.status == "error":
            error = future.exception()
            if isinstance(error, ValueError | TypeError):
                raise error
            raise RuntimeError(
                f"partition {index} could not be made or worked on: {type(error).__name__}: {error}"
            ) from error
        if future.status in ("lost", "cancelled"):
            raise RuntimeError(
                f"partition {index} is {future.status}: what it was made of is no longer there"
            )
