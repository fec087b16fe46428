from benchmark_utils.data import load
from benchopt import BaseDataset


class Dataset(BaseDataset):
    """The digits that come with scikit-learn."""

    name = "digits"
    parameters = {"scaling": ["scaled"], "dtype": ["float64"]}

    def get_data(self):
        X, y = load("digits", scaling=self.scaling, dtype=self.dtype)
        return {"X": X, "y": y}
