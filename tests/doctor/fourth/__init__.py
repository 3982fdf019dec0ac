"""The fourth part of the bench: 23 set-ups, written and committed before the doctor was asked about any of them.

Who wrote them had mended the doctor after the third part, and so knew how it works; kinds were taken from questions in
forums and from the groups of Humbatova et al., whether or not the doctor looks for them. Results of training lie in
`fourth_validation.jsonl`; `python -m tests.doctor.validate --half fourth` makes them. Nothing was mended after the
answers. One was thrown out before it was asked, for its sick version learned: validation pictures as bytes where
training had lost its mean (0.85, 0.66 and 0.86 against 1.0).
"""

# Mistakes for which the first two halves have no name; the doctor has.
CAUSES_OF_ITS_OWN = {
    "class-weights-inverted": "the loss's class weights make the frequent class heavier still",
    "network-does-not-fit-inputs": "a shape or type of the pictures stops the network with an error",
}
