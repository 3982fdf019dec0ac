"""The quiz of chapter 5. What was measured is from the generated logos, ten seeds where no other number is given."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A ten-way softmax gets a picture of none of its logos. All ten logits are very low, and one is 8 above "
            "the nine others, which are equal. What does it answer?",
            [
                Option(
                    "0.100 for each logo, as none of them is a match.",
                    False,
                    "That takes ten equal logits. Nothing in the training asks for equal logits on pictures that the "
                    "network has not met.",
                ),
                Option(
                    "0.997 for one logo, as if its logit were high.",
                    True,
                    "Adding one number to all logits changes nothing in a softmax. 8 above nine others makes 0.997, "
                    "and how low they were is lost.",
                ),
                Option(
                    "Ten low numbers, as the ten logits are so low.",
                    False,
                    "Ten numbers that add up to 1 are not all near 0. Softmax divides by their sum, so it gives away "
                    "one whole in any case, and known pictures get no more.",
                ),
            ],
        ),
        Question(
            "You divide all logits by a temperature of 5 before the softmax, and reject pictures whose highest "
            "probability is too low. What can that change?",
            [
                Option(
                    "Which class is answered for a picture.",
                    False,
                    "The highest logit stays the highest, whatever you divide by. So the answers stay, and the "
                    "accuracy stays with them.",
                ),
                Option(
                    "Where a threshold lies, and no more.",
                    False,
                    "So it is with two classes, where all hangs on one difference. With ten the others count too: "
                    "AUROC went from 0.911 at T = 1 to 0.898 at T = 10.",
                ),
                Option(
                    "Whether the probabilities add up to 1.",
                    False,
                    "They are shares of one whole at each temperature. At T = 5 the highest one falls, for known and "
                    "for unknown pictures.",
                ),
                Option(
                    "Which of two pictures looks less known.",
                    True,
                    "Take logits 4, 2, −10 and 4, 1, 1. At T = 1 the highest probabilities are 0.88 and 0.91, at T = "
                    "5 they are 0.58 and 0.48. So AUROC can change as well.",
                ),
            ],
        ),
        Question(
            "Your score is 1 − p, where p is the highest probability. For half of the known pictures and half of the "
            "unknown ones p is exactly 1. How do these count in AUROC?",
            [
                Option(
                    "Their pairs are wrong: no unknown one is above.",
                    False,
                    "Then a score that is the same for all pictures would get 0, as if it were wrong each time. It "
                    "does not know; it guesses.",
                ),
                Option(
                    "Their pairs count by the order in the file.",
                    False,
                    "So it is in code that sorts and walks along. In the lesson such code said 1.0 with one order and "
                    "0.0 with the other. Pictures that tie have no order.",
                ),
                Option(
                    "Their pairs are ties, and each counts one half.",
                    True,
                    "A quarter of all pairs: half times half. The score says nothing about them, and one half is what "
                    "guessing gives. The logits may still say more.",
                ),
                Option(
                    "Their pairs drop out, and the others decide.",
                    False,
                    "Then a score that tells one pair and ties in all the others could look perfect. A pair that is "
                    "not told apart is half a success.",
                ),
            ],
        ),
        Question(
            "You set the threshold by the conformal rule for 5 %, on known pictures that the network has not learned "
            "from. Which probability is promised?",
            [
                Option(
                    "A known picture like these is lost with at most 5 %.",
                    True,
                    "For any score, over all draws of the calibration pictures. One draw of 150 rejects more or less: "
                    "1.3 to 9.3 % in nine of ten splits.",
                ),
                Option(
                    "An unknown picture is let in with at most 5 %.",
                    False,
                    "The rule has seen no unknown picture, so it promises nothing about them. With the maximum "
                    "softmax, 64.5 % of near unknowns got in.",
                ),
                Option(
                    "A known picture of a new video is lost with at most 5 %.",
                    False,
                    "Another camera or other light makes pictures of another kind. The promise holds for pictures "
                    "that are drawn like those you used, one by one.",
                ),
                Option(
                    "An answer that is given is wrong with at most 5 %.",
                    False,
                    "A known picture can be kept and be called by the wrong name. The rule looks at scores, and not "
                    "at names.",
                ),
            ],
        ),
        Question(
            "For this course unknown is the positive class, and a detector has an FPR at 95 % TPR of 32 %. In a paper "
            "known is the positive class, and its detector has 71 %. Which is better?",
            [
                Option(
                    "Ours, for 32 % of false alarms is less than 71 %.",
                    False,
                    "Our 32 % are known pictures that are rejected. The paper's 71 % are unknown ones that are let "
                    "in. These are not the same alarms.",
                ),
                Option(
                    "Theirs, for 1 − 71 % is 29 %, and less than 32 %.",
                    False,
                    "29 % are the unknown pictures that their threshold keeps out. Our number counts known pictures, "
                    "at another threshold; both can be true of one curve.",
                ),
                Option(
                    "That is open, for they count different pictures.",
                    True,
                    "In the lesson one and the same detector has both: 32.3 % of the known rejected, 70.7 % of the "
                    "unknown let in. Look up which class is positive.",
                ),
                Option(
                    "Neither, for both are at 95 %, on the same curve.",
                    False,
                    "They are at two places of it: one holds the unknown at 95 %, the other the known. What is the "
                    "same in both ways is AUROC.",
                ),
            ],
        ),
        Question(
            'You train with an extra class "none", filled with pictures of textures. On what do you test whether it '
            "catches the unknown?",
            [
                Option(
                    "On new textures, of which no picture was in training.",
                    False,
                    "No picture has leaked, but the kind has. You test whether it knows its eleventh class, and that "
                    "is ordinary classification, as with the ten.",
                ),
                Option(
                    "On kinds that were not in training, so no textures.",
                    True,
                    "Unknown means that training has not met it. In the lesson such a class changed AUROC by −0.1 "
                    "points on near unknowns of other kinds, and by +1.6 on far ones.",
                ),
                Option(
                    "On the known classes, of which none is to be lost.",
                    False,
                    "That shows what it costs: thirty times one class took the known from 95.2 to 87.6 %. What it "
                    "catches, no known picture can tell.",
                ),
                Option(
                    "On textures and new kinds, pooled in one number.",
                    False,
                    "The textures are the easier ones, since it has learned from such. In one number they hide the "
                    "rest. Report each kind on its own.",
                ),
            ],
        ),
    ],
    lesson="05",
)
