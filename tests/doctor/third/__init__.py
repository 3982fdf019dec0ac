"""The third half of the bench: written when the doctor was done, by somebody who had not read it or run it.

Its mistakes are those of questions in forums, in other pictures, networks and losses than in the first two halves; no
lots were drawn, for nobody who works on the doctor shall have seen it before it is scored. Results of training lie in
`third_validation.jsonl`; `python -m tests.doctor.validate --half third` makes them.

Two were written and thrown out, for their sick version learned as well as the mended one: a log_softmax over the batch
(`dim=0`) in front of nll_loss (0.95, 0.99, 0.99 against 1.0, 0.99, 0.98), and `view` in place of `permute` for pictures
of faces (1.0 with all three seeds).
"""

# Mistakes for which the first two halves have no name. The doctor was not told of them: score with and without.
CAUSES_OF_ITS_OWN = {
    "batchnorm-averages-lag": "BatchNorm's moving averages are still near their start when validation uses them",
    "class-weights-inverted": "the loss's class weights make the frequent class heavier still",
    "dropout-at-validation": "dropout goes on in eval mode",
    "few-pictures-drawn": "a sampler or generator gives the same few pictures again and again",
}
