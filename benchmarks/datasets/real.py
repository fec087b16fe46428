from benchmark_utils.data import Unavailable, load
from benchopt import BaseDataset


class Dataset(BaseDataset):
    """A set from the folder SKMAX_DATA_DIR, else from scikit-learn's fetchers."""

    name = "real"
    parameters = {
        "name_of_set": ["letter", "satimage", "covtype", "mnist", "news20"],
        "scaling": ["raw", "scaled"],
        "rows": [10_000],
        "dtype": ["float64"],
    }
    parameter_template = "{name_of_set},{scaling},rows={rows},{dtype}"

    def get_data(self):
        try:
            X, y = load(self.name_of_set, rows=self.rows, scaling=self.scaling, dtype=self.dtype)
        except Unavailable as error:
            return {"X": None, "y": None, "reason": str(error)}
        return {"X": X, "y": y}
