"""The quiz of lesson 5. What it says holds in general, or is worked out from the few numbers that it names."""

from __future__ import annotations

from .quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A ten-way softmax gets a picture of none of its ten logos. All ten logits are very low, but one is 8 "
            "above the others. What does it answer?",
            [
                Option(
                    "Low probabilities everywhere, since all logits are low.",
                    False,
                    "Ten low probabilities cannot add up to 1. Softmax divides by their sum, so it gives out one whole "
                    "in any case.",
                ),
                Option(
                    "One logo with a probability near 1, as if all logits were high.",
                    True,
                    "Adding one number to all logits changes nothing in a softmax. Only the differences count, and 8 "
                    "above nine others makes 0.997. How low the logits were is lost.",
                ),
                Option(
                    "About 0.1 for each logo, since it does not know.",
                    False,
                    "That takes ten equal logits. Nothing in the training asks for equal logits on pictures that the "
                    "network never saw.",
                ),
            ],
        ),
        Question(
            "You divide all logits by a temperature T of 5 before the softmax. Pictures are rejected if their highest "
            "probability is too low. What can change?",
            [
                Option(
                    "Nothing but the scale. A threshold that fits the new scale rejects the same pictures.",
                    False,
                    "That is true of two classes, where all depends on one difference. With more classes the others "
                    "count too, and their weight changes with T.",
                ),
                Option(
                    "Which class is answered.",
                    False,
                    "The highest logit stays the highest, whatever you divide by. So the accuracy stays too.",
                ),
                Option(
                    "The network can say none: the probabilities need no longer add up to 1.",
                    False,
                    "They are shares of one whole at any temperature. At T = 5 the highest one falls for known and "
                    "unknown pictures alike.",
                ),
                Option(
                    "With three or more classes, which of two pictures counts as more unknown.",
                    True,
                    "Take logits 4, 2, −10 and 4, 1, 1. At T = 1 the highest probabilities are 0.88 and 0.91, at T = 5 "
                    "they are 0.58 and 0.48. So AUROC may change as well, for better or worse.",
                ),
            ],
        ),
        Question(
            "Your score is 1 − p, p being the highest probability. For half of the known pictures and half of the "
            "unknown ones p is exactly 1. What does that mean for AUROC?",
            [
                Option(
                    "A quarter of all pairs are ties at 0, and each of these counts one half.",
                    True,
                    "Half times half. The score says nothing about these pairs, and one half is what guessing gives. "
                    "The logits may still tell them apart, if you score in a way that does not round.",
                ),
                Option(
                    "These pairs count as wrong: no unknown picture is above the known one.",
                    False,
                    "Then a score that is the same for all pictures would get 0, as if it were always wrong. It only "
                    "guesses.",
                ),
                Option(
                    "It depends on the order in which the pictures stand in the file.",
                    False,
                    "It does in code that sorts and takes one picture after the other. That is a fault of the code: "
                    "tied pictures have no order.",
                ),
                Option(
                    "Nothing: a threshold just below 1 for p parts them.",
                    False,
                    "No threshold parts pictures that have the same score. All of them are kept, or all are rejected.",
                ),
            ],
        ),
        Question(
            "You set the threshold by the conformal rule, for 5 %, with known pictures that the network has not "
            "learned from. What does it promise?",
            [
                Option(
                    "At most 5 % of the unknown pictures are let in.",
                    False,
                    "The rule has seen no unknown picture, so it can promise nothing about them. If the score is bad, "
                    "nearly all may be let in.",
                ),
                Option(
                    "Of the known pictures of every later video, at most 5 % are rejected.",
                    False,
                    "A new camera, or other light, makes known pictures of another kind. The promise holds for "
                    "pictures drawn like those that you used.",
                ),
                Option(
                    "A further known picture, drawn like these, is rejected with a probability of at most 5 %.",
                    True,
                    "That holds for any score, good or bad. It is meant over all draws of the calibration pictures: "
                    "with one draw, the share varies around it, and less so the more pictures you have.",
                ),
                Option(
                    "95 % of the answers that are left are right.",
                    False,
                    "A known picture may be kept and still be called by the wrong name. The rule does not look at "
                    "answers.",
                ),
            ],
        ),
        Question(
            'This course reports "FPR at 95 % TPR", and takes unknown for the positive class. A paper takes known for '
            "the positive class. May you compare the two numbers?",
            [
                Option(
                    "Yes. Both go by 95 %, on the same curve.",
                    False,
                    "The points on the curve differ. One holds the unknown at 95 %, the other the known, and what is "
                    "left to count is the other group.",
                ),
                Option(
                    "No. Ours is the share of the known that is rejected where 95 % of the unknown are. Theirs is the "
                    "share of the unknown that is let in where 95 % of the known are kept.",
                    True,
                    "Both have the same name, and on the same scores they may differ a lot. Look up which class is "
                    "positive before you compare. AUROC is the same both ways.",
                ),
                Option(
                    "Yes, after subtracting one of them from 1.",
                    False,
                    "That turns the share rejected into the share kept, at the same threshold. The other convention "
                    "uses another threshold.",
                ),
            ],
        ),
        Question(
            'You train with an extra class "none", filled with pictures of textures. How do you test whether it '
            "works for the unknown?",
            [
                Option(
                    "With pictures of kinds that are not in the training: no textures.",
                    True,
                    "Unknown means that training has not met it. How well the network rejects a new kind is what you "
                    "will need to know in use, and only a new kind can tell.",
                ),
                Option(
                    "With other pictures of textures. They are new, so nothing has leaked.",
                    False,
                    "No picture has leaked, but the kind has. You test whether it knows its eleventh class, and that "
                    "is an ordinary classification.",
                ),
                Option(
                    "With the known classes. If the accuracy stays, the extra class works.",
                    False,
                    "That shows what the extra class costs. Whether it catches anything unknown, no known picture can "
                    "tell.",
                ),
                Option(
                    "With textures and new kinds together, in one number.",
                    False,
                    "The textures are mostly easier, since it has learned from such. In one number they hide how it "
                    "does on the rest. Report each kind on its own.",
                ),
            ],
        ),
    ],
    lesson="05",
)
