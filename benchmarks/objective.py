"""What is compared: the L2-penalised multinomial objective, evaluated without skmax."""

import numpy as np
from benchmark_utils.value import evaluate
from benchopt import BaseObjective
from benchopt.stopping_criterion import SufficientProgressCriterion


class Objective(BaseObjective):
    name = "Multinomial logistic regression"
    min_benchopt_version = "1.6"
    requirements = ["numpy", "scipy", "scikit-learn", "pandas"]
    parameters = {"C": [1.0]}
    sampling_strategy = "tolerance"
    # Five decades of tolerance may pass without a change: the first ones often bring none.
    stopping_criterion = SufficientProgressCriterion(patience=5, eps=1e-12)
    test_dataset_name = "digits"

    def skip(self, X, y, reason=None):
        return X is None, reason

    def set_data(self, X, y, reason=None):
        self.X, self.y = X, y

    def get_objective(self):
        return {"X": self.X, "y": self.y, "C": self.C}

    def evaluate_result(self, coef, intercept):
        value, accuracy = evaluate(self.X, self.y, coef, intercept, self.C)
        return {"value": value, "accuracy": accuracy}

    def get_one_result(self):
        n_classes = int(self.y.max()) + 1
        rows = 1 if n_classes == 2 else n_classes
        return {"coef": np.zeros((rows, self.X.shape[1])), "intercept": np.zeros(rows)}
