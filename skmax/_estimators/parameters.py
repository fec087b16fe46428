"""What an estimator's parameters may be: a constraint for each, and one kind of error."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Constraint:
    """What a value must be: a test, and its description in an error message."""

    allows: Callable[[Any], bool]
    description: str


def check_parameters(estimator: Any, constraints: Mapping[str, Constraint]) -> None:
    """Refuse a parameter of the wrong kind or size: its name, what it must be, what it is."""
    values = {name: getattr(estimator, name) for name in constraints}
    check_values(type(estimator).__name__, values, constraints)


def check_values(
    owner: str, values: Mapping[str, Any], constraints: Mapping[str, Constraint]
) -> None:
    """Refuse a value of the wrong kind or size; `owner` is whose parameters they are."""
    for name, constraint in constraints.items():
        if not constraint.allows(values[name]):
            raise ValueError(
                f"{owner}: {name} must be {constraint.description}, got {values[name]!r}"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def one_of(*values: str) -> Constraint:
    """One of a few description."""
    description = f"one of {', '.join(map(repr, values))}"
    return Constraint(lambda value: isinstance(value, str) and value in values, description)


def integer(lowest: int) -> Constraint:
    """An integer from `lowest` up."""
    return Constraint(
        lambda value: _is_integer(value) and value >= lowest, f"an integer >= {lowest}"
    )


def number(lowest: float, below: float = np.inf) -> Constraint:
    """A number from `lowest` up that lies below `below`."""
    return Constraint(
        lambda value: _is_number(value) and lowest <= value < below,
        f"a number >= {lowest:g}" + (f" and < {below:g}" if below < np.inf else ""),
    )


def either(word: str, constraint: Constraint) -> Constraint:
    """One word, or what another constraint allows."""
    return Constraint(
        lambda value: value == word if isinstance(value, str) else constraint.allows(value),
        f"{word!r} or {constraint.description}",
    )


def _is_layers(value: Any) -> bool:
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return all(_is_integer(size) and size >= 1 for size in value)
    return _is_integer(value) and value >= 1


def _is_dropout(value: Any) -> bool:
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return all(_is_number(rate) and 0 <= rate < 1 for rate in value)
    return _is_number(value) and 0 <= value < 1


def _is_row_of(value: Any, is_one: Callable[[Any], bool]) -> bool:
    """Whether it is a sequence of at least one such value."""
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        return False
    if np.ndim(value) != 1 or len(value) == 0:
        return False
    return all(is_one(one) for one in value)


def _is_grid(value: Any) -> bool:
    if not hasattr(value, "__len__"):
        return _is_integer(value) and value >= 1
    return _is_row_of(value, POSITIVE.allows) and bool((np.diff(value) > 0).all())


BOOLEAN = Constraint(lambda value: isinstance(value, bool | np.bool_), "True or False")
POSITIVE = Constraint(lambda value: _is_number(value) and 0 < value < np.inf, "a positive number")
INVERSE_STRENGTH = Constraint(
    lambda value: _is_number(value) and value > 0, "a positive number, np.inf for no penalty"
)
FRACTION = Constraint(lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1")
GRID = Constraint(_is_grid, "an integer >= 1 or positive numbers, each larger than the one before")
FRACTIONS = Constraint(
    lambda value: _is_row_of(value, FRACTION.allows), "one or more numbers from 0 to 1"
)
CLASS_WEIGHT = Constraint(
    lambda value: (
        value is None
        or isinstance(value, Mapping)
        or (isinstance(value, str) and value == "balanced")
    ),
    "None, 'balanced' or a dict from class to weight",
)
SEED = Constraint(
    lambda value: (
        value is None
        or (_is_integer(value) and value >= 0)
        or isinstance(value, np.random.RandomState)
    ),
    "None, an integer >= 0 or a RandomState",
)
JOBS = Constraint(
    lambda value: value is None or (_is_integer(value) and value != 0), "None or a non-zero integer"
)
VERBOSITY = Constraint(
    lambda value: isinstance(value, Integral | np.bool_) and int(value) >= 0, "an integer >= 0"
)
LAYERS = Constraint(_is_layers, "an integer >= 1 or a sequence of such (empty for none)")
DROPOUT = Constraint(_is_dropout, "a number >= 0 and < 1, or a sequence of such")
PROPER_FRACTION = Constraint(
    lambda value: _is_number(value) and 0 < value < 1, "a number between 0 and 1"
)
SCORING = Constraint(
    lambda value: value is None or isinstance(value, str) or callable(value),
    "None, the name of a scorer or a callable",
)
PATIENCE = Constraint(
    lambda value: value == np.inf or (_is_integer(value) and value >= 1),
    "an integer >= 1 or np.inf",
)
