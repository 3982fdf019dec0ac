"""The quiz of chapter 8. Its numbers follow from rules that the chapter states, not from a measurement."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "Your folder holds bursts, three frames of each shot. You mix all pictures, learn from four fifths and "
            "test on the rest. What does the accuracy tell?",
            [
                Option(
                    "How it does on new shots of these same things.",
                    False,
                    "For that a tested shot must be new as a whole. Here most tested frames have a twin of the same "
                    "second among those that were learned from.",
                ),
                Option(
                    "How it does on frames of shots that it knows.",
                    True,
                    "Most tested frames have a twin among those that were learned from. To ask about new shots, keep "
                    "the frames of a shot in one part.",
                ),
                Option(
                    "How it does on things that it has not seen yet.",
                    False,
                    "For that whole things would have to be kept apart. Here not even shots are: a tested frame's "
                    "twin was learned from.",
                ),
            ],
        ),
        Question(
            "A search by perceptual hash finds no copies between your training and your test pictures. Can the split "
            "leak all the same?",
            [
                Option(
                    "No, for the search looked at each pair of them.",
                    False,
                    "It did, and asked of each pair whether it is the same picture. Two frames of a burst are not, and "
                    "still share shot, light and place.",
                ),
                Option(
                    "Yes, for a search by a hash finds too few pairs.",
                    False,
                    "What it looks for it finds well: the same picture turned, mirrored, brighter. A burst leaks "
                    "because its frames are something else than that.",
                ),
                Option(
                    "Yes, for the frames of one burst are no copies.",
                    True,
                    "Moved by a few pixels and in another light they are other pictures to the hash. File names or "
                    "times tie them together.",
                ),
            ],
        ),
        Question(
            "Of 72 pictures that are kept for choices the probe gets 60 right, and fine-tuning the same 60 and three "
            "more. Which of the two do you take?",
            [
                Option(
                    "The probe, as three pictures more can be chance.",
                    True,
                    "If both were equally good, three of three would go one way in one case of eight. The probe is "
                    "there at once.",
                ),
                Option(
                    "Fine-tuning, as three pictures more are a gain.",
                    False,
                    "On these pictures they are. If both were equally good, three of three would go that way in one "
                    "case of eight, so it tells little.",
                ),
                Option(
                    "Fine-tuning, if it is ahead on the test as well.",
                    False,
                    "Then the test has helped to choose, and no longer says how good the choice is. Keep more pictures "
                    "for choices, if it matters.",
                ),
            ],
        ),
        Question(
            "At most 5 % of your own pictures are to be refused, and 15 pictures were kept for drawing the line. What "
            "follows?",
            [
                Option(
                    "No line can be drawn: that takes 19 of them.",
                    True,
                    "Above the highest of 15 scores a new one lies in one case of 16, more than 5 %. With 19 it is one "
                    "of 20.",
                ),
                Option(
                    "The line is drawn: at the strangest of the 15.",
                    False,
                    "A new picture of your own is stranger than the strangest of 15 in one case of 16. That is 6.25 %, "
                    "and you promised 5 %.",
                ),
                Option(
                    "The line is drawn: between the last two of 15.",
                    False,
                    "Beyond the last but one of 15 scores a new one lies in two cases of 16, which is 12.5 %. The "
                    "promise was 5 %.",
                ),
            ],
        ),
        Question(
            "The line refuses at most 5 % of your own pictures. What does that say of pictures that belong to no class "
            "of yours?",
            [
                Option(
                    "Few of them come in: it is 5 % of them, too.",
                    False,
                    "The 5 % are of your own pictures, by whose scores the line was drawn. How many strangers score "
                    "below it depends on the strangers.",
                ),
                Option(
                    "Most of them come in: it is 95 % of them.",
                    False,
                    "The 95 % are of your own pictures. Noise may be refused whole, and a thing that looks like yours "
                    "may be let in mostly.",
                ),
                Option(
                    "It says nothing of them: that is to be measured.",
                    True,
                    "The line was drawn without them. Leave classes out, or collect strangers like those to come, and "
                    "count how many are let in.",
                ),
            ],
        ),
        Question(
            "Where your classifier says 95 %, it is right in 80 of 100 cases. You divide its logits by a temperature "
            "of 2. Which of these changes?",
            [
                Option(
                    "The answers, and with them the accuracy.",
                    False,
                    "Dividing all logits by one number leaves the largest the largest. Each picture gets the answer "
                    "that it got before.",
                ),
                Option(
                    "The probabilities, while the answers stay.",
                    True,
                    "They move towards each other, and the largest stays the largest. Fit the number on pictures that "
                    "nothing was learned from.",
                ),
                Option(
                    "The line, and with it what is refused.",
                    False,
                    "Here the score for strangers is taken from features or from logits as they are, before the "
                    "temperature. So the line stays where it was.",
                ),
            ],
        ),
    ],
    lesson="08",
)
