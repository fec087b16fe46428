"""What an estimator's parameters may be: a rule for each, and one error for all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rule:
    """What a value must be: a test, and the words for it in an error."""

    allows: Callable[[Any], bool]
    words: str


def check_parameters(estimator: Any, rules: Mapping[str, Rule]) -> None:
    """Refuse a parameter of the wrong kind or size: its name, what it must be, what it is."""
    for name, rule in rules.items():
        value = getattr(estimator, name)
        if not rule.allows(value):
            kind = type(estimator).__name__
            raise ValueError(f"{kind}: {name} must be {rule.words}, got {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def one_of(*values: str) -> Rule:
    """One of a few words."""
    words = f"one of {', '.join(map(repr, values))}"
    return Rule(lambda value: isinstance(value, str) and value in values, words)


def integer(lowest: int) -> Rule:
    """An integer from `lowest` up."""
    return Rule(lambda value: _is_integer(value) and value >= lowest, f"an integer >= {lowest}")


def number(lowest: float, below: float = np.inf) -> Rule:
    """A number from `lowest` up that lies below `below`."""
    return Rule(
        lambda value: _is_number(value) and lowest <= value < below,
        f"a number >= {lowest:g}" + (f" and < {below:g}" if below < np.inf else ""),
    )


def either(word: str, rule: Rule) -> Rule:
    """One word, or what another rule allows."""
    return Rule(
        lambda value: value == word if isinstance(value, str) else rule.allows(value),
        f"{word!r} or {rule.words}",
    )


def _is_layers(value: Any) -> bool:
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return all(_is_integer(size) and size >= 1 for size in value)
    return _is_integer(value) and value >= 1


def _is_dropout(value: Any) -> bool:
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return all(_is_number(rate) and 0 <= rate < 1 for rate in value)
    return _is_number(value) and 0 <= value < 1


BOOLEAN = Rule(lambda value: isinstance(value, bool | np.bool_), "True or False")
POSITIVE = Rule(lambda value: _is_number(value) and 0 < value < np.inf, "a positive number")
INVERSE_STRENGTH = Rule(
    lambda value: _is_number(value) and value > 0, "a positive number, np.inf for no penalty"
)
NO_L1 = Rule(
    lambda value: _is_number(value) and value == 0,
    "0 (the L2 penalty; the L1 norm is not available yet)",
)
CLASS_WEIGHT = Rule(
    lambda value: (
        value is None
        or isinstance(value, Mapping)
        or (isinstance(value, str) and value == "balanced")
    ),
    "None, 'balanced' or a dict from class to weight",
)
SEED = Rule(
    lambda value: (
        value is None
        or (_is_integer(value) and value >= 0)
        or isinstance(value, np.random.RandomState)
    ),
    "None, an integer >= 0 or a RandomState",
)
JOBS = Rule(
    lambda value: value is None or (_is_integer(value) and value != 0), "None or an integer but 0"
)
VERBOSITY = Rule(
    lambda value: isinstance(value, Integral | np.bool_) and int(value) >= 0, "an integer >= 0"
)
LAYERS = Rule(_is_layers, "an integer >= 1 or a sequence of such (empty for none)")
DROPOUT = Rule(_is_dropout, "a number >= 0 and < 1, or a sequence of such")
SHARE = Rule(lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1")
PROPER_SHARE = Rule(lambda value: _is_number(value) and 0 < value < 1, "a number between 0 and 1")
SCORING = Rule(
    lambda value: value is None or isinstance(value, str) or callable(value),
    "None, the name of a scorer or a callable",
)
PATIENCE = Rule(
    lambda value: value == np.inf or (_is_integer(value) and value >= 1),
    "an integer >= 1 or np.inf",
)
