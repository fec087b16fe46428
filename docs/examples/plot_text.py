"""
Words that decide
=================

A sparse model of text: which words tell the documentation of NumPy, SciPy and scikit-learn apart?
The texts come with every install; the names of the three libraries are left out.
"""

import inspect
import re

import matplotlib.pyplot as plt
import numpy
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.special
import scipy.stats
import sklearn.cluster
import sklearn.ensemble
import sklearn.linear_model
import sklearn.metrics
import sklearn.preprocessing
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skmax import SoftmaxRegression
from skmax.inspection import CoefficientDisplay

# %%
# Texts
# -----
# What follows the first line in the documentation of each public function: two paragraphs.
MODULES = {
    "numpy": [numpy, numpy.linalg, numpy.random, numpy.fft],
    "scipy": [scipy.optimize, scipy.signal, scipy.stats, scipy.linalg, scipy.special],
    "scikit-learn": [
        sklearn.metrics, sklearn.preprocessing, sklearn.cluster, sklearn.ensemble,
        sklearn.linear_model,
    ],
}  # fmt: skip
texts, libraries = [], []
for library, modules in MODULES.items():
    found = set()
    for module in modules:
        for name in getattr(module, "__all__", dir(module)):
            paragraphs = (inspect.getdoc(getattr(module, name, None)) or "").split("\n\n")
            found.add(" ".join(re.findall("[a-z]{2,}", " ".join(paragraphs[1:3]).lower())))
    found = sorted(text for text in found if text.count(" ") > 5)
    texts += found
    libraries += [library] * len(found)
print(len(texts), "texts")

# %%
# An L1 norm keeps the words that are worth it
# --------------------------------------------
# ``l1_ratio=1`` sets the coefficients of all other words to exactly 0.
train, test, y_train, y_test = train_test_split(texts, libraries, random_state=0)
words = TfidfVectorizer(
    min_df=3, sublinear_tf=True, stop_words=["numpy", "np", "scipy", "sklearn", "scikit"]
)
model = make_pipeline(words, SoftmaxRegression(C=3.0, l1_ratio=1.0)).fit(train, y_train)
coef = model[-1].coef_
print(f"right: {model.score(test, y_test):.2f} of the texts that it was not fitted on, "
      f"by {(coef != 0).any(axis=0).sum()} of {coef.shape[1]} words")  # fmt: skip

# %%
# The display takes the words from the pipeline. A word speaks for a library where its row is
# violet, and against it where it is orange.
CoefficientDisplay.from_estimator(model, n_features=25)
plt.show()
