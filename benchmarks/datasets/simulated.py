from benchmark_utils.data import simulate
from benchopt import BaseDataset


class Dataset(BaseDataset):
    """Gaussian columns of a given condition number, labels from a softmax model."""

    name = "simulated"
    parameters = {
        "n_samples, n_features, n_classes": [(5_000, 50, 5)],
        "condition": [1e0, 1e4, 1e8],
        "dtype": ["float64"],
    }

    def get_data(self):
        X, y = simulate(self.n_samples, self.n_features, self.n_classes, self.condition)
        return {"X": X.astype(self.dtype), "y": y}
