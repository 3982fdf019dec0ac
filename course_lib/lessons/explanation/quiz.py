"""The quiz of lesson 6. What was measured is the mean of ten seeds."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "You have a heatmap method and a network that you care about. Why try the method on generated pictures "
            "with a planted reason first?",
            [
                Option(
                    "What passes there will pass on your pictures.",
                    False,
                    "It shows what a method can do on pictures like these. A reason that is spread out, or a larger "
                    "network, is another matter. What fails there needs no more tests.",
                ),
                Option(
                    "There the network has no other thing to go by.",
                    False,
                    "It may have: a shade of the ground would do. So the lesson covers the planted thing, and then all "
                    "but the planted thing, and looks at the accuracy.",
                ),
                Option(
                    "There you know where the heat has to be.",
                    True,
                    "Nobody knows why a network answers as it does about your own pictures. Here it was tested: with "
                    "the road covered 52.3 % were right, with all else covered 100.0 %.",
                ),
            ],
        ),
        Question(
            "You cover squares of a picture with grey, and the answer falls most over a dark lake. A colleague covers "
            "with black, and finds hardly any fall there. Who is mistaken?",
            [
                Option(
                    "Neither: the fill is part of the question.",
                    True,
                    "One asks what if the place were grey, the other what if it were black. On planted discs grey put "
                    "58 % of the heat, black 47 %. State the fill.",
                ),
                Option(
                    "You: grey adds something, black takes away.",
                    False,
                    "Black adds something too, on a bright field. Each fill is a colour to the network, and there is "
                    "none that stands for nothing.",
                ),
                Option(
                    "The colleague: black on dark hides nothing.",
                    False,
                    "It hides little there, so the fall is small. But grey changes a dark lake because it is grey. "
                    "Each fill favours the places that are unlike it.",
                ),
                Option(
                    "Both: the picture's mean colour is neutral.",
                    False,
                    "It is a milder change in many places, and a choice as well: where the picture has its mean "
                    "colour already, hardly anything is hidden.",
                ),
            ],
        ),
        Question(
            "By deletion with grey, method A is better than B. With a blurred picture as cover, B is better than A. "
            "What do you conclude?",
            [
                Option(
                    "One of the two runs has a bug somewhere.",
                    False,
                    "It happens without one. In the lesson random numbers got 22 % with grey, better than occlusion's "
                    "26 %, and with blur they were last of all, at 60 %.",
                ),
                Option(
                    "Insertion has to decide: it needs no fill.",
                    False,
                    "It begins with a picture that is covered, and needs a fill for that. Its orders under grey and "
                    "under blur ran against each other: correlation −0.45.",
                ),
                Option(
                    "The mean of the two scores has to decide.",
                    False,
                    "The mean of two choices is a third choice, and hides that they disagree. Report both, and look "
                    "for what holds in each.",
                ),
                Option(
                    "The score measures map and cover together.",
                    True,
                    "Covered pixels hide something, and they look strange as well. The orders of methods under grey "
                    "and under blur had a correlation of +0.03.",
                ),
            ],
        ),
        Question(
            "You give the network new random weights. The heatmap of A looks much as before, that of B is quite "
            "different. What have you learned?",
            [
                Option(
                    "A is robust, so its maps can be trusted.",
                    False,
                    "It is robust against the one thing that should change it: random weights have no reason to show. "
                    "Saliency kept a correlation of 0.39.",
                ),
                Option(
                    "A follows the picture more, the weights less.",
                    True,
                    "Saliency kept a correlation of 0.39, occlusion with grey 0.06; but only one of them has signs, so "
                    "compare sizes. That B's maps are right is not shown.",
                ),
                Option(
                    "B follows the weights, so it can be trusted.",
                    False,
                    "Random numbers, drawn anew each time, change as well. A map that changes has shown no more than "
                    "that. See whether B finds a reason that you planted.",
                ),
                Option(
                    "B is unstable, so its maps are of no use.",
                    False,
                    "It should change: what was learned is gone. Unstable would be a map that differs while weights "
                    "and picture stay the same.",
                ),
            ],
        ),
        Question(
            "You shuffle patches of 8 pixels in the test pictures. A network that was tuned on plain pictures loses "
            "nearly all of Highway and nothing of Residential. What follows?",
            [
                Option(
                    "It uses wide shapes for Highway, or the seams upset it.",
                    True,
                    "Highway fell from 81 to 1 %, Residential rose from 97 to 100 %. Shapes over 8 px are gone; the "
                    "seams are new to it, so they are suspects as well.",
                ),
                Option(
                    "Highways need an outline, and residential areas do not.",
                    False,
                    "To use is not to need. A small network, trained on patches of 16 px dealt anew, found as many "
                    "highways as one trained on plain pictures: 39 and 38 %.",
                ),
                Option(
                    "It has lost the colours of highways, and kept the roofs'.",
                    False,
                    "Each pixel is still there, with its neighbours in the same patch, so colours and fine texture "
                    "are kept. What is gone is wider than a patch.",
                ),
            ],
        ),
        Question(
            "A heatmap lies on the red roof of a house, and the answer is Residential. What has it told you?",
            [
                Option(
                    "That the answer rests on the colour red.",
                    False,
                    "It may be the edge, the texture or the size: all lie in the same place. Turn the hue, leave the "
                    "rest as it is, and see whether the answer stays.",
                ),
                Option(
                    "That the answer changes without the roof.",
                    False,
                    "Cover the roof and see. A map ranks places by heat; an answer can rest on several of them, each "
                    "of which would do by itself.",
                ),
                Option(
                    "Where it looked, if the method is sound.",
                    True,
                    "Where, and not what. To learn what, change one thing: turning hues by 90° took 16 points from "
                    "the tuned network, a blur of 2 px took 69.",
                ),
                Option(
                    "How it sees a house, if you look closely.",
                    False,
                    "A map marks pixels. What is computed from them, and whether that is anything like a house, it "
                    "leaves open.",
                ),
            ],
        ),
    ],
    lesson="06",
)
