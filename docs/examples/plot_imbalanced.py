"""
Imbalanced classes
==================

Where one class is rare, a model that never names it is right most of the time. Class weights
change what it is asked for; precision and recall show what that brings and costs.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import ConfusionMatrixDisplay, balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from skmax import SoftmaxRegression
from skmax.inspection import MulticlassPrecisionRecallDisplay

X, y = make_classification(
    6000, 10, n_informative=5, n_classes=3, weights=[0.9, 0.07, 0.03], class_sep=0.8, flip_y=0.0,
    random_state=0,
)  # fmt: skip
y = np.array(["common", "rare", "very rare"])[y]
X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)

# %%
# Two questions
# -------------
# Without weights the model estimates how probable each class is. With ``class_weight="balanced"``
# all classes weigh the same: it finds more of the rare ones, and its probabilities are no longer
# those of the data.
plain = SoftmaxRegression().fit(X, y)
balanced = SoftmaxRegression(class_weight="balanced").fit(X, y)
for name, model in (("plain", plain), ("balanced", balanced)):
    print(f"{name:>8}: right {model.score(X_test, y_test):.3f}, in the mean over the classes "
          f"{balanced_accuracy_score(y_test, model.predict(X_test)):.3f}, "
          f"log-loss {log_loss(y_test, model.predict_proba(X_test)):.3f}")  # fmt: skip

# %%
# The ranking of the samples for a class hardly changes, nor do the curves of the classes: weights
# move the threshold.
figure, axes = plt.subplots(2, 2, figsize=(10, 8.5), layout="constrained")
for column, (name, model) in enumerate((("plain", plain), ("balanced", balanced))):
    ConfusionMatrixDisplay.from_estimator(
        model, X_test, y_test, normalize="true", ax=axes[0, column], colorbar=False
    )
    axes[0, column].set_title(name)
    MulticlassPrecisionRecallDisplay.from_estimator(model, X_test, y_test, ax=axes[1, column])
plt.show()
