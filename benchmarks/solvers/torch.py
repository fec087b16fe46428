from benchmark_utils.methods import torch
from benchmark_utils.solver import ToleranceSolver


class Solver(ToleranceSolver):
    name = "torch-lbfgs"
    requirements = ["pip::torch"]
    parameters = {"threads": [1, 0]}  # 0: all
    method = torch
