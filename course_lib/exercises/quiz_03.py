"""The quiz of lesson 3."""

from __future__ import annotations

from .quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A colleague reports accuracy@5 = 98 % on EuroSAT and is proud. What do you say?",
            [
                Option(
                    "Impressive: only 2 % of the pictures are lost.",
                    False,
                    "Six colour numbers and no shapes reach that as well. The number is high for everybody.",
                ),
                Option(
                    "With ten classes, ask for accuracy@1 and the confusion matrix.",
                    True,
                    "Five guesses out of ten are half of all classes: guessing blindly already scores 50 %.",
                ),
                Option(
                    "Accuracy@5 is always useless.",
                    False,
                    "With a thousand classes, many of them near-synonyms, it says something. Ten is the problem.",
                ),
            ],
        ),
        Question(
            "Why measure what colour alone can do before training anything?",
            [
                Option(
                    "It is the floor: what a network must beat to show that it learned more than colour.",
                    True,
                    "Without the floor, 77 % looks like understanding. With it, you know that it is not.",
                ),
                Option(
                    "Because networks cannot learn colour.",
                    False,
                    "The fine-tuned network fell below the colour floor when its pictures turned grey. It uses colour.",
                ),
                Option("To choose the learning rate.", False, "The floor has nothing to do with the optimizer."),
            ],
        ),
        Question(
            "The network trained on drawn stripes and dots came close to ImageNet's. What does that support?",
            [
                Option(
                    "ImageNet is useless.",
                    False,
                    "It was still ahead, and as a start for fine-tuning it was tested against random weights only.",
                ),
                Option(
                    "Simple drawn patterns are enough to learn features that help with fields.",
                    True,
                    "The drawings held nothing else to learn from. It does not show what photographs add beyond that.",
                ),
                Option(
                    "Satellite pictures are easy for any network.",
                    False,
                    "The same network with random weights lost about twelve points, others far more.",
                ),
            ],
        ),
        Question(
            "You set requires_grad = False on a backbone with BatchNorm, then call model.train(). What happens?",
            [
                Option(
                    "Nothing in the backbone changes any more.",
                    False,
                    "Its weights stay. Its running mean and variance are no weights: they follow every batch.",
                ),
                Option(
                    "Its running statistics drift, and no error tells you.",
                    True,
                    "BatchNorm has two switches: gradients, and training mode. You turned off one.",
                ),
                Option(
                    "The optimizer updates the statistics.",
                    False,
                    "The forward pass does, even without an optimizer. That is why it is easy to miss.",
                ),
            ],
        ),
        Question(
            "The fine-tuned network gets 97 % right in colour and about half in grey. Which conclusion holds?",
            [
                Option(
                    "Grey pictures do not contain the answer.",
                    False,
                    "A probe that was trained on grey pictures found most of it. The answer is there.",
                ),
                Option(
                    "This network relied on colour.",
                    True,
                    "That is all that taking something away can show: what *this* network leaned on.",
                ),
                Option(
                    "CNNs need colour.",
                    False,
                    "This one, trained on colour, does. One trained on grey had to do without.",
                ),
            ],
        ),
        Question(
            "Its maximum probability is 99 %, and the calibration error is small. Should you act on the answer unseen?",
            [
                Option(
                    "Yes: it is calibrated, so it is right 99 times of 100.",
                    False,
                    "For pictures like those of the test set. And the one in a hundred looks just as sure.",
                ),
                Option(
                    "Yes, if the picture comes from the same source, and one error in a hundred is acceptable.",
                    True,
                    "Calibration is a promise about many pictures from one source, never about this one.",
                ),
                Option(
                    "No: probabilities of networks mean nothing.",
                    False,
                    "They did here: setting the least sure tenth aside removed more than half of the errors.",
                ),
            ],
        ),
    ],
    lesson="03",
)
