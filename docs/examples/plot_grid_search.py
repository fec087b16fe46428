"""
A grid search in a pipeline, on a data frame
============================================

Numbers and categories in one table: a ColumnTransformer prepares the columns, a grid search
chooses the penalty. Nothing here is particular to skmax: that is the point.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skmax import SoftmaxRegression
from skmax.inspection import CoefficientDisplay

# %%
# A simulated table
# -----------------
# How do people get to work? That depends on distance, income, and where they live.
random = np.random.default_rng(0)
n = 3000
table = pd.DataFrame({
    "distance_km": random.gamma(2.0, 4.0, n),
    "income": random.lognormal(10.3, 0.4, n),
    "has_children": random.random(n) < 0.4,
    "home": random.choice(["city", "suburb", "village"], n, p=[0.5, 0.3, 0.2]),
})  # fmt: skip
attraction = np.column_stack([
    2.5 - 0.3 * table["distance_km"] + (table["home"] == "city"),
    0.2 + 0.05 * table["distance_km"] + 1.5 * (table["home"] == "city"),
    -1.0 + 0.1 * table["distance_km"] + table["income"] / 5e4 + 0.7 * table["has_children"]
    + 1.2 * (table["home"] == "village"),
])  # fmt: skip
way = np.array(["bicycle", "bus", "car"])[
    (attraction + random.gumbel(size=attraction.shape)).argmax(axis=1)
]
train, test, y_train, y_test = train_test_split(table, way, random_state=0)

# %%
# The pipeline
# ------------
# Categories become columns of 0 and 1. Numbers stay as they are, incomes of tens of thousands
# beside flags: the fit needs no scaling. The penalty does depend on units, so ``C`` is searched.
columns = make_column_transformer(
    (OneHotEncoder(), ["home"]), remainder="passthrough", verbose_feature_names_out=False
)
pipeline = make_pipeline(columns, SoftmaxRegression())
search = GridSearchCV(
    pipeline, {"softmaxregression__C": np.logspace(-3, 3, 7)}, scoring="neg_log_loss"
)
search.fit(train, y_train)
print(search.best_params_, f"right: {(search.predict(test) == y_test).mean():.3f}")

# %%
# Displays of skmax take the names of the columns from the pipeline; those of scikit-learn take the
# search like any other classifier.
figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
CoefficientDisplay.from_estimator(search, X=train, ax=axes[0])
axes[0].set_title("Coefficients, times the deviation of the column")
ConfusionMatrixDisplay.from_estimator(search, test, y_test, ax=axes[1], colorbar=False)
plt.show()
