"""Training of a learned scorer on labelled texts of one's own. Needs the extra `train`."""

from genai_guard.guards.classifiers.learned.training.rows import Labelled, read_labelled
from genai_guard.guards.classifiers.learned.training.train import CategoryQuality, Trained, train

__all__ = ["CategoryQuality", "Labelled", "Trained", "read_labelled", "train"]
