"""The quiz of lesson 3. What was measured is from EuroSAT at 64 pixels, n = 2,700 test pictures."""

from __future__ import annotations

from ...practice.quiz import Option, Question, Quiz

QUIZ = Quiz(
    [
        Question(
            "A colleague reports accuracy@5 = 98 % on EuroSAT, which has ten classes. What does that tell you?",
            [
                Option(
                    "Less than it seems: colour by itself gets that far.",
                    True,
                    "Six colour numbers and no shapes get 99.1 %, blind guessing gets 50 %. With ten classes, ask for "
                    "accuracy@1.",
                ),
                Option(
                    "It is nearly solved: one picture in fifty is lost.",
                    False,
                    "One in fifty has its class outside of the first five of ten. How many first answers are right it "
                    "leaves open: from six colour numbers, 78 %.",
                ),
                Option(
                    "It ranks well, even where its first answer is wrong.",
                    False,
                    "With five of ten classes to name, blind guessing gets 50 % and six colour numbers 99.1 %. Ask "
                    "for accuracy@1 and the confusion matrix.",
                ),
            ],
        ),
        Question(
            "Six colour numbers and boosted trees get 78 % of EuroSAT right. Your network gets 80 %. What have you "
            "learned about it?",
            [
                Option(
                    "It sees shapes, since it is above what colour can do.",
                    False,
                    "78 % is what six means and spreads can do. A histogram of colours gets 81.1 % on the same "
                    "splits, without any shape.",
                ),
                Option(
                    "Two of its points are shape, and the rest is colour.",
                    False,
                    "Scores do not add up that way: it can be right on other pictures than the trees are. To see what "
                    "it goes by, take the colour away and test it.",
                ),
                Option(
                    "Colour can explain it, since finer numbers get more.",
                    True,
                    "On the same splits a histogram of colours gets 81.1 %, and 54 numbers that ignore all order "
                    "in the picture get 86.6 %. So 80 % proves no shapes.",
                ),
            ],
        ),
        Question(
            "With a linear probe, texture_net gets 83.9 % when it has learned from drawings, and 72.4 % with random "
            "weights. SqueezeNet, trained on photographs, gets 87.5 %. What follows?",
            [
                Option(
                    "Photographs are worth 3.6 points over drawings.",
                    False,
                    "The two are other architectures too: with random weights SqueezeNet gets 56.1 %, where "
                    "texture_net gets 72.4 %. The 3.6 points mix both.",
                ),
                Option(
                    "Drawings were worth 11.5 points to texture_net.",
                    True,
                    "These two runs differ in one thing, the weights. How much of it is texture is open: it was also "
                    "taught to tell means and spreads of colours.",
                ),
                Option(
                    "Texture is what tells these ten kinds of land apart.",
                    False,
                    "The drawings taught colour as well: a second task was to tell mean and spread of red, green and "
                    "blue. The probe does not say which of the two helped.",
                ),
            ],
        ),
        Question(
            "You set requires_grad = False in a backbone with batch normalization, call model.train(), and train a new "
            "head. What happens in the backbone?",
            [
                Option(
                    "Nothing: without gradients its state stays.",
                    False,
                    "Its weights stay. Running mean and variance are no weights: the forward pass updates them, which "
                    "took the test accuracy from 86.0 to 82.3 %.",
                ),
                Option(
                    "Its weights shrink by the optimizer's decay.",
                    False,
                    "PyTorch's optimizers skip a parameter that has no gradient, decay included. What moves are the "
                    "running averages, which are no parameters.",
                ),
                Option(
                    "Its averages drift with each batch, silently.",
                    True,
                    "In training mode the forward pass updates them, whatever requires_grad says. With eval() on the "
                    "backbone it was 3.7 points better.",
                ),
                Option(
                    "Its averages move if the optimizer has them.",
                    False,
                    "They are buffers, and no optimizer holds them. The forward pass updates them, with or without an "
                    "optimizer: that is why it is easy to miss.",
                ),
            ],
        ),
        Question(
            "One of three trainings gets 97 % right in colour, and 48 % on the same pictures in grey. A probe that was "
            "fitted on grey pictures gets 87.5 %. Which conclusion do these numbers carry?",
            [
                Option(
                    "The tuned network loses more than grey has taken away.",
                    True,
                    "A probe that met grey loses little: 88.7 % in colour, 87.5 % in grey. Whether the tuned one "
                    "leaned on colour or stumbled over grey, and what its 97 % need, stays open.",
                ),
                Option(
                    "Grey pictures hold too little to tell the classes.",
                    False,
                    "The probe that was fitted on grey found 87.5 %, and in colour it gets 88.7 %. Nearly all that it "
                    "goes by is still there.",
                ),
                Option(
                    "Networks need colour to tell these kinds of land.",
                    False,
                    "This one was trained with colour in each picture, and had no reason to do without. A probe on "
                    "grey pictures lost 1.2 points.",
                ),
                Option(
                    "Tuning on colour has wiped out what it knew of shapes.",
                    False,
                    "The numbers do not say that. Grey pictures are unlike those it was tuned on, and it can fail on "
                    "them with its shapes intact. That takes another test.",
                ),
            ],
        ),
        Question(
            "The network says River with 99 %. On the test pictures its calibration error is 0.5 %. What may you take "
            "from that?",
            [
                Option(
                    "This picture is a river with a probability of 99 %.",
                    False,
                    "Calibration is counted over many pictures from one source. This picture shows a river or it does "
                    "not, and from another source the count promises nothing.",
                ),
                Option(
                    "Of many such answers one in a hundred is wrong.",
                    True,
                    "That is what was counted, on pictures like those of the test set. Whether one error in a hundred "
                    "is acceptable is for you to say.",
                ),
                Option(
                    "Its answers at 65 % are right 65 times in 100.",
                    False,
                    "The error is an average, and nine answers of ten lie in the top bin. Between 60 and 70 % it was "
                    "right in 59 % of 37 cases, which hardly counts there.",
                ),
            ],
        ),
    ],
    lesson="03",
)
