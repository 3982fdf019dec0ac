"""From a folder of pictures to a classifier that can say "none of these", with what is known of how good it is.

>>> from course_lib import classify
>>> built = classify.build("logos", out="classifier", minutes=5)              # doctest: +SKIP
>>> print(built)                                                              # doctest: +SKIP
>>> classify.load("classifier").predict(["new.jpg"])[0].answer                # doctest: +SKIP
"""

from .answerer import SCORES, Answerer
from .building import Built, build
from .card import summary
from .result import Result, Settings, Share
from .reviewing import Reviewed, review
from .storing import Answer, Loaded, load

__all__ = [
    "SCORES", "Answer", "Answerer", "Built", "Loaded", "Result", "Reviewed", "Settings", "Share", "build", "load",
    "review", "summary",
]  # fmt: skip
