"""NumPy's error state while our own code runs: never the user's."""

import functools
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np

Function = TypeVar("Function", bound=Callable)


def own_error_state(function: Function) -> Function:
    """Let a public function neither warn nor raise at an overflow, underflow or NaN on the way.

    What is wrong with an input is told by checks of it. So ``np.seterr(all="raise")`` of a user,
    who looks for faults of another program, changes nothing here.
    """

    @functools.wraps(function)
    def with_own_state(*args: object, **keywords: object) -> object:
        with np.errstate(all="ignore"):
            return function(*args, **keywords)

    return cast(Function, with_own_state)
