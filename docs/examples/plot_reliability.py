"""
Reliability and temperature
===========================

How far may probabilities be trusted? A network that has been trained for long is often too sure of
itself. One number, a temperature, found on samples that it has not seen, puts that right.
"""

import warnings

import matplotlib.pyplot as plt
from scipy.optimize import minimize_scalar
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skmax import MLPClassifier, cross_entropy, softmax
from skmax.inspection import ReliabilityDisplay

# %%
# A network that is too sure
# --------------------------
# A tenth of the labels are wrong, and 200 epochs without early stopping learn many by heart.
X, y = make_classification(
    4000, 20, n_informative=10, n_classes=4, flip_y=0.1, class_sep=0.8, random_state=0
)
X, X_rest, y, y_rest = train_test_split(X, y, test_size=0.6, random_state=0)
X_val, X_test, y_val, y_test = train_test_split(X_rest, y_rest, test_size=0.6, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    model = MLPClassifier((100,), random_state=0).fit(X, y)
print(f"right: {model.score(X, y):.3f} of the training samples, "
      f"{model.score(X_test, y_test):.3f} of the others")  # fmt: skip

# %%
# One temperature
# ---------------
# Logits are divided by it before softmax. It is chosen to make the cross-entropy of the validation
# set least; no prediction changes, only how sure it is.
# (C. Guo and others, On calibration of modern neural networks, ICML 2017.)
logits_val, logits = model.decision_function(X_val), model.decision_function(X_test)
temperature = minimize_scalar(
    lambda t: cross_entropy(logits_val / t, y_val), bounds=(0.1, 20), method="bounded"
).x
print(f"temperature {temperature:.2f}; cross-entropy of the test set "
      f"{cross_entropy(logits, y_test):.3f} before, "
      f"{cross_entropy(logits / temperature, y_test):.3f} after")  # fmt: skip

# %%
# Before, what the network is sure of comes true less often than it says: the curve is below the
# diagonal and outside the band where calibrated probabilities would lie by chance.
figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for ax, t, title in zip(
    axes, (1.0, temperature), ("As trained", "With the temperature"), strict=True
):
    ReliabilityDisplay.from_predictions(y_test, softmax(logits, temperature=t), ax=ax)
    ax.set_title(title)
plt.show()
