"""An error leaves an estimator as it was."""

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def rollback_on_error(estimator: Any) -> Iterator[None]:
    """Give an estimator its attributes back if what runs within does not end well."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
