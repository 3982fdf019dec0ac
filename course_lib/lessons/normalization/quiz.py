"""The quiz of lessons 4a and 4b. Measured on EuroSAT at 64 pixels, or on the generated hues where it says so."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A probe on a frozen network gets 87.5 % on EuroSAT. Then the test pictures come Caffe's way: BGR less a "
            "mean, on the scale of bytes. The network was trained on −1 to 1. What happens?",
            [
                Option(
                    "It stops with an error for its range.",
                    False,
                    "A network takes any numbers: what is checked is the shape, and that is right. In one live run "
                    "15 % were right, and it was 95 % sure on average.",
                ),
                Option(
                    "It loses six points, as a swap costs.",
                    False,
                    "To swap red and blue cost 6.5 points. Here the scale is wrong as well: bytes in the right order "
                    "left 23.0 %.",
                ),
                Option(
                    "It falls to 14 %, and nothing warns you.",
                    True,
                    "With ten classes that is nearly guessing. A new probe, fitted on the wrong inputs, gets 67.9 %: "
                    "much comes back, but not all.",
                ),
                Option(
                    "It holds, for its own layers rescale it.",
                    False,
                    "Frozen, batch normalization uses the averages of its training. It expects the old scale and does "
                    "not adapt to another.",
                ),
            ],
        ),
        Question(
            "You fit a probe on a frozen network twice: on pictures standardized with EuroSAT's own numbers, and with "
            "ImageNet's. Each is tested on pictures prepared as its own. With ImageNet's numbers it …",
            [
                Option(
                    "loses ten points, as pictures are off centre.",
                    False,
                    "From random weights something like it is seen: 63.8 against 67.6 % with AdamW. A trained "
                    "network, with a probe fitted on what it will see, is another case.",
                ),
                Option(
                    "comes out within a point, on average.",
                    True,
                    "88.7 % with ImageNet's, 88.2 % with the set's own, each with a fresh probe. Fed with ImageNet's "
                    "after a fit on its own inputs, it falls to 74.8 %.",
                ),
                Option(
                    "fails, as a mean belongs to the set it is from.",
                    False,
                    "A fixed mean and deviation can be undone, so nothing in the pictures is lost. What counts is "
                    "how the network copes with the numbers.",
                ),
            ],
        ),
        Question(
            "For EuroSAT you find two sets of deviations: .203 .137 .116 and .091 .065 .055. Which is the deviation of "
            "the pixels of the training set, and what is the other?",
            [
                Option(
                    "The first. The other is the mean of each picture's own.",
                    True,
                    "The first holds how pixels differ in a picture and how pictures differ. The second leaves the "
                    "latter out, and yet trained 1.6 points better here, on average.",
                ),
                Option(
                    "The first. The other is that of the mean colours.",
                    False,
                    "That would be .171 .112 .092: pictures differ from one another more than pixels do within them. "
                    "What is within them is the second set.",
                ),
                Option(
                    "The second. The other has the test pictures in it.",
                    False,
                    "Test pictures come from the same set and hardly move a deviation. Taking the statistics from "
                    "them changed the accuracy by 0.0 points.",
                ),
            ],
        ),
        Question(
            "Two classes differ in hue, and the pictures are textured. A small CNN has instance normalization after "
            "its convolutions, and a global mean before the last layer. What do you expect of it?",
            [
                Option(
                    "99 %: the first layer has read the hue by then.",
                    False,
                    "It has, and it wrote it into the level of its maps. Instance normalization takes away exactly "
                    "that level, before anything has used it.",
                ),
                Option(
                    "57 %: the levels of the maps held the hue.",
                    True,
                    "Each map of each picture gets mean 0, and the hue was in those means. Batch normalization, with "
                    "one mean for the whole batch, gets 99.6 %.",
                ),
                Option(
                    "50 %: no trace of the hue gets through to it.",
                    False,
                    "Traces do. On flat pictures it got 99.7 %, since zero padding marks the edge by an amount that "
                    "depends on the colour. Without padding it got 50.0 %.",
                ),
            ],
        ),
        Question(
            "Pixels from 0 to 1 have a mean well above 0. One linear layer is trained by plain gradient descent. What "
            "does it change to subtract that mean?",
            [
                Option(
                    "Gradients grow less from layer to layer.",
                    False,
                    "There is one layer. In 4a bytes made gradients hundreds of times longer, by much the same "
                    "factor in every layer and not more with depth.",
                ),
                Option(
                    "The network has less that is to be learned.",
                    False,
                    "A mean that all pictures share tells none from another, so nothing to be learned goes with it. A "
                    "bias could absorb it, in time.",
                ),
                Option(
                    "The best loss within its reach is lower.",
                    False,
                    "A bias can absorb the mean, so the best loss stays where it was. What changes is how soon plain "
                    "descent gets there.",
                ),
                Option(
                    "The loss is less steep in one direction.",
                    True,
                    "A common mean pushes all weights of a unit the same way; the rate must suit that direction and "
                    "is too small for others (LeCun, Kanter, Solla, 1991).",
                ),
            ],
        ),
        Question(
            "A network with batch normalization gives a picture another answer when other pictures are in the batch. "
            "What is going on?",
            [
                Option(
                    "It has been left in training mode.",
                    True,
                    "There it takes mean and variance of the batch at hand: in order of class 18.3 % were right, with "
                    "running averages 54.3 %. Call model.eval() before you predict.",
                ),
                Option(
                    "Its gradients have not been turned off.",
                    False,
                    "torch.no_grad() saves memory and time. The layers compute the same with it, and the mode stays "
                    "as it was, training or not.",
                ),
                Option(
                    "Its inputs have been wrongly scaled.",
                    False,
                    "Wrong but fixed numbers change a picture in the same way, whatever else is in the batch. Look "
                    "for what depends on the neighbours.",
                ),
                Option(
                    "It works as it should, in either mode.",
                    False,
                    "In training mode it should. In eval mode it takes the averages that were collected in training, "
                    "and each picture is on its own, whatever the batch.",
                ),
            ],
        ),
    ],
    lesson="04",
)
