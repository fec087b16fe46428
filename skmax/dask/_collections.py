"""Dask collections as one delayed partition of samples after the other."""

from dataclasses import dataclass
from typing import Any

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np

from skmax.dask._partitions import read_partition


@dataclass(frozen=True)
class Collections:
    """Samples as collections: `X`, and what each of them should be and weighs."""

    X: Any
    y: Any
    sample_weight: Any

    @property
    def names(self) -> np.ndarray | None:
        """Those of the columns of X, where it has any."""
        return np.asarray(self.X.columns, object) if is_frame(self.X) else None

    @property
    def dtype(self) -> np.dtype:
        """That in which rows are worked on: float32 where all of X is, and else float64."""
        dtypes = set(self.X.dtypes) if is_frame(self.X) else {self.X.dtype}
        return np.dtype(np.float32 if dtypes == {np.dtype(np.float32)} else np.float64)

    def partitions(self) -> list[Any]:
        """Delayed partitions, each with its own rows of X, y and weights."""
        X = parts_of(self.X)
        others = [
            None if value is None else parts_of(aligned(name, value, self.X))
            for name, value in (("y", self.y), ("sample_weight", self.sample_weight))
        ]
        for name, parts in zip(("y", "sample_weight"), others, strict=True):
            if parts is not None and len(parts) != len(X):
                raise ValueError(
                    f"{name} has {len(parts)} partitions, expected those of X, {len(X)}"
                )
        read = dask.delayed(read_partition, pure=False)
        return [
            read(part, *(None if other is None else other[index] for other in others), index,
                 self.dtype)
            for index, part in enumerate(X)
        ]  # fmt: skip


def is_collection(value: Any) -> bool:
    """Whether this is a Dask array, frame or series."""
    return isinstance(value, da.Array | dd.DataFrame | dd.Series)


def is_frame(value: Any) -> bool:
    """Whether this is a Dask frame."""
    return isinstance(value, dd.DataFrame)


def check_collection(name: str, value: Any) -> None:
    """Refuse what is no collection.

    Raises
    ------
    TypeError
        If this is no Dask array, frame or series.
    """
    if not is_collection(value):
        raise TypeError(
            f"skmax.dask.SoftmaxRegression: {name} must be a Dask array, DataFrame or Series, got "
            f"{type(value).__name__}; skmax.SoftmaxRegression takes what is in memory"
        )


def aligned(name: str, value: Any, X: Any) -> Any:
    """The same in the partitions of X, as far as these are known."""
    check_collection(name, value)
    if not isinstance(X, da.Array) or not isinstance(value, da.Array):
        return value
    rows = X.chunks[0]
    if np.isnan([*rows, *value.chunks[0]]).any() or value.chunks[0] == rows:
        return value
    if len(value) != len(X):
        raise ValueError(f"{name} has {len(value)} rows, X has {len(X)}")
    return value.rechunk({0: rows})


def parts_of(value: Any) -> list[Any]:
    """The partitions of a collection, delayed: whole rows each."""
    if not isinstance(value, da.Array):
        return list(value.to_delayed())
    if value.ndim == 2 and value.numblocks[1] > 1:
        value = value.rechunk({1: -1})
    return list(value.to_delayed().ravel())
