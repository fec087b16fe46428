"""
Training progress and early stopping
====================================

A network's loss on the training set falls for as long as one likes; on samples that it has not
seen it rises again. Early stopping keeps the weights of the best epoch.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skmax import MLPClassifier
from skmax.inspection import LossCurveDisplay

X, y = make_classification(
    2500, 30, n_informative=12, n_classes=3, flip_y=0.1, class_sep=0.9, random_state=1
)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
X, X_val, y, y_val = train_test_split(X, y, test_size=0.3, random_state=0)

# %%
# Without, and with
# -----------------
# The validation set is given in both cases: without early stopping it is only watched.
settings = {"learning_rate_init": 0.003, "random_state": 0, "max_iter": 120}
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    to_the_end = MLPClassifier((100,), **settings).fit(X, y, X_val=X_val, y_val=y_val)
stopped = MLPClassifier((100,), early_stopping=True, **settings)
stopped.fit(X, y, X_val=X_val, y_val=y_val)
for name, model in (("to the end", to_the_end), ("stopped", stopped)):
    print(f"{name:>10}: {model.n_iter_} epochs, right {model.score(X_test, y_test):.3f}, "
          f"loss on the validation set {min(model.validation_loss_curve_):.3f} at best, "
          f"{model.validation_loss_curve_[-1]:.3f} at the end")  # fmt: skip

# %%
# Dropout is another way: it leaves out units at random, so that none is relied upon.
dropout = MLPClassifier((100,), dropout=0.3, early_stopping=True, **settings)
dropout.fit(X, y, X_val=X_val, y_val=y_val)
print(f"   dropout: {dropout.n_iter_} epochs, right {dropout.score(X_test, y_test):.3f}")

# %%
LossCurveDisplay.from_estimators(
    {"to the end": to_the_end, "stopped": stopped, "with dropout": dropout}
)
plt.show()
