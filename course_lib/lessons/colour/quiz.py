"""The quiz of lesson 1. What was measured is from the lesson's generated pictures, ten seeds each."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "Two classes differ in hue and in nothing else. You have read that convolutions see shapes. What do you "
            "expect of a plain small CNN on RGB?",
            [
                Option(
                    "Chance: its kernels answer to edges, and there are none.",
                    False,
                    "A kernel adds up three channels at nine places. On plain blue the nine places agree, and the sum "
                    "over the channels still tells one blue from another.",
                ),
                Option(
                    "It learns: its first kernels weigh red, green and blue.",
                    True,
                    "Each kernel is a weighted sum of the channels, so the first layer can read a hue at once. In "
                    "each of ten seeds such a network got 97 % or more.",
                ),
                Option(
                    "It learns once a second branch looks at colour alone.",
                    False,
                    "The first layer gets all three channels without it. In lesson 2 a second branch brought +0.2 "
                    "points on hue, at equal weights: no difference that matters.",
                ),
                Option(
                    "Chance, until the pictures are turned into HSV or CIELAB.",
                    False,
                    "A hue can be computed from RGB, so it is there. Divided to 0–1, neither HSV nor CIELAB got to "
                    "95 % within 24 epochs in any seed; RGB did in all ten.",
                ),
            ],
        ),
        Question(
            "Two classes of equal size. The loss starts at 0.69, and after three epochs it is still 0.69. What do "
            "you do first?",
            [
                Option(
                    "Train on: a loss needs time to leave its plateau.",
                    False,
                    "0.69 is ln 2: it says 50 : 50 to every picture. Five times as many epochs were tried on three "
                    "faulty set-ups, and none of the three got beyond 70 %.",
                ),
                Option(
                    "Add layers: the network has too little capacity.",
                    False,
                    "The smallest network of the lesson learns two hues where the pipeline is sound. A larger one "
                    "gets the same pictures, the same labels and the same loss.",
                ),
                Option(
                    "Lower the rate: its steps jump over the minimum.",
                    False,
                    "That can be it: Adam at a rate of 0.3 stayed at 50 %. So did fifteen other mistakes, and a look "
                    "at 32 pictures tells sooner which of them you have.",
                ),
                Option(
                    "Take 32 pictures: can it learn them by heart?",
                    True,
                    "ln 2 means that it says nothing yet. Of sixteen mistakes seven kept it from learning 32 pictures, "
                    "in both of two seeds: no gradient, wrong steps, a hue in degrees. The search is halved.",
                ),
            ],
        ),
        Question(
            "Your loader gives each channel of each picture mean 0 and deviation 1. The classes are plain blue and "
            "plain greenish blue. What is lost?",
            [
                Option(
                    "The mean colour of a picture, and with it the class.",
                    True,
                    "Afterwards all pictures have the same mean red, green and blue. Ten seeds ended at 49.9 %; with "
                    "the statistics of the whole set they got 99.6 %.",
                ),
                Option(
                    "The brightness; the ratio of green to blue is kept.",
                    False,
                    "With one mean over all three channels it is kept, and ten of ten seeds learned. Channel by "
                    "channel, each mean becomes 0, and no ratio is left.",
                ),
                Option(
                    "Nothing: a shift and a scale can be undone by the net.",
                    False,
                    "One shift for the whole set can be. Here each picture has its own, which is thrown away: "
                    "afterwards no layer can know what it was. Ten of ten seeds stayed near 50 %.",
                ),
            ],
        ),
        Question(
            "You turn RGB into HSV, with the hue from 0 to 360 and the other two channels from 0 to 1. Now the network "
            "stays near 50 %. What is the likeliest reason?",
            [
                Option(
                    "The conversion loses what told the two apart.",
                    False,
                    "It can be undone, but for the hue of a grey, which has none. Normalised with the set's "
                    "statistics, HSV was learned in fewer than 6 epochs by every seed.",
                ),
                Option(
                    "The hue jumps from 360 to 0 in the midst of a class.",
                    False,
                    "That seam lies at red, and these classes are blue. With reds on both sides of it HSV got 72.8 %, "
                    "sine and cosine of the hue 100.0 %.",
                ),
                Option(
                    "One channel is hundreds of times the other two.",
                    True,
                    "Ten seeds ended at 50.5 %. The same three channels, normalised with the set's statistics, were "
                    "learned in 3.1 epochs on average (hues 6° apart). The range was in the way.",
                ),
                Option(
                    "Saturation and value are noise that drowns the hue.",
                    False,
                    "As numbers they are hundreds of times smaller than the hue, so they drown nothing. It is the "
                    "large channel that upsets the training.",
                ),
            ],
        ),
        Question(
            "The last layer has one unit, and a softmax follows. What does the network answer?",
            [
                Option(
                    "The probability of class 1, as a sigmoid gives it.",
                    False,
                    "A sigmoid makes a share of one logit. A softmax divides exp(z) by the sum over all units, and "
                    "with a single unit that is exp(z) itself.",
                ),
                Option(
                    "1 for each picture, before training and after it.",
                    True,
                    "A single share of the whole is 1 whatever the weights are, so its gradient is 0: 50.0 % in ten "
                    "seeds. Take two units, or one with a sigmoid.",
                ),
                Option(
                    "0.5 at the start, and it moves away from there.",
                    False,
                    "0.5 is where a sigmoid starts, before it has learned. This output does not depend on the "
                    "weights: it is 1 from the start, and no gradient moves it.",
                ),
            ],
        ),
        Question(
            "Spectrograms were saved with the colour map jet. What do the three channels of a pixel hold?",
            [
                Option(
                    "Three measurements, one for each of three bands.",
                    False,
                    "There was one number, the level of the signal. The map painted it with three, and these three "
                    "follow from that one: they lie on a curve.",
                ),
                Option(
                    "One level: the grey into which the colour turns.",
                    False,
                    "Jet gets lighter and then darker again. Two levels share one grey, so from the grey you do not "
                    "get the level back.",
                ),
                Option(
                    "One level: the place of the colour on the map.",
                    True,
                    "Look up the nearest colour of the map, and you have the level back. One threshold on it got "
                    "97 % or more of fresh pictures right.",
                ),
            ],
        ),
        Question(
            "The mean hue of a picture has d′ = 3 between your two classes: their means lie three deviations apart. "
            "What do you try first?",
            [
                Option(
                    "A threshold: halfway between the two means.",
                    True,
                    "For normal values with equal spread it gets 93 % right, and that is what a CNN has to beat. On "
                    "overlapping hues ours lost to such a rule by 2.7 points.",
                ),
                Option(
                    "A CNN: it can use what one number leaves out.",
                    False,
                    "It can, and it should show it. For normal values with equal spread a threshold gets 93 % right "
                    "at d′ = 3. Measure that, then see what a CNN adds.",
                ),
                Option(
                    "More pictures: d′ grows with their number.",
                    False,
                    "d′ is a distance in deviations. More pictures measure it better and leave it where it is. What "
                    "grows is the certainty that it is not 0.",
                ),
                Option(
                    "A second number: 3 % of errors is too much.",
                    False,
                    "d′ counts deviations, not errors: at 3 a threshold gets 7 % wrong, for normal values with equal "
                    "spread. See first how far this one number goes.",
                ),
            ],
        ),
    ],
    lesson="01",
)
