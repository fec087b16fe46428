"""A network of dense layers: its weights, what it computes, and how it is trained.

    (1/S) sum_i s_i CE(targets_i, softmax(logits_i))  +  alpha / (2 S) |W|^2,   S = sum_i s_i

The cross-entropy is that of a sigmoid for one output, and the sum of those for several labels. The
weights lie in one vector; dense and sparse rows part ways in the kernels. What trains a network
takes frozen settings and gives back a result: it knows no estimator.
"""

from skmax._kernels.network.activations import ACTIVATIONS
from skmax._network.few import logits_of_few
from skmax._network.initial import draw
from skmax._network.layout import NetworkLayout
from skmax._network.learning_rate import SCHEDULES, LearningRate
from skmax._network.network import Network
from skmax._network.optimiser import Optimiser
from skmax._network.result import Diverged, Ending, History, Rating, TrainingResult
from skmax._network.samples import Samples, rows_of
from skmax._network.settings import Adam, EarlyStopping, Lbfgs, Method, Monitor, Settings, Sgd
from skmax._network.starts import best_of
from skmax._network.training import StopRequest, TrainingRun
from skmax._network.validation import Validation

__all__ = [
    "ACTIVATIONS",
    "SCHEDULES",
    "Adam",
    "Diverged",
    "EarlyStopping",
    "Ending",
    "History",
    "Lbfgs",
    "LearningRate",
    "Method",
    "Monitor",
    "Network",
    "NetworkLayout",
    "Optimiser",
    "Rating",
    "Samples",
    "Settings",
    "Sgd",
    "StopRequest",
    "TrainingResult",
    "TrainingRun",
    "Validation",
    "best_of",
    "draw",
    "logits_of_few",
    "rows_of",
]
