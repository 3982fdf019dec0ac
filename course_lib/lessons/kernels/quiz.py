"""The quiz of lesson 2. Times are from one thread of one CPU, accuracies from ten seeds."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "30×3 and then 3×30 have a fifth of the weights of one 30×30. How do you find out how much time they save?",
            [
                Option(
                    "By the weights: a fifth of them takes a fifth of the time.",
                    False,
                    "A weight is used at every place of its layer's output, and the first of the two outputs is "
                    "large. In the lesson the pair took a third of the time.",
                ),
                Option(
                    "By the MACs: they count the work, and work takes time.",
                    False,
                    "They come nearer: MACs fell by a factor of 3.8, the time by 3.0. They leave out what reading and "
                    "writing costs, and for which shapes a library has fast code.",
                ),
                Option(
                    "By the clock, on the machine and at the size you will use.",
                    True,
                    "Weights fell by a factor of 5.0, MACs by 3.8, the time by 3.0. The first two hold everywhere; "
                    "the third is what you pay, on your machine.",
                ),
            ],
        ),
        Question(
            "One channel, no bias, nothing in between. Which large kernels can a column and then a row reproduce "
            "exactly?",
            [
                Option(
                    "Those whose rows are multiples of one row.",
                    True,
                    "Then kernel[i, j] = column[i] · row[j], which is called rank one. Sobel and the round blur are: "
                    "their first singular value holds 100.0 % of the energy.",
                ),
                Option(
                    "Those that are symmetric, as a Gaussian is.",
                    False,
                    "A diagonal edge equals its own transpose, and its first singular value holds 43.1 % of the "
                    "energy. Sobel does not, and it is exact. Symmetry is not rank.",
                ),
                Option(
                    "Those that are smooth, with no sharp edges.",
                    False,
                    "Sobel has a sharp edge and is exact; a smooth wave along the diagonal is not. What counts is "
                    "whether all rows have the same shape.",
                ),
                Option(
                    "Those that fit into what the pair can see.",
                    False,
                    "Seeing the same pixels is not weighing them alike. With one channel, 30 + 30 numbers cannot set "
                    "900 weights as they like: a diagonal line fits, and is out of reach.",
                ),
            ],
        ),
        Question(
            "You calculate that one number of the output has a receptive field of 200×200 pixels. What do you know?",
            [
                Option(
                    "The pixels inside the field count alike.",
                    False,
                    "A pixel in the middle has far more ways to the output than one in the corner. In a stack of "
                    "small kernels the gradient fades towards the edge.",
                ),
                Option(
                    "Structures of 200 pixels are recognised.",
                    False,
                    "The field makes that possible. 3×3 kernels with strides later had the reach for lines and "
                    "clicks: of ten seeds the worst got 47.0 % right, the best 95.0 %.",
                ),
                Option(
                    "Training will make use of the whole field.",
                    False,
                    "It may, and nothing forces it to: what the training pictures do not need, the weights need not "
                    "use. 2c measures how much is in use, before and after.",
                ),
                Option(
                    "The pixels outside it have no influence on it.",
                    True,
                    "That is what the arithmetic promises. How much each pixel inside counts, it does not say: that "
                    "must be measured, as 2c does.",
                ),
            ],
        ),
        Question(
            "A 64×64 picture goes through pairs of 30×3 and then 3×30, unpadded, with a stride of 1. How many pairs "
            "fit, one after the other?",
            [
                Option(
                    "One pair",
                    False,
                    "It leaves 33×33, because the tall kernel takes 29 rows and the wide one takes 2 more. There is "
                    "room for another.",
                ),
                Option(
                    "Two pairs",
                    True,
                    "64 → 33 → 2. Each pair takes 29 + 2 = 31 rows, and as many columns. A third pair would find 2×2.",
                ),
                Option(
                    "Three pairs",
                    False,
                    "Each takes 29 + 2 = 31 rows, more than the 29 of one 30×30. Two pairs leave 2×2, and a third "
                    "does not fit.",
                ),
            ],
        ),
        Question(
            "Over ten seeds each, a network with thin kernels gets two points more than one with 3×3. It also has more "
            "weights. What do you do?",
            [
                Option(
                    "Match their weights, MACs or time, and compare.",
                    True,
                    "Each of these is fair, and the answers differ: on highways and rivers the pair lost 2.5 points "
                    "at equal weights, and 6.1 at equal MACs.",
                ),
                Option(
                    "Report it, since ten seeds show that it is real.",
                    False,
                    "Seeds tell a difference from chance. They do not tell shape from size: more weights by "
                    "themselves could have brought two points, whatever their shape.",
                ),
                Option(
                    "Match the numbers of their layers, and compare.",
                    False,
                    "Layers differ in cost. Two of the lesson's 3×3 networks have four layers each, one with 7,848 "
                    "weights and the other with 176,184.",
                ),
            ],
        ),
        Question(
            "A depthwise layer, one kernel for each channel, is the first layer on RGB pictures. Which of these can no "
            "number of its output tell?",
            [
                Option(
                    "How bright a pixel is beside its neighbours.",
                    False,
                    "That is what its kernels are for: each weighs the neighbours of a pixel, within its channel, as "
                    "an ordinary layer does in all of them.",
                ),
                Option(
                    "How far apart two edges of a channel are.",
                    False,
                    "Within its kernel it can. Depthwise changes which channels are added up, not how far a layer "
                    "sees: 30×30 stays 30×30.",
                ),
                Option(
                    "How red compares with green at one pixel.",
                    True,
                    "Each of its outputs comes from one channel, and a hue is a relation between channels. A 1×1 "
                    "convolution after it mixes them, and hue is in reach.",
                ),
            ],
        ),
        Question(
            "A 3×3 network answers at chance. So does one with thin kernels, and so does a pretrained one. What do you "
            "look at next?",
            [
                Option(
                    "The seeds: each network had one bad start.",
                    False,
                    "A sound plain network learned the hue in ten of ten seeds. Three bad starts in a row are rarer "
                    "than one fault that all three share.",
                ),
                Option(
                    "The pipeline, which the three networks share.",
                    True,
                    "Networks so unlike fail alike when they are fed alike: inputs, labels, loss. Lesson 1 has "
                    "sixteen such mistakes. Begin with 32 pictures, to be learned by heart.",
                ),
                Option(
                    "The widths: three networks were too narrow.",
                    False,
                    "A pretrained network has hundreds of channels. Where such unlike networks fail alike, look at "
                    "what they have in common.",
                ),
                Option(
                    "The classes, which no network tells apart.",
                    False,
                    "Let a simple model try them, with six colour numbers or a histogram. If it tells them apart, "
                    "they differ, and the fault lies before the network.",
                ),
            ],
        ),
    ],
    lesson="02",
)
