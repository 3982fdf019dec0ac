"""The quiz of 3c. What was measured is from EuroSAT at 64 pixels, probes on frozen networks, five seeds."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A colleague keeps pictures of one cell of 0.1° together, sees the same accuracy as at random, and says: "
            "so it will hold in the next country.",
            [
                Option(
                    "Yes: without neighbours the test is fair.",
                    False,
                    "It is fair for cells between the training cells. Those lie in the same regions, and another one "
                    "cost a probe up to 14 points.",
                ),
                Option(
                    "No: the cells were dealt over the whole map.",
                    True,
                    "Each test cell has training cells around it. A line across the map asks about another region, "
                    "and one such way cost the probe 14 points.",
                ),
                Option(
                    "No: cells of 0.1° hold too few pictures.",
                    False,
                    "Fewer pictures a cell make more cells, and the test stays a fifth of all. What is missing in such "
                    "a test is another region.",
                ),
            ],
        ),
        Question(
            "From a random split to a far one the accuracy falls by ten points, and the mean of the recalls by ten as "
            "well. What was it?",
            [
                Option(
                    "The classes look different over there.",
                    True,
                    "The mean of the recalls counts each class alike, so another mix of classes does not move it. The "
                    "recalls themselves have fallen.",
                ),
                Option(
                    "The far part has more difficult classes.",
                    False,
                    "That would lower the accuracy and leave the recalls, and so their mean, as they were. Here the "
                    "mean of the recalls fell as well.",
                ),
                Option(
                    "The far part has far too few pictures.",
                    False,
                    "Few pictures make a recall uncertain, in both directions. They are no reason for it to fall by "
                    "ten points on average.",
                ),
            ],
        ),
        Question(
            "Your network goes to a region without labels. On the random split its answers at 90 % or more were right "
            "97 times of 100. How do you find out what they are worth there?",
            [
                Option(
                    "See whether it is as sure there as at home.",
                    False,
                    "From north to south a probe gave 67 of 100 answers at 90 % or more, at home 74, and of these "
                    "87 of 100 were right, at home 97. Sureness does not tell.",
                ),
                Option(
                    "Turn its answers with the new mix of classes.",
                    False,
                    "That mends what another mix costs, and asks for a mix that you have to know. Most of the loss "
                    "here was another look of the classes.",
                ),
                Option(
                    "Label a hundred of its pictures, and count.",
                    True,
                    "A hundred labels give the accuracy there to within some ten points, and they were taken where "
                    "the network shall work.",
                ),
            ],
        ),
    ]
)
