"""The quiz of lesson 7. What was measured is from linear probes on one frozen network and EuroSAT at 64 pixels."""

from __future__ import annotations

from .quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A report has a table of ten classes. The classes with fewer pictures have lower accuracy, and the largest "
            "class has 1.5 times as many as the smallest. What does the table show about size?",
            [
                Option(
                    "That the small classes do worse because they are small.",
                    False,
                    "Hard classes may happen to be the small ones. When we cut all classes of EuroSAT to one size, the "
                    "correlation with the old sizes was still there. So size was not the reason.",
                ),
                Option(
                    "Nothing: size never matters to a pretrained network.",
                    False,
                    "It does where classes are far smaller. At 10 : 1 the three smallest lost some sixteen points, at "
                    "50 : 1 nearly forty.",
                ),
                Option(
                    "Not enough. Make the classes equal, and look whether the hard ones stay hard.",
                    True,
                    "They did. The reverse says the same: going from 1 : 1 to 1.5 : 1 cost the three smallest classes "
                    "two points, and Highway lay fifteen below the average of the table.",
                ),
            ],
        ),
        Question(
            "Your training set is skewed 50 : 1, and so is the world in which the model will work. You count how many "
            "of the next thousand pictures are right. Should you adjust the logits by the log of the shares?",
            [
                Option(
                    "Yes. It won against all other remedies at 50 : 1.",
                    False,
                    "It did, in balanced accuracy, where every class counts the same. You count every picture the "
                    "same, and most pictures are of large classes.",
                ),
                Option(
                    "It makes no difference: nothing is trained anew.",
                    False,
                    "Nothing is trained, but the answers change. That is what it is for.",
                ),
                Option(
                    "No. For this count it loses some points.",
                    True,
                    "Some three, in our runs. The shift gives small classes a better chance at the cost of the large "
                    "ones, and here the large ones come more often. Decide which count is yours before you choose.",
                ),
            ],
        ),
        Question(
            "You suspect that 5 % of your labels are wrong, and have time to look at 5 % of the pictures. At which do "
            "you look? All probabilities are out of sample.",
            [
                Option(
                    "At those with the lowest maximum probability: there the network is unsure.",
                    False,
                    "In our test that was about as good as looking at random. The unsure ones are hard pictures, "
                    "mostly with right labels.",
                ),
                Option(
                    "At those whose given label is the least probable.",
                    True,
                    "That found about seven of ten planted errors. A picture with a wrong label is mostly a clear "
                    "picture: the network is sure, of something else.",
                ),
                Option(
                    "At those that the network gets wrong most surely on its own training pictures.",
                    False,
                    "A model that has learned a wrong label may have taken it over, and then agrees with it. Ask a "
                    "model that has not seen the picture.",
                ),
                Option(
                    "At random, or else you bring in a bias.",
                    False,
                    "Random pictures tell you fairly how many labels are wrong. To find the wrong ones, it finds five "
                    "of a hundred.",
                ),
            ],
        ),
        Question(
            "Three in ten of your pictures are there twice, and the split is random. You compare a linear probe with "
            "the nearest neighbour. What do the copies do?",
            [
                Option(
                    "They flatter both, and the nearest neighbour most.",
                    True,
                    "Over ten points for the nearest neighbour, nearly four for the probe. A model that remembers gets "
                    "each copy for free. So copies can even change which model looks best.",
                ),
                Option(
                    "They flatter both alike, so the comparison is still fair.",
                    False,
                    "How much a copy helps depends on how much a model remembers. The nearest neighbour does nothing "
                    "else.",
                ),
                Option(
                    "Nothing: the copies differ by noise, so they are new pictures.",
                    False,
                    "To a network they are nearly the same picture. Keep copies together, and both models fall back to "
                    "where they were.",
                ),
            ],
        ),
        Question(
            "Some of your pictures show two kinds of land. You have 2,000 pictures with one name each, all pure. You "
            "replace the softmax by ten sigmoids with a threshold. What do you expect on mixed pictures?",
            [
                Option(
                    "Far more sets are exact: sigmoids may say yes twice.",
                    False,
                    "They may, but pure pictures never told them that two can be true. In our runs they were even a "
                    "little worse than a softmax with a threshold.",
                ),
                Option(
                    "Little, until mixed examples are among what they learn from.",
                    True,
                    "With mixed tiles to learn from they gained five points. The softmax gained nothing from those: to "
                    "it, a mixed tile still has one right name. Seven sets of ten were wrong even so.",
                ),
                Option(
                    "Little, ever: one frozen network cannot see two classes at once.",
                    False,
                    "The features show more than one class. Five points came from other examples alone, with the same "
                    "features.",
                ),
            ],
        ),
        Question(
            "You want to answer by least expected cost. When ninety per cent sure, your model is right in seven cases "
            "of ten. What comes first?",
            [
                Option(
                    "Calibrate it on validation pictures, for example with a temperature.",
                    True,
                    "Expected costs take probabilities at their word. Our probe that was too sure saved another fifth "
                    "that way. A probe that was honest already had next to nothing to gain.",
                ),
                Option(
                    "Nothing: dividing all logits by one number changes no answer.",
                    False,
                    "It does not change which class is likeliest. It changes the probabilities, and with them which "
                    "answer is cheapest.",
                ),
                Option(
                    "Train it again, with the costs as class weights.",
                    False,
                    "Then you train again for each change of the costs. Decisions can be kept apart from predictions, "
                    "and saved a third in our test without any training.",
                ),
                Option(
                    "Calibrate it on the training pictures, since there are more of them.",
                    False,
                    "It is more often right there than on new pictures, so it would seem less overconfident than it "
                    "is.",
                ),
            ],
        ),
    ],
    lesson="07",
)
