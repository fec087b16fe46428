from benchmark_utils.methods import SKLEARN_SOLVERS, scikit_learn
from benchmark_utils.solver import ToleranceSolver


class Solver(ToleranceSolver):
    name = "scikit-learn"
    requirements = ["scikit-learn", "threadpoolctl"]
    parameters = {"solver": list(SKLEARN_SOLVERS), "threads": [1, 0]}  # 0: all
    method = scikit_learn
