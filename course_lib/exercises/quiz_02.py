"""The quiz of lesson 2."""

from __future__ import annotations

from .quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "30×3 and then 3×30 have 180 weights from one channel to one, 30×30 has 900. Are they five times as fast?",
            [
                Option(
                    "Yes: a fifth of the weights is a fifth of the work.",
                    False,
                    "A weight is used at every place of its layer's output, and the two outputs differ in size. "
                    "Weights count memory for the model, not work.",
                ),
                Option(
                    "Yes, if it also has a fifth of the MACs.",
                    False,
                    "MACs are nearer to it. But reading and writing take time too, and libraries have fast code for "
                    "some shapes of kernels and not for others.",
                ),
                Option(
                    "That cannot be told from the weights. Time it.",
                    True,
                    "Weights, MACs and seconds are three measures. They often disagree about which of two layers is "
                    "cheaper, and seconds depend on the machine.",
                ),
            ],
        ),
        Question(
            "One channel, no bias, nothing in between: when do a column and then a row do exactly what a large kernel "
            "does?",
            [
                Option(
                    "Always: the pair sees the same pixels.",
                    False,
                    "Seeing the same pixels is not weighing them alike. A diagonal line cannot be made from one "
                    "column and one row.",
                ),
                Option(
                    "When the kernel is symmetric.",
                    False,
                    "The diagonal line is symmetric, and its rows are no multiples of each other. Symmetry is "
                    "something else than rank.",
                ),
                Option(
                    "When its rows are multiples of one row, which is called rank one.",
                    True,
                    "Then kernel[i, j] = column[i] · row[j]. Singular values tell how near other kernels come.",
                ),
            ],
        ),
        Question(
            "You calculate a receptive field of 200×200 pixels. What does that promise?",
            [
                Option(
                    "That nothing outside of it can reach this output. How much the inside counts must be measured.",
                    True,
                    "The size is a limit. The gradient shows what really counts, the effective field: in stacks of "
                    "small kernels it is usually strong in the middle and weak towards the edge.",
                ),
                Option(
                    "That all 200×200 pixels count alike.",
                    False,
                    "A pixel in the middle reaches the output on many ways, one in the corner on very few.",
                ),
                Option(
                    "That structures of 200 pixels will be recognised.",
                    False,
                    "It makes that possible. Whether the network has learned to use it is another question.",
                ),
            ],
        ),
        Question(
            "A picture of 64×64 goes through pairs of 30×3 and then 3×30, unpadded, with a stride of 1. How many pairs "
            "fit?",
            [
                Option(
                    "As many as you like.",
                    False,
                    "That takes padding. Without it each pair costs 29 + 2 = 31 rows, and as many columns.",
                ),
                Option("Two.", True, "64 → 33 → 2. Each pair costs 31 rows and columns, and a third finds 2×2."),
                Option(
                    "Three: two thin kernels take less away than 30×30 does.",
                    False,
                    "They take more: 29 rows go to the tall kernel and 2 to the wide one. 30×30 alone would leave 35.",
                ),
            ],
        ),
        Question(
            "A network with thin kernels gets two points more than one with 3×3. It also has more weights. What "
            "follows?",
            [
                Option(
                    "Nothing yet. Compare at equal weights, equal MACs or equal time, over several seeds.",
                    True,
                    "Each of the three is a fair question, and the answers may differ. Say which one you asked.",
                ),
                Option(
                    "Thin kernels are better: the number is higher.",
                    False,
                    "More weights alone may have done it. And how far apart are two seeds of the same network?",
                ),
                Option(
                    "Give both the same number of layers. Then it is fair.",
                    False,
                    "Layers cost very different amounts. With equal numbers of them, one network may still do many "
                    "times the work.",
                ),
            ],
        ),
        Question(
            "A depthwise layer has one kernel for each channel. You use it as the first layer on RGB pictures. What "
            "can it not do?",
            [
                Option(
                    "See as far as an ordinary layer with the same kernel.",
                    False,
                    "It reaches just as far. What it saves are the weights from each channel to each other channel.",
                ),
                Option(
                    "Learn: it has too few weights.",
                    False,
                    "It has as many kernels as channels, and all of them are trained. Few weights are not none.",
                ),
                Option(
                    "Compare red with green.",
                    True,
                    "Each channel stays by itself, and a hue is a relation between channels. A 1×1 convolution after "
                    "it mixes them.",
                ),
            ],
        ),
        Question(
            "Your network answers at chance. You try thin kernels: still chance. What next?",
            [
                Option(
                    "Larger kernels, then a second branch, then a pretrained network.",
                    False,
                    "Each of them would get the same pictures and labels from the same pipeline. A fault there stays.",
                ),
                Option(
                    "Leave the architecture. Look at the inputs, the labels, the loss, the optimizer.",
                    True,
                    "When very different networks fail alike, look at what they share. Begin with 32 pictures to be "
                    "learned by heart.",
                ),
                Option(
                    "Conclude that the classes cannot be told apart.",
                    False,
                    "First let a simple model try, with a mean colour or a histogram. If it can tell them apart, the "
                    "classes are there, and the fault is on the network's side.",
                ),
            ],
        ),
    ],
    lesson="02",
)
