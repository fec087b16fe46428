"""What tests of several displays need."""

import numpy as np

from skmax.inspection import (
    MulticlassPrecisionRecallDisplay,
    MulticlassRocDisplay,
    ReliabilityDisplay,
)

AGAINST_REST = [MulticlassRocDisplay, MulticlassPrecisionRecallDisplay]
ALL = [*AGAINST_REST, ReliabilityDisplay]


def simulated(n_classes, n_rows=2000, sharp=1.0):
    """Labels drawn from probabilities, and the probabilities with their logits times `sharp`."""
    random = np.random.default_rng(n_classes)
    logits = 2 * random.normal(size=(n_rows, n_classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) > random.random((n_rows, 1))).argmax(axis=1)
    said = np.exp(sharp * logits)
    return y, said / said.sum(axis=1, keepdims=True)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]
