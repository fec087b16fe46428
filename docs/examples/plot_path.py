"""
A regularisation path, and the choice of a penalty
==================================================

From a penalty that allows no coefficient to one that allows nearly all: which columns come in
first, and how many are worth it.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

from skmax import SoftmaxRegressionCV, regularization_path
from skmax.inspection import CoefficientPathDisplay, ScorePathDisplay

# %%
# The path
# --------
# Chemical measurements of wines from three growers. The columns are scaled, so that the penalty
# means the same for each.
X, y = load_wine(return_X_y=True, as_frame=True)
X = StandardScaler().set_output(transform="pandas").fit_transform(X)
path = regularization_path(X, y, Cs=60, l1_ratio=1.0)
print("coefficients that are not 0:", path.n_nonzero[::12])

# %%
# The choice
# ----------
# Cross-validation scores each penalty on samples held out. ``selection="1se"`` takes the strongest
# one that is within a standard error of the best.
cv = SoftmaxRegressionCV(Cs=path.Cs[::4], l1_ratios=[1.0], selection="1se").fit(X, y)
used = (cv.coef_ != 0).any(axis=0)
print(f"C={cv.C_:.3g}, {used.sum()} of {len(used)} columns: {', '.join(X.columns[used])}")

# %%
figure, axes = plt.subplots(2, 1, figsize=(8, 8), layout="constrained", sharex=True)
CoefficientPathDisplay.from_path(path, ax=axes[0])
ScorePathDisplay.from_estimator(cv, ax=axes[1])
plt.show()
