"""Predictions, exercises with checks, quizzes, progress: the engine; the content stands in the lessons' folders.

    from course_lib.practice import predict

Nothing is imported here that needs torch; a lesson's file brings its own.
"""

from . import predict
from .engine import Case, Exercise, Misconception, Verdict, exercise
from .predict import Prediction
from .quiz import Option, Question, Quiz

__all__ = [
    "Case",
    "Exercise",
    "Misconception",
    "Option",
    "Prediction",
    "Question",
    "Quiz",
    "Verdict",
    "exercise",
    "predict",
]
