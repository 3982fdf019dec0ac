"""The quiz of lesson 1."""

from __future__ import annotations

from .quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            '"Convolutions see shapes, not colours." Two classes differ in nothing but their hue. What do you expect?',
            [
                Option(
                    "A CNN cannot learn this from RGB; it needs colour features made by hand.",
                    False,
                    "A plain small CNN reaches 97 to 100 % from RGB when the pipeline is sound. It needs no others.",
                ),
                Option(
                    "A plain small CNN can learn it.",
                    True,
                    "Each kernel weighs red, green and blue and adds them up. Telling colours apart is the simplest "
                    "thing that it can do.",
                ),
                Option(
                    "It can, if a second branch of the network looks at colour only.",
                    False,
                    "The first layer of any CNN already gets all three channels. Nothing keeps colour from it.",
                ),
            ],
        ),
        Question(
            "Two classes, equally many pictures. The loss starts at 0.69, and after three epochs it is still 0.69. "
            "What do you do first?",
            [
                Option(
                    "Train longer: it has only begun.",
                    False,
                    "0.69 is ln 2, the loss of answering 50 : 50 to everything. Where nothing has moved at all, more "
                    "of the same seldom helps.",
                ),
                Option(
                    "Add layers: the network is too small.",
                    False,
                    "Even a small network can tell two hues apart. A larger one gets the same pictures from the same "
                    "pipeline.",
                ),
                Option(
                    "See whether it can learn 32 pictures by heart, and look at what it is given.",
                    True,
                    "ln 2 means that the network says nothing. If 32 pictures cannot be learned by heart, look for a "
                    "fault in pictures, labels, loss or optimizer before you change the architecture.",
                ),
            ],
        ),
        Question(
            "Your loader gives each channel of each picture mean 0 and deviation 1. The classes are plain blue and "
            "plain greenish blue. What is lost?",
            [
                Option(
                    "Nothing: standardising only makes the numbers easier to learn from.",
                    False,
                    "With one mean and one deviation for the whole set that is so. Here each picture loses its own.",
                ),
                Option(
                    "Brightness only.",
                    False,
                    "Brightness goes, but each channel is set to 0 by itself. So their relation goes as well, and that "
                    "is the hue.",
                ),
                Option(
                    "The colour of the picture as a whole, and with it the class.",
                    True,
                    "Afterwards every picture has the same mean red, green and blue. Take mean and deviation over the "
                    "whole set instead.",
                ),
            ],
        ),
        Question(
            "You turn RGB into HSV, with the hue in degrees, 0 to 360, and the other two channels from 0 to 1. Now "
            "the network stays near 50 %. What is likely?",
            [
                Option(
                    "The inputs are badly scaled. Normalise with the set's statistics, or use sine and cosine.",
                    True,
                    "One channel is hundreds of times as large as the others, and training suffers. Sine and cosine "
                    "lie between −1 and 1, and they close the circle: 359° and 1° become neighbours.",
                ),
                Option(
                    "HSV does not contain what RGB contains.",
                    False,
                    "The conversion can be undone, so nothing is lost but a hue for greys, which had none. What "
                    "changed is the scale of the numbers.",
                ),
                Option(
                    "A hue is a number like any other, so it cannot be the input.",
                    False,
                    "It is not quite like any other: it lies on a circle, and raw degrees cut that circle at red. And "
                    "their size is a problem of its own.",
                ),
            ],
        ),
        Question(
            "The last layer has one unit, and after it comes a softmax. What does the network answer?",
            [
                Option(
                    "1, for every picture and any weights.",
                    True,
                    "A single share of the whole is always 1. Its gradient is 0, so nothing is learned. Take two "
                    "units, or one unit with a sigmoid.",
                ),
                Option(
                    "The probability of the second class.",
                    False,
                    "A sigmoid would give that. A softmax divides each unit's share by the sum over all units, and "
                    "there is only this one.",
                ),
                Option(
                    "0.5, until it has learned something.",
                    False,
                    "It cannot learn: the output does not depend on the weights. And it is 1 from the start.",
                ),
            ],
        ),
        Question(
            "Spectrograms were saved as pictures with a colour map such as jet. What do their three channels hold?",
            [
                Option(
                    "Three measurements for each pixel.",
                    False,
                    "There was one, the level of the signal. The map painted it in red, green and blue.",
                ),
                Option(
                    "One number for each pixel. The nearest colour of the map gives it back.",
                    True,
                    "So a change of hue was a change of level. On the number itself, a mean and a threshold may do.",
                ),
                Option(
                    "One number for each pixel. Turning the picture grey gives it back.",
                    False,
                    "Grey mixes the channels with fixed weights. Jet gets lighter and then darker again, so that "
                    "two levels come out as the same grey.",
                ),
            ],
        ),
        Question(
            "The mean hue of a picture has d′ = 3 between your two classes. What do you try first?",
            [
                Option(
                    "A large CNN: d′ says nothing about what a network can learn.",
                    False,
                    "It says that one number nearly solves the task. Measure that first: it is what a CNN has to beat.",
                ),
                Option(
                    "Nothing: d′ = 3 means that 3 % are wrong, which is good enough.",
                    False,
                    "d′ counts deviations, not errors. Of normal values with equal spread a threshold gets 7 % wrong "
                    "at d′ = 3.",
                ),
                Option(
                    "A threshold halfway between the means.",
                    True,
                    "The means lie three deviations apart. If the values are normal with equal spread, halfway sorts "
                    "93 % right. Now you know whether a CNN is needed, and what it has to beat.",
                ),
            ],
        ),
    ],
    lesson="01",
)
