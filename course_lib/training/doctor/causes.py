"""Every cause that the doctor can name: its slug, its words, its mend, and the mend as code to paste.

The list follows what studies of real programs report: Humbatova et al., *Taxonomy of real faults in deep learning
systems*, 2020; Zhang et al., *An empirical study on TensorFlow program bugs*, 2018; Islam et al., 2019.
"""

from __future__ import annotations

from typing import NamedTuple

from .verdict import Certainty, Finding


class Cause(NamedTuple):
    """What stands in the list for one slug."""

    words: str
    mend: str
    code: str = ""


_NORMALISE = "x = (x - mean[None, :, None, None]) / std[None, :, None, None]  # of the training set, per channel"
_RATE = "for group in optimizer.param_groups:\n    group['lr'] = 1e-3  # Adam; about 1e-2 for SGD with momentum"
_LOGITS = "loss = torch.nn.functional.cross_entropy(logits, y)  # logits: no softmax, no sigmoid, no ReLU behind them"
_OPTIMIZER = "optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)  # after the last `model = …`"
_LOOP = "optimizer.zero_grad()\nloss = loss_function(model(x), y)\nloss.backward()\noptimizer.step()"

CAUSES: dict[str, Cause] = {
    # --- what the loop sees ---
    "inputs-not-finite": Cause(
        "some inputs are NaN or infinite",
        "look for a division by a deviation of 0, or a logarithm of 0, in the preprocessing",
        "x = (x - mean) / std.clamp(min=1e-6)\nassert x.isfinite().all()",
    ),
    "inputs-constant": Cause(
        "all pictures are the same to the network",
        "look at the preprocessing: integers divided, a cast to bytes after dividing by 255, a wrong mask",
        "x = pictures.float() / 255  # first the float, then the division",
    ),
    "classes-erased": Cause(
        "the classes are lost between loading and the network",
        "look at the preprocessing and the augmentation, one step at a time: which one takes the difference away?",
        "x = (x - mean[None, :, None, None]) / std[None, :, None, None]  # of the set, not of each picture",
    ),
    "inputs-not-normalised": Cause(
        "the inputs are not normalised", "normalise each channel with the training set's mean and deviation", _NORMALISE
    ),
    "inputs-scaled-twice": Cause(
        "the inputs are scaled twice",
        "divide by 255 once: ToTensor, ConvertImageDtype or a Rescaling layer does it already",
        "x = pictures.float() / 255  # once\nx = (x - mean) / std",
    ),
    "preprocessing-missing": Cause(
        "a pretrained network gets pictures that are not prepared as in its pretraining",
        "prepare the pictures as its weights were trained",
        "transform = weights.transforms()  # torchvision; in Keras: that network's own preprocess_input, once",
    ),
    "channels-last": Cause(
        "the channels are in the wrong place",
        "move the channels to where the network looks for them; permute, never reshape or view",
        "x = x.permute(0, 3, 1, 2)  # [B, H, W, C] → [B, C, H, W]",
    ),
    "validation-prepared-differently": Cause(
        "validation pictures are prepared in another way than training pictures",
        "use one function for both; leave out only the random augmentation",
        "x_val = prepare(val_pictures)  # the same prepare, with the training set's mean and deviation",
    ),
    "validation-classes-differ": Cause(
        "the classes are numbered otherwise in validation than in training",
        "make one list of classes and use it for both",
        "number = {name: i for i, name in enumerate(sorted(train_classes))}  # for train and validation",
    ),
    "labels-out-of-step": Cause(
        "labels and pictures are out of step in training",
        "show ten training pictures with their labels; sort file names and labels in one go, never apart",
        "order = torch.randperm(len(x))\nx, y = x[order], y[order]  # both, and with the same order",
    ),
    "labels-out-of-range": Cause(
        "some labels are outside of what the loss takes",
        "number the classes 0 … K−1",
        "y = y - y.min()  # of 1 … K; of −1 and +1: y = (y + 1) // 2",
    ),
    "labels-wrong-form": Cause(
        "the labels have another form than the loss wants",
        "give class numbers, int64 [B], to cross_entropy; floats of the output's shape to binary_cross_entropy",
        "loss = cross_entropy(logits, y.long())\n"
        "loss = binary_cross_entropy_with_logits(output, y.float().reshape(output.shape))",
    ),
    "one-class-only": Cause(
        "all labels that the loop sees are of one class",
        "look at how labels are made and pictures are picked",
        "print(torch.cat([y for _, y in loader]).unique(return_counts=True))",
    ),
    "batches-not-shuffled": Cause(
        "each batch holds one class only, since the pictures come class by class",
        "shuffle the training pictures in every epoch",
        "loader = DataLoader(dataset, batch_size=32, shuffle=True)",
    ),
    "few-pictures-drawn": Cause(
        "the same few pictures are drawn again and again",
        "give WeightedRandomSampler one weight a picture, not one a class; a generator must go on where it was",
        "weights = class_weights[labels]  # [N], one a picture\n"
        "sampler = WeightedRandomSampler(weights, num_samples=len(weights))",
    ),
    "class-weights-inverted": Cause(
        "the loss's class weights make the frequent class heavier still",
        "weigh each class by one over its count",
        "counts = torch.bincount(labels).float()\n"
        "loss = nn.CrossEntropyLoss(weight=counts.sum() / (len(counts) * counts))",
    ),
    # --- loss and output ---
    "softmax-before-cross-entropy": Cause(
        "cross-entropy gets probabilities and takes them for logits",
        "leave out the softmax: cross_entropy does it itself",
        _LOGITS,
    ),
    "softmax-over-the-batch": Cause(
        "the softmax runs over the pictures of a batch, not over the classes", "take dim=1", "p = logits.softmax(dim=1)"
    ),
    "sigmoid-twice": Cause(
        "the sigmoid is applied twice: in the network and in the loss",
        "leave the network's sigmoid out, or take BCELoss",
        "loss = binary_cross_entropy_with_logits(logits, y)  # logits: no sigmoid behind them",
    ),
    "loss-wants-log-probabilities": Cause(
        "the loss wants log-probabilities and gets something else",
        "take cross_entropy, or a log_softmax before nll_loss or kl_div",
        "loss = torch.nn.functional.cross_entropy(logits, y)  # = nll_loss(logits.log_softmax(dim=1), y)",
    ),
    "loss-wants-probabilities": Cause(
        "the loss wants probabilities and gets logits",
        "take the loss that takes logits",
        "loss = binary_cross_entropy_with_logits(logits, y)\n# Keras: loss=CategoricalCrossentropy(from_logits=True)",
    ),
    "loss-wants-logits": Cause(
        "the loss wants logits and gets probabilities",
        "leave the softmax or sigmoid out, or from_logits",
        "model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=False))",
    ),
    "softmax-on-one-unit": Cause(
        "a softmax over one unit is always 1",
        "take two units, or one unit and a sigmoid",
        "model = nn.Sequential(body, nn.Linear(width, 1))\n"
        "loss = binary_cross_entropy_with_logits(model(x)[:, 0], y.float())",
    ),
    "relu-on-logits": Cause(
        "a ReLU cuts the logits off at 0", "end with the linear layer, without an activation behind it", _LOGITS
    ),
    "loss-broadcasts": Cause(
        "output and labels broadcast against each other: every picture is compared with every label",
        "give both the same shape",
        "loss = mse_loss(output.squeeze(1), y.float())  # both [B]",
    ),
    "loss-detached": Cause(
        "the loss is cut off from the weights: no gradient comes back",
        "leave out detach, item, argmax, numpy, torch.tensor(…) and no_grad between the weights and loss.backward()",
        "loss = loss_function(model(x), y)  # as it comes\nloss.backward()",
    ),
    "loss-maximised": Cause(
        "the loss is driven up instead of down",
        "take the sign away: of the loss, of the step, or maximize=True",
        "loss = cross_entropy(logits, y)  # and no minus\nloss.backward()",
    ),
    "too-few-outputs": Cause(
        "the network has fewer outputs than there are classes",
        "give the last layer one output a class; one output with a sigmoid only for two classes",
        "head = nn.Linear(width, len(classes))",
    ),
    "loss-does-not-fit": Cause(
        "the loss does not fit the output", "compare the shapes", "print(model(x).shape, y.shape, y.dtype)"
    ),
    "loss-for-numbers": Cause(
        "the loss takes class numbers for quantities: class 2 lies between 1 and 3 for it",
        "take one output a class and cross-entropy",
        _LOGITS,
    ),
    # --- weights and steps ---
    "everything-frozen": Cause(
        "everything is frozen",
        "set requires_grad = True for the head at least, and give those weights to the optimizer",
        "for weight in model.fc.parameters():  # the last layer, whatever its name\n    weight.requires_grad = True",
    ),
    "optimizer-of-another-model": Cause(
        "the optimizer belongs to another network",
        "make the optimizer after the model, and again whenever the model is made again",
        _OPTIMIZER,
    ),
    "optimizer-holds-a-part": Cause(
        "the optimizer holds only a part of the weights", "give it all that shall learn", _OPTIMIZER
    ),
    "layers-not-registered": Cause(
        "some layers are not registered with the network",
        "keep layers in nn.ModuleList, nn.ModuleDict or as attributes, made once in __init__",
        "self.layers = nn.ModuleList(layers)  # not a plain list",
    ),
    "zero-grad-forgotten": Cause("the gradients of all steps add up", "call zero_grad in every step", _LOOP),
    "zero-grad-after-backward": Cause(
        "the gradients are set to zero between backward and step", "call zero_grad before backward", _LOOP
    ),
    "backward-missing": Cause("backward is never called", "call loss.backward() in every step", _LOOP),
    "step-missing": Cause("optimizer.step is never called", "call optimizer.step() after backward", _LOOP),
    "learning-rate-too-high": Cause("the learning rate is too high", "try a tenth, and a hundredth", _RATE),
    "learning-rate-too-low": Cause("the learning rate is too low", "try ten times, and a hundred times", _RATE),
    "scheduler-too-often": Cause(
        "the scheduler takes the rate down too early",
        "call scheduler.step() once an epoch, after the loop over batches, or count its steps in batches",
        "for epoch in range(epochs):\n    for x, y in loader:\n        step(x, y)\n    scheduler.step()",
    ),
    "weight-decay-too-strong": Cause(
        "the weight decay is too strong",
        "no weight decay while you search, then 1e-4",
        "for group in optimizer.param_groups:\n    group['weight_decay'] = 0",
    ),
    "dropout-too-strong": Cause(
        "dropout is too strong",
        "no dropout while you search, then 0.2",
        "for module in model.modules():\n    if isinstance(module, nn.Dropout):\n        module.p = 0",
    ),
    "gradients-clipped-away": Cause(
        "the gradients are clipped to almost nothing",
        "clip at 1, or not at all",
        "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    ),
    "weights-alike": Cause(
        "all weights of a layer are alike, so that its units stay alike",
        "start from random weights, as every layer does by itself: leave out whatever sets them",
        "for module in model.modules():\n    if hasattr(module, 'reset_parameters'):\n"
        "        module.reset_parameters()",
    ),
    "initial-weights-too-large": Cause(
        "the weights are too large at the start",
        "leave out your own initialisation, or draw with He's deviation √(2 / inputs)",
        "nn.init.kaiming_normal_(layer.weight)",
    ),
    "initial-weights-too-small": Cause(
        "the weights are too small at the start",
        "leave out your own initialisation, or draw with He's deviation √(2 / inputs)",
        "nn.init.kaiming_normal_(layer.weight)",
    ),
    "gradients-vanish": Cause(
        "the gradients vanish on their way to the first layers",
        "ReLU instead of sigmoid or tanh, a BatchNorm behind every layer, or fewer layers",
        "nn.Sequential(nn.Conv2d(c, d, 3, padding=1), nn.BatchNorm2d(d), nn.ReLU())",
    ),
    "activations-missing": Cause(
        "nothing but linear layers: together they are no more than one",
        "put a ReLU behind every layer but the last",
        "nn.Sequential(nn.Conv2d(c, d, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(width, classes))",
    ),
    "not-in-train-mode": Cause(
        "the network is not in train mode while it trains",
        "call model.train() at the start of each epoch",
        "model.train()",
    ),
    "dropout-at-validation": Cause(
        "dropout goes on in eval mode",
        "take nn.Dropout, or tell the function when to stop",
        "x = F.dropout(x, 0.5, training=self.training)",
    ),
    "batchnorm-averages-lag": Cause(
        "BatchNorm's moving averages are still near their start when eval mode uses them",
        "leave the momentum at its default, or train for many more steps",
        "nn.BatchNorm2d(channels)  # momentum=0.1 in torch\nlayers.BatchNormalization()  # momentum=0.99 in Keras",
    ),
    "batchnorm-sees-one": Cause(
        "a BatchNorm sees one picture at a time",
        "larger batches, drop_last=True, or a GroupNorm",
        "loader = DataLoader(dataset, batch_size=32, shuffle=True, drop_last=True)",
    ),
    "not-finite-under-autocast": Cause(
        "the numbers overflow under autocast",
        "take bfloat16 in place of float16, or compute the loss outside of autocast in float32",
        "with torch.autocast(device, dtype=torch.bfloat16):\n    logits = model(x)\n"
        "loss = cross_entropy(logits.float(), y)",
    ),
    "model-recreated": Cause(
        "the network is made anew while it trains", "make model and optimizer once, before the loop", _OPTIMIZER
    ),
    "trainable-after-compile": Cause(
        "trainable was set after compile, and compile decides what is trained",
        "compile again after every change of trainable",
        "layer.trainable = True\nmodel.compile(optimizer, loss, metrics=['accuracy'])",
    ),
    "gradients-not-finite": Cause(
        "the gradients are NaN or infinite",
        "look for log(0), a division by 0 or the root of 0 in network and loss",
        "with torch.autograd.detect_anomaly():\n    loss_function(model(x), y).backward()",
    ),
    "network-does-not-fit-inputs": Cause(
        "the network does not take these pictures",
        "compare the picture's shape with what the first layers and the first linear layer want",
        "print(x.shape, x.dtype)\nprint(model)",
    ),
    "step-fails": Cause(
        "the step stops with an error", "read the error's last line, and the line of yours above it", ""
    ),
    "cause-unknown": Cause(
        "it cannot learn a few pictures by heart, and none of the mends that were tried helped",
        "make it smaller step by step: fewer layers, two pictures, until something learns",
    ),
}


def finding(
    name: str, evidence: str, certainty: Certainty = "likely", *, mend: str | None = None, code: str | None = None
) -> Finding:
    """The finding of that name; `mend` and `code` replace the list's where more is known."""
    cause = CAUSES[name]
    mend = cause.mend if mend is None else mend
    return Finding(name, cause.words, evidence, mend, cause.code if code is None else code, certainty)
