"""The base of the benchopt solvers: a fit for each tolerance, ten times smaller from run to run."""

import warnings

from benchopt import BaseSolver


class ToleranceSolver(BaseSolver):
    """A solver made of a module of `benchmark_utils.methods`; its parameters are the options."""

    sampling_strategy = "tolerance"
    method = None

    def options(self):
        """Return the method's options: the solver's parameters, with 0 threads for all of them."""
        options = {name: getattr(self, name) for name in self.parameters}
        if "threads" in options:
            options["threads"] = options["threads"] or None
        return options

    def skip(self, X, y, C):
        reason = self.method.refuses(X, int(y.max()) + 1, **self.options())
        return bool(reason), reason or None

    def set_objective(self, X, y, C):
        self.fit = self.method.fitter(X, y, C, **self.options())

    def warm_up(self):
        self.run(1.0)

    def get_next(self, tol):
        return max(min(1.0, tol / 10), 1e-15)

    def run(self, tol):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = self.fit(tol)

    def get_result(self):
        return {"coef": self.model.coef_, "intercept": self.model.intercept_}
