"""The quiz of chapter 7. What was measured is from linear probes on one frozen network and EuroSAT at 64 pixels."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "In a report on ten classes those with fewer pictures have a lower accuracy. The largest class has 1.5 "
            "times as many pictures as the smallest. What does the table show about size?",
            [
                Option(
                    "That small classes do worse for being small.",
                    False,
                    "Of ten classes one shuffled table in seven shows as much, so there may be no pattern at all. And "
                    "small classes may be the hard ones, whatever their size.",
                ),
                Option(
                    "Too little: hard classes can be small ones.",
                    True,
                    "Cut all classes to one size, and see which stay hard. Going from 1 : 1 to 1.5 : 1 cost the three "
                    "smallest 1.9 points; Highway was 15 below the average.",
                ),
                Option(
                    "Nothing: good features make up for size.",
                    False,
                    "They do not where classes are far smaller: at 10 : 1 the three smallest lost 16.3 points, at 50 "
                    ": 1 they lost 38 points.",
                ),
            ],
        ),
        Question(
            "Your training set is skewed 50 : 1, and so is the world in which the model will work. You count how many "
            "of the next thousand pictures are right. Do you adjust the logits by the log of the shares?",
            [
                Option(
                    "No, for by this count it loses three points.",
                    True,
                    "It went from 89.8 to 86.5 %, tested on a set as skewed as the training: small classes gain, and "
                    "the frequent ones lose.",
                ),
                Option(
                    "Yes, for it beat other remedies at 50 : 1.",
                    False,
                    "It did, in balanced accuracy: 82.6 % against 80.1 % with class weights. There each class counts "
                    "the same; you count each picture the same.",
                ),
                Option(
                    "Either, for no weight of it is changed.",
                    False,
                    "No weight is changed, but answers are: balanced accuracy went from 73.3 to 82.6 %. What you "
                    "count decides whether that is a gain.",
                ),
            ],
        ),
        Question(
            "You suspect that 5 % of your labels are wrong, and have time to look at 5 % of the pictures. You have "
            "your network's losses in training, and a probe's probabilities out of sample. At which do you look?",
            [
                Option(
                    "Those whose highest probability is lowest.",
                    False,
                    "That found 5.1 % of the planted confusions, a random draw 4.9 %; on ambiguous pictures it found "
                    "10.2 %. Most of the unsure ones bear the right label.",
                ),
                Option(
                    "Those whose loss in training is highest.",
                    False,
                    "A model that has learned a wrong label agrees with it, and the loss is low there. Ask a model "
                    "that has not seen the picture.",
                ),
                Option(
                    "Those of a random draw, so as not to be biased.",
                    False,
                    "A random draw tells you fairly how many labels are wrong. As a search it found 4.9 % of those "
                    "that were planted, which is what chance finds.",
                ),
                Option(
                    "Those whose given label is least probable.",
                    True,
                    "That found 70.8 % of the planted confusions, which fell on any picture, and 43.4 % of those on "
                    "ambiguous ones: fewer, and more than the others.",
                ),
            ],
        ),
        Question(
            "Three in ten of your pictures are there twice, and the split is random. You compare a linear probe with "
            "the nearest neighbour. What do the copies do?",
            [
                Option(
                    "They flatter both alike: the order stays fair.",
                    False,
                    "How much a copy helps depends on how much a model remembers: 10.5 points for the nearest "
                    "neighbour, 3.8 for the probe. So the order can turn.",
                ),
                Option(
                    "They flatter the nearest neighbour: it remembers.",
                    True,
                    "By 10.5 points, and the probe by 3.8. Who remembers gets each copy for free. Kept together, "
                    "the copies help neither.",
                ),
                Option(
                    "They flatter the probe more: it is trained.",
                    False,
                    "Training averages over many pictures, which leaves 3.8 points. The nearest neighbour does "
                    "nothing but remember, and gets 10.5.",
                ),
                Option(
                    "They do nothing: each has noise of its own.",
                    False,
                    "To a network they are nearly the same picture. When copies are kept together, the nearest "
                    "neighbour falls from 82.8 to 72.3 %.",
                ),
            ],
        ),
        Question(
            "Some pictures show two kinds of land. You have 2,000 pure ones to learn from, with one name each, and "
            "replace the softmax by ten sigmoids with a threshold. Are more mixed pictures named exactly?",
            [
                Option(
                    "Many more, as sigmoids can say yes twice.",
                    False,
                    "They can, and pure pictures do not teach them to: 25.0 % of the sets were exact, against 26.7 % "
                    "for a softmax with a threshold.",
                ),
                Option(
                    "No more, as a vector holds a single class.",
                    False,
                    "It holds more than one. From the same vectors, and with mixed examples to learn from, 4.9 points "
                    "more of the sets were exact.",
                ),
                Option(
                    "No more, as pure ones do not teach them that.",
                    True,
                    "25.0 % against the softmax's 26.7 %. With mixed tiles to learn from, sigmoids got 29.8 % and the "
                    "softmax 26.3 %.",
                ),
            ],
        ),
        Question(
            "You want to answer by least expected cost. Where your model is 90 % sure, it is right in seven of ten "
            "cases. What comes first?",
            [
                Option(
                    "Calibrate it on validation pictures.",
                    True,
                    "Expected costs take probabilities at their word. The cost of a probe that was too sure fell from "
                    "34.4 to 27.8; that of an honest one stayed at 25.",
                ),
                Option(
                    "Calibrate it on the training pictures.",
                    False,
                    "It is right more often there than on new pictures. So it would seem less overconfident than it "
                    "is, and be corrected too little.",
                ),
                Option(
                    "Train it with costs as class weights.",
                    False,
                    "Then each change of the costs takes a new training. Decisions can be kept apart: least expected "
                    "cost took the honest probe from 37.9 to 25.1.",
                ),
                Option(
                    "Nothing: the likeliest class stays so.",
                    False,
                    "It does, and the cheapest answer can be another. A scale changes the probabilities, and with "
                    "them which answer is cheapest.",
                ),
            ],
        ),
    ],
    lesson="07",
)
