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
    numbers : sequence of int, default=None
        How the partitions are called where something is wrong with one: by their place, unless
        these are some of them.
    """

    def __init__(
        self, client: Client, futures: Sequence[Future], numbers: Sequence[int] | None = None
    ) -> None:
        self.client, self.futures = client, list(futures)
        self.numbers = range(len(self.futures)) if numbers is None else numbers

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
        futures = self.client.map(function, self.futures, pure=False, **shared)
        return Partitions(self.client, futures, self.numbers)

    def numbered(self, function: Callable[..., Any]) -> "Partitions":
        """function(partition, index) of each."""
        futures = self.client.map(function, self.futures, self.numbers, pure=False)
        return Partitions(self.client, futures, self.numbers)

    def chosen(self, indices: Sequence[int]) -> "Partitions":
        """Some of them."""
        return Partitions(
            self.client,
            [self.futures[index] for index in indices],
            [self.numbers[index] for index in indices],
        )

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
            self._raise_the_first()
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
                    self._raise_the_first()
                raise
            finally:
                self.client.cancel(self.futures)

    def _raise_the_first(self) -> None:
        """Raise what has gone wrong with the first partition of which something has.

        Raises
        ------
        RuntimeError
            If its tasks have failed, or it is lost and cannot be made again.
        """
        for index, future in zip(self.numbers, self.futures, strict=True):
            if future.status == "error":
                error = future.exception()
                if str(error).startswith(f"partition {index}: "):
                    raise error
                raise RuntimeError(
                    f"partition {index} could not be made or worked on: "
                    f"{type(error).__name__}: {error}"
                ) from error
            if future.status in ("lost", "cancelled"):
                raise RuntimeError(
                    f"partition {index} is {future.status}: what it was made of is no longer there"
                )
