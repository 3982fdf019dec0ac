"""The quiz of lesson 4. What was measured is from EuroSAT at 64 pixels, or from the generated hues where it says so."""

from __future__ import annotations

from .quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A linear probe on a frozen network is 88 % right on EuroSAT. Then somebody prepares the test pictures "
            "Caffe's way: BGR in place of RGB, less a mean, on 0 to 255. The network was trained on −1 to 1. What "
            "happens?",
            [
                Option(
                    "An error: the numbers are out of range.",
                    False,
                    "A network takes any numbers. The shape is still [B, 3, 64, 64], and only the shape is checked.",
                ),
                Option(
                    "It falls to 14 %, and nothing warns you.",
                    True,
                    "Ten classes, so it nearly guesses. A frozen network wants the preparation that it was trained "
                    "with, and nobody checks that. A new probe, fitted on the wrong inputs, recovers much of it, but "
                    "not all.",
                ),
                Option(
                    "It loses 6 or 7 points.",
                    False,
                    "That is what it costs to swap red and blue and do the rest right. Here the scale is wrong as "
                    "well, and that costs far more.",
                ),
                Option(
                    "Little: the network's own normalization layers bring the scale back.",
                    False,
                    "Frozen, they use the statistics of their training. They expect the old scale and do not adapt to "
                    "another.",
                ),
            ],
        ),
        Question(
            "You fit a probe on a frozen network twice. Once the pictures are standardized with EuroSAT's own mean and "
            "deviation, once with ImageNet's. Each probe is tested on pictures prepared as its own. What do you expect "
            "of ImageNet's numbers?",
            [
                Option(
                    "They cost about ten points: the pictures are then not centred.",
                    False,
                    "Training from random weights may suffer from that. Here the network is already trained, and "
                    "ImageNet's numbers suit it.",
                ),
                Option(
                    "They cost little or nothing.",
                    True,
                    "We measured 88.7 % with ImageNet's numbers and 88.2 % with the set's own. A probe that is fitted "
                    "on what it will see makes up for much. It would not for inputs that change after the fit.",
                ),
                Option(
                    "They cannot work: a mean belongs to the set that it was computed from.",
                    False,
                    "Any fixed mean and deviation can be undone, so nothing in the pictures is lost. The question is "
                    "only how well the network copes with the numbers.",
                ),
            ],
        ),
        Question(
            "For EuroSAT you find two sets of deviations: .203 .137 .116 and .091 .065 .055. The second is the mean of "
            "each picture's own deviation. You want the deviation of the pixels of your set. Which do you compute?",
            [
                Option(
                    "The first kind, over all pixels of all training pictures.",
                    True,
                    "It contains both: how pixels differ inside a picture, and how pictures differ from one another. "
                    "Only training pictures count. Statistics are learned, and the test must not teach.",
                ),
                Option(
                    "The second kind, over all training pictures.",
                    False,
                    "It leaves out the variance between pictures. Its numbers are too small, here less than half of "
                    "the first.",
                ),
                Option(
                    "The first kind, over training and test pictures: more pixels give better numbers.",
                    False,
                    "Training pictures have millions of pixels, which is plenty. With the test pictures in it, what "
                    "you report is no longer about pictures that you have never seen.",
                ),
                Option(
                    "Neither. Standardize every picture by its own numbers.",
                    False,
                    "Then every picture has mean 0 and deviation 1, and you lose what pictures differ in. A dark lake "
                    "and a light field become alike in brightness.",
                ),
            ],
        ),
        Question(
            "Two classes differ only in hue, and the pictures have texture. In a small CNN you put instance "
            "normalization after the convolutions and a global mean before the last layer. What do you expect?",
            [
                Option(
                    "It stays near chance: 57 % in our runs.",
                    True,
                    "Each map of each picture gets mean 0, and the hue was in those means. The global mean then finds "
                    "little. Batch normalization, with one mean for the whole batch, keeps what pictures differ in.",
                ),
                Option(
                    "It learns the hue: the first convolution has read it before anything is normalized.",
                    False,
                    "It has, and it wrote it into the level of its maps. Instance normalization takes away exactly "
                    "that level.",
                ),
                Option(
                    "It stays near chance, and would even more so on perfectly flat pictures.",
                    False,
                    "The first half is right. On perfectly flat pictures it reached 99.7 %. There the zero padding at "
                    "the edge still shows the colour: the edge differs from the middle by an amount that depends on "
                    "it.",
                ),
            ],
        ),
        Question(
            "Pixels from 0 to 1 have a mean well above 0. For one linear layer and plain gradient descent, what does "
            "subtracting it do?",
            [
                Option(
                    "Positive inputs make the gradients explode from layer to layer.",
                    False,
                    "Whether gradients grow with depth depends on the weights of every layer. The mean of the input "
                    "changes something else: how steep the loss is in which direction.",
                ),
                Option(
                    "The mean contains no information, so the network has less to learn.",
                    False,
                    "A fixed mean contains nothing that tells pictures apart, that is true. But it could be absorbed "
                    "by a bias. What changes is how fast descent gets there.",
                ),
                Option(
                    "The valley of the loss becomes rounder: the condition number falls.",
                    True,
                    "A common mean pushes all weights of a unit the same way, and makes one direction very steep. The "
                    "rate must be small enough for that direction, and is then too small for the others. See LeCun "
                    "and others, Efficient BackProp, 1998.",
                ),
            ],
        ),
        Question(
            "A network with batch normalization gives a picture another answer when other pictures are in the batch. "
            "What is going on?",
            [
                Option(
                    "That is how batch normalization works, in any mode.",
                    False,
                    "Only in training mode. In eval mode it uses running statistics, and every picture is on its own.",
                ),
                Option(
                    "It is in training mode. Call model.eval() before you predict.",
                    True,
                    "In training mode it takes mean and variance of the batch at hand, so the neighbours count. In "
                    "eval mode it takes the running ones that were collected in training.",
                ),
                Option(
                    "The pictures were standardized with wrong numbers.",
                    False,
                    "Wrong but fixed numbers change a picture in the same way whatever else is in the batch.",
                ),
                Option(
                    "Gradients are still on. Use torch.no_grad().",
                    False,
                    "That saves memory and time. The layers compute the same as before, and the mode stays as it was.",
                ),
            ],
        ),
    ],
    lesson="04",
)
