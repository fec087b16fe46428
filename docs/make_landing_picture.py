"""Draw the picture of the first page: python docs/make_landing_picture.py"""

from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skmax import SoftmaxRegression
from skmax.inspection import CoefficientDisplay, LossCurveDisplay, ReliabilityDisplay

X, y = load_digits(return_X_y=True, as_frame=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0)
model = SoftmaxRegression(C=0.01).fit(X, y)
plt.rcParams["svg.hashsalt"] = "skmax"
figure, axes = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
LossCurveDisplay.from_estimator(model, quantity="gap", name="raw columns", ax=axes[0])
ReliabilityDisplay.from_estimator(model, X_test, y_test, ax=axes[1])
CoefficientDisplay.from_estimator(model, X=X, n_features=16, ax=axes[2])
for ax, title in zip(
    axes, ("It converges", "Its probabilities can be checked", "It can be read"), strict=True
):
    ax.set_title(title)
figure.savefig(
    Path(__file__).parent / "pictures" / "landing.svg", metadata={"Date": None}, facecolor="white"
)
