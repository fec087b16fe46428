from benchmark_utils.methods import skmax
from benchmark_utils.solver import ToleranceSolver


class Solver(ToleranceSolver):
    name = "skmax"
    requirements = ["pip::skmax"]
    parameters = {"solver": ["auto", "lbfgs", "newton"], "n_jobs": [None, 1]}
    method = skmax

    def warm_up(self):
        self.run(1e-12)  # every kernel that a fit may need is compiled before the clock starts
