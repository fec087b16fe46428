from benchmark_utils.methods import scikit_learn_intelex
from benchmark_utils.solver import ToleranceSolver


class Solver(ToleranceSolver):
    name = "scikit-learn-intelex"
    requirements = ["pip::scikit-learn-intelex"]
    parameters = {"threads": [1, 0]}  # 0: all
    method = scikit_learn_intelex
