"""Predictions, exercises with checks, and quizzes: the engine here, the content one file a lesson.

    from course_lib.exercises import lesson_03, predict

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
