"""The quiz of lesson 6."""

from __future__ import annotations

from .quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "You have a heatmap method and a network that you care about. Why plant a reason in generated pictures "
            "first?",
            [
                Option(
                    "Because there you know where the heat should be.",
                    True,
                    "For your own pictures nobody knows why the network said what it said, so a map cannot be called "
                    "right or wrong. First cover the planted thing and everything else, to see that the network goes "
                    "by it.",
                ),
                Option(
                    "Because a method that passes there is proven for every network.",
                    False,
                    "It shows what a method can do on pictures like those. A reason that is spread over the picture, "
                    "or a larger network, may be another matter. But a method that fails there needs no further test.",
                ),
                Option(
                    "It is not needed: a map that follows the road or the bank is right.",
                    False,
                    "It shows what you would look at. The network may go by something else, and then the map that "
                    "pleases you is the wrong one.",
                ),
            ],
        ),
        Question(
            "You cover squares of a picture with grey, and the answer falls most over a dark lake. Somebody covers "
            "with black, and finds hardly any fall there. Who has made a mistake?",
            [
                Option(
                    "You: grey is a colour that the network knows, black is the absence of one.",
                    False,
                    "Black is a colour like any other to a network. None stands for nothing.",
                ),
                Option(
                    "The other: black squares on a dark lake change little.",
                    False,
                    "True, and that is why the fall is small. But grey changes a dark lake just because it is grey. "
                    "Both fills favour some places.",
                ),
                Option(
                    "Nobody. The fill is part of the question, so say which one you took.",
                    True,
                    "One asks what the answer would be if the place were grey, the other if it were black. Try more "
                    "than one fill. What holds for each of them is worth more.",
                ),
                Option(
                    "Both: only a square in the picture's mean colour removes what is there.",
                    False,
                    "It is often a milder change. It is a choice too: of a place that has the mean colour already, "
                    "hardly anything is hidden.",
                ),
            ],
        ),
        Question(
            "By deletion with grey, method A is better than B. With the blurred picture as cover, B is better than A. "
            "What do you conclude?",
            [
                Option(
                    "The score depends on what you cover with, so state both.",
                    True,
                    "Deletion asks how early the answer falls when the hottest pixels are covered. Specks of grey "
                    "upset a network by being strange, blur does so less. In the lesson the order of the methods "
                    "did not survive this change.",
                ),
                Option(
                    "There is a bug: a better heatmap is better under each cover.",
                    False,
                    "It would be if the score measured the heatmap alone. It also measures how the network takes "
                    "pictures of a kind that it has never seen.",
                ),
                Option(
                    "Use insertion instead: it uncovers, so it needs no fill.",
                    False,
                    "It begins with a picture that is covered, and needs a fill for that. It has a taste of its own: "
                    "it prefers blobs where deletion prefers scattered specks.",
                ),
                Option(
                    "Use the mean of both: then the fill no longer matters.",
                    False,
                    "The mean of two choices is a third choice. Report them apart, and look for what holds in both.",
                ),
            ],
        ),
        Question(
            "You give the network new random weights. The heatmap of method A looks much as before, that of B is quite "
            "different. What does that tell?",
            [
                Option(
                    "A is stable and can be trusted. B is not.",
                    False,
                    "A is stable against the one thing that should change it. A network that has learned nothing has "
                    "no reason to show.",
                ),
                Option(
                    "Much of A's map comes from the picture, not from what was learned. B may still be wrong.",
                    True,
                    "Even a random convolution reacts to edges, for example. B has passed, but so do random numbers, "
                    "drawn anew each time. The check can convict a method, and never acquit one.",
                ),
                Option(
                    "B can be trusted: its map depends on what the network has learned.",
                    False,
                    "It depends on something that changed. Random numbers, drawn anew each time, pass as well. See "
                    "whether B finds a reason that you planted.",
                ),
                Option(
                    "The network had not learned anything before either.",
                    False,
                    "Its accuracy tells you that. The check is about the heatmaps.",
                ),
            ],
        ),
        Question(
            "You shuffle patches of 8 pixels in the test pictures. A network that was trained on plain pictures loses "
            "most of one class and nothing of another. What did you take away?",
            [
                Option(
                    "Colour and texture; what is left is the outline.",
                    False,
                    "The other way round. Every pixel is still there, with its neighbours in the same patch, so "
                    "colours and fine texture are kept.",
                ),
                Option(
                    "Shapes larger than a patch, and the layout. So the first class cannot be told without them.",
                    False,
                    "The first sentence is right. But this network was never taught to do without them, and seams "
                    "between patches are new to it. Whether they are needed, only a network that is trained on "
                    "shuffled pictures can say.",
                ),
                Option(
                    "Shapes larger than a patch, and the layout. The network uses them for the first class.",
                    True,
                    "Or it is upset by the seams, which no plain picture has. The other class lost nothing: "
                    "colours and texture inside of 8 pixels are enough for it.",
                ),
            ],
        ),
        Question(
            "A heatmap lies on the red roof of a house. The class is Residential. What has it told you?",
            [
                Option(
                    "That the network goes by the red.",
                    False,
                    "Perhaps. It may be the edge, the texture, or the size of the roof: all are in the same place.",
                ),
                Option(
                    "That the network has understood what a house is.",
                    False,
                    "A map shows pixels. What is computed from them, it does not show.",
                ),
                Option(
                    "At best where, not what. To find out, change the colour and nothing else.",
                    True,
                    "Turn the hue, or take the colour away, and see whether the answer stays. At best, because the "
                    "method itself has to be tested first.",
                ),
            ],
        ),
    ],
    lesson="06",
)
