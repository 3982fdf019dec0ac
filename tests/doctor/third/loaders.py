"""A model and a DataLoader, and a mistake in the pictures, the labels, the loss or the layers."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, TensorDataset, WeightedRandomSampler, random_split
from torchvision import transforms
from torchvision.transforms.functional import to_pil_image

from tests.doctor import data
from tests.doctor.aside.pictures import corners, flags, handwriting, surfaces
from tests.doctor.case import Patient, sick
from tests.doctor.third import pictures


def small_cnn(channels, classes, width=12):
    """Two convolutions, the largest answers in four quarters, one linear layer."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 2), nn.ReLU(), nn.Conv2d(width, 2 * width, 3), nn.ReLU(),
        nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(8 * width, classes),
    )  # fmt: skip


def tensors(x, y, scale=255.0):
    """As a TensorDataset: channels in front, 0–1."""
    x = torch.from_numpy(x)
    x = x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2)
    return TensorDataset(x / scale, torch.from_numpy(y))


# --- labels --------------------------------------------------------------------------------------------------


class PathFolder(Dataset):
    """Label from the path, as in many a notebook."""

    def __init__(self, root, n, is_cheerful):
        self.images, kinds = pictures.faces(n, size=20)
        self.paths = [f"{root}/{'happy' if kind else 'sad'}/{i:04d}.jpg" for i, kind in enumerate(kinds)]
        self.is_cheerful = is_cheerful

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i]).permute(2, 0, 1) / 255, int(self.is_cheerful(self.paths[i]))


@sick("one-class-only", kind="loader")
def happy_is_in_every_path(mended):
    """`"happy" in path`, and the folder is called happy_or_sad: every label is 1."""
    root = "/content/happy_or_sad"
    train = PathFolder(root, 300, lambda path: "happy" in (path.split("/")[-2] if mended else path))
    val = PathFolder(root, 80, lambda path: path.split("/")[-2] == "happy")
    model = small_cnn(3, 2)
    optimizer = optim.Adam(model.parameters(), lr=4e-3)
    return Patient(model, DataLoader(train, 20, shuffle=True), nn.CrossEntropyLoss(), optimizer,
                   val_batches=DataLoader(val, 40), epochs=12)  # fmt: skip


@sick("labels-out-of-step", kind="loader")
def listdir_sorted_as_text(mended):
    """`sorted(os.listdir())` puts img_10 before img_2; the labels are in the table's order."""
    x, y = data.shapes(340, k=3, size=20)
    files = {f"img_{i}.png": picture for i, picture in enumerate(x)}
    names = sorted(files, key=lambda name: int(name[4:-4]) if mended else name)
    x = np.stack([files[name] for name in names])
    ds = tensors(x, y)
    train, val = random_split(ds, [260, 80])
    model = small_cnn(3, 3, width=16)
    optimizer = optim.Adam(model.parameters(), lr=4e-3)
    loaders = DataLoader(train, batch_size=20, shuffle=True), DataLoader(val, batch_size=40)
    return Patient(model, loaders[0], nn.CrossEntropyLoss(), optimizer, val_batches=loaders[1], epochs=12)


@sick("labels-out-of-step", kind="loader")
def pictures_and_labels_split_apart(mended):
    """`random_split` for the pictures, `random_split` for the labels, no common seed."""
    x, y = pictures.clocks(420, k=4)
    x = [torch.from_numpy(picture)[None] / 255 for picture in x]
    y = [int(label) for label in y]
    rng = (lambda: torch.Generator().manual_seed(42)) if mended else (lambda: None)
    train_x, val_x = random_split(x, [340, 80], generator=rng() or torch.default_generator)
    train_y, val_y = random_split(y, [340, 80], generator=rng() or torch.default_generator)
    net = small_cnn(1, 4)
    dl = DataLoader(list(zip(train_x, train_y, strict=True)), batch_size=20, shuffle=True)
    val = DataLoader(list(zip(val_x, val_y, strict=True)), batch_size=80)
    return Patient(net, dl, F.cross_entropy, optim.AdamW(net.parameters(), lr=5e-3), val_batches=val, epochs=10)


@sick("labels-wrong-form", kind="loader")
def float_labels_from_a_data_frame(mended):
    """The table's column is float64: "expected scalar type Long but found Double"."""
    x, y = pictures.tiles(300, k=3, size=20)
    column = y.astype(np.float64)
    x = torch.tensor(x).permute(0, 3, 1, 2).float() / 255
    y = torch.tensor(column)
    y = y.long() if mended else y
    net = nn.Sequential(nn.Conv2d(3, 16, 5, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 3))
    train = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=22, shuffle=True)
    val = DataLoader(TensorDataset(x[220:], y[220:]), batch_size=80)
    return Patient(net, train, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 2e-3), val_batches=val, epochs=6)


@sick("labels-out-of-range", kind="loader", accept=("labels-wrong-form",),
      why="BCE takes labels of 0 and 1: 1 and 2 are out of its range, or of the wrong form")  # fmt: skip
def benign_one_malignant_two(mended):
    """Coded 1 and 2 in the clinic's table; BCEWithLogitsLoss takes them, and the loss goes below nothing."""
    x, y = pictures.scans(400, size=24, contrast=90)
    code = torch.from_numpy(y + 1.0).float()[:, None]
    target = code - 1 if mended else code
    x = torch.from_numpy(x).unsqueeze(1) / 255
    model = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(12, 1),
    )  # fmt: skip
    train = DataLoader(TensorDataset(x[:320], target[:320]), batch_size=16, shuffle=True)
    val = DataLoader(TensorDataset(x[320:], target[320:]), batch_size=80)
    adam = optim.Adam(model.parameters(), lr=5e-3)

    def evaluate():
        positive = (model.eval()(x[320:]) > 0).float()
        return (positive == code[320:] - 1).float().mean()

    return Patient(model, train, nn.BCEWithLogitsLoss(), adam, val_batches=val, evaluate=evaluate, epochs=8)


@sick("validation-classes-differ", kind="loader")
def numbers_in_order_of_appearance(mended):
    """Names become numbers in the order in which they turn up, once for each of the two lists."""
    names = np.array(["cat", "dog", "horse", "cow", "pig"])
    x, y = pictures.letters(500, k=5)
    train_names, val_names = names[y[:400]].tolist(), names[y[400:]].tolist()

    def numbered(found, table):
        for name in found:
            table.setdefault(name, len(table))
        return np.array([table[name] for name in found])

    table = {}
    train_y = numbered(train_names, table)
    val_y = numbered(val_names, table if mended else {"pig": 0})  # the file's first line is a pig
    model = small_cnn(1, 5)
    opt = optim.Adam(model.parameters(), lr=4e-3)
    train = DataLoader(tensors(x[:400], train_y), batch_size=20, shuffle=True)
    return Patient(model, train, nn.CrossEntropyLoss(), opt, val_batches=[tensors(x[400:], val_y)[:]], epochs=8)


# --- pictures ------------------------------------------------------------------------------------------------


@sick("inputs-constant", kind="loader")
def cache_returns_the_first_picture(mended):
    """A cache without a key: what was loaded first is what every index gets."""

    class Cached(Dataset):
        def __init__(self, n):
            self.x, self.y = pictures.tiles(n, k=4, size=20)
            self.cache = {}

        def __len__(self):
            return len(self.y)

        def __getitem__(self, idx):
            key = idx if mended else "image"
            if key not in self.cache:
                self.cache[key] = torch.from_numpy(self.x[idx]).permute(2, 0, 1).float().div(255)
            return self.cache[key], int(self.y[idx])

    model = small_cnn(3, 4)
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, DataLoader(Cached(240), 16, shuffle=True), nn.CrossEntropyLoss(), optimizer,
                   val_batches=DataLoader(Cached(80), 40), epochs=6)  # fmt: skip


@sick("classes-erased", kind="loader")
def hue_jitter_on_paints(mended):
    """ColorJitter with hue=0.5, from a recipe for cars, where the colour is the class."""
    jitter = transforms.ColorJitter(brightness=0.2, hue=0 if mended else 0.5)

    class Paints(Dataset):
        def __init__(self, n, transform):
            x, self.y = data.paints(n, k=4, size=12)
            self.x, self.transform = [to_pil_image(picture) for picture in x], transform

        def __len__(self):
            return len(self.y)

        def __getitem__(self, i):
            return self.transform(self.x[i]), self.y[i]

    train = Paints(200, transforms.Compose([jitter, transforms.ToTensor()]))
    val = Paints(80, transforms.ToTensor())
    net = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4))
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    return Patient(net, DataLoader(train, 10, shuffle=True), nn.CrossEntropyLoss(), optimizer,
                   val_batches=DataLoader(val, 80), epochs=8)  # fmt: skip


@sick("classes-erased", kind="loader")
def thumbnails_of_four_pixels(mended):
    """`Resize(4)` to be quick; the direction of the stripes does not survive it."""
    x, y = data.stripes(400, k=3, size=24)
    side = 24 if mended else 4
    small = transforms.Resize((side, side), antialias=True)
    x, y = small(torch.from_numpy(x).unsqueeze(1).float() / 255), torch.from_numpy(y)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.Conv2d(16, 16, 3, 2, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip
    dl = DataLoader(TensorDataset(x[:300], y[:300]), batch_size=20, shuffle=True)
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    return Patient(net, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[300:], y[300:])], epochs=6)


@sick("inputs-not-finite", kind="loader")
def logarithm_of_black_pixels(mended):
    """Radar backscatter in decibels: `log10` of a pixel that is 0."""
    x, y = surfaces(300, ("brick", "grass", "gravel"), size=24)
    x = np.clip(x.astype(np.float32) - 60, 0, None)  # the sensor's floor
    x = np.log10(x + 1) if mended else np.log10(x)
    x = torch.from_numpy(x)[:, None]
    y = torch.from_numpy(y)
    model = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 3),
    )  # fmt: skip
    dl = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    adam = optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, dl, nn.CrossEntropyLoss(), adam, val_batches=[(x[220:], y[220:])], epochs=12)


@sick("inputs-not-normalised", kind="loader")
def sixteen_bit_x_rays(mended):
    """0 … 65535 as the detector gives them; with SGD the first step is the last."""
    x, y = pictures.scans(360, size=24, contrast=90)
    raw = x.astype(np.float32) * 257
    x = torch.from_numpy((raw - raw.mean()) / raw.std() if mended else raw).unsqueeze(1)
    y = torch.from_numpy(y)
    cnn = nn.Sequential(
        nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 16, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(16, 2),
    )  # fmt: skip
    sgd = optim.SGD(cnn.parameters(), lr=0.02, momentum=0.9)
    train = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=14, shuffle=True)
    return Patient(cnn, train, nn.CrossEntropyLoss(), sgd, val_batches=[(x[280:], y[280:])], epochs=12)


@sick("inputs-scaled-twice", kind="loader", accept=("inputs-not-normalised", "inputs-constant"),
      why="what arrives is −2.0 everywhere, give or take 0.01")  # fmt: skip
def byte_statistics_behind_to_tensor(mended):
    """`Normalize` with mean 118 and std 60, measured on bytes, behind `ToTensor`, which has divided by 255."""
    scale = 255 if mended else 1
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize([118 / scale] * 3, [60 / scale] * 3)])
    x, y = flags(340, k=4, size=18)
    x, y = torch.stack([tf(picture) for picture in x]), torch.from_numpy(y)
    net = nn.Sequential(
        nn.Conv2d(3, 12, 3, 2), nn.Tanh(), nn.Conv2d(12, 16, 3), nn.Tanh(), nn.Flatten(), nn.Linear(576, 4)
    )
    sgd = optim.SGD(net.parameters(), lr=0.01)
    train = DataLoader(TensorDataset(x[:260], y[:260]), batch_size=20, shuffle=True)
    return Patient(net, train, F.cross_entropy, sgd, val_batches=[(x[260:], y[260:])], epochs=8)


@sick("validation-prepared-differently", kind="loader")
def only_training_pictures_inverted(mended):
    """Black ink on white paper; the training set was inverted to look like MNIST, the other was not."""
    x, y = handwriting(800, digits=(0, 1, 2, 4, 7))
    paper = 255 - x
    train_x, val_x = 255 - paper[:700], paper[700:]
    if mended:
        val_x = 255 - val_x
    mlp = nn.Sequential(nn.Flatten(), nn.Linear(256, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 5))
    train = DataLoader(tensors(train_x, y[:700]), batch_size=35, shuffle=True)
    val = DataLoader(tensors(val_x, y[700:]), batch_size=50)
    return Patient(mlp, train, nn.CrossEntropyLoss(), optim.Adam(mlp.parameters(), 3e-3), val_batches=val, epochs=5)


@sick("few-pictures-drawn", kind="loader")
def sampler_got_a_weight_per_class(mended):
    """WeightedRandomSampler wants a weight for each picture; with one for each class it draws the first eight only."""
    x, y = pictures.letters(500, k=8, moved=1)
    ds = tensors(x[:400], y[:400])
    class_weights = 1.0 / np.bincount(y[:400])
    weights = class_weights[y[:400]] if mended else class_weights
    sampler = WeightedRandomSampler(torch.from_numpy(weights), num_samples=400)
    model = nn.Sequential(nn.Flatten(), nn.Linear(400, 64), nn.ReLU(), nn.Linear(64, 8))
    train = DataLoader(ds, batch_size=20, sampler=sampler)
    val = [tensors(x[400:], y[400:])[:]]
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=10)


# --- loss, rate, layers --------------------------------------------------------------------------------------


@sick("learning-rate-too-low", kind="loader")
def lambda_gives_the_rate_itself(mended):
    """LambdaLR wants a factor and got the rate: 0.001 × 0.001."""
    x, y = pictures.clocks(400, k=4)
    net = small_cnn(1, 4)
    optimizer = optim.Adam(net.parameters(), lr=4e-3)
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: (1 if mended else 4e-3) * 0.95**epoch)
    train = DataLoader(tensors(x[:320], y[:320]), batch_size=20, shuffle=True)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, scheduler, [tensors(x[320:], y[320:])[:]], epochs=8)


@sick("learning-rate-too-high", kind="loader")
def rate_times_batch_size(mended):
    """The rule of linear scaling without its 256: 0.1 × 32."""
    batch_size = 32
    x, y = pictures.letters(600, k=6)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(512, 6)
    )
    sgd = optim.SGD(net.parameters(), lr=0.1 * batch_size / (256 if mended else 1), momentum=0.9, nesterov=True)
    train = DataLoader(tensors(x[:500], y[:500]), batch_size, shuffle=True)
    return Patient(net, train, nn.CrossEntropyLoss(), sgd, val_batches=[tensors(x[500:], y[500:])[:]], epochs=12)


@sick("optimizer-holds-a-part", kind="loader")
def only_the_group_without_decay(mended):
    """Two lists, with decay and without; only the one with biases and norms was handed over."""
    x, y = pictures.letters(520, k=6, moved=1)
    model = nn.Sequential(nn.Flatten(), nn.Linear(400, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 6))
    decay = [p for p in model.parameters() if p.ndim > 1]
    no_decay = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": no_decay, "weight_decay": 0.0}]
    if mended:
        groups.append({"params": decay, "weight_decay": 0.01})
    optimizer = optim.AdamW(groups, lr=2e-3)
    train = DataLoader(tensors(x[:420], y[:420]), batch_size=20, shuffle=True)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=[tensors(x[420:], y[420:])[:]],
                   epochs=12)  # fmt: skip


class ByHand(nn.Module):
    """A perceptron "from scratch" whose last layer is from torch."""

    def __init__(self, registered):
        super().__init__()
        w1, w2 = torch.randn(256, 32) / 16, torch.randn(32, 8) / 6
        self.w1 = nn.Parameter(w1) if registered else w1.requires_grad_()
        self.w2 = nn.Parameter(w2) if registered else w2.requires_grad_()
        self.out = nn.Linear(8, 10)

    def forward(self, x):
        x = torch.relu(x.flatten(1) @ self.w1)
        return self.out(torch.relu(x @ self.w2))


@sick("layers-not-registered", kind="loader")
def weights_are_plain_tensors(mended):
    """`torch.randn(…, requires_grad=True)` where `nn.Parameter` belongs."""
    x, y = handwriting(1100)
    net = ByHand(registered=mended)
    optimizer = optim.Adam(net.parameters(), lr=5e-3)
    train = DataLoader(tensors(x[:1000], y[:1000], 127.0), batch_size=40, shuffle=True)
    val = [tensors(x[1000:], y[1000:], 127.0)[:]]
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=10)


class DenseLike(nn.Module):
    """Its head is called `classifier`, as in DenseNet and MobileNet."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32),
            nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip
        self.classifier = nn.Linear(32, 100)

    def forward(self, x):
        return self.classifier(self.features(x))


@sick("everything-frozen", kind="loader", accept=("optimizer-holds-a-part", "optimizer-of-another-model"),
      why="what the optimizer holds is a layer that is never used")  # fmt: skip
def new_head_under_the_name_fc(mended):
    """Frozen, and the new head is `model.fc`, which this architecture does not have: it is never called."""
    x, y = pictures.tiles(320, k=4)
    model = DenseLike()
    for param in model.parameters():
        param.requires_grad = False
    head = nn.Linear(32, 4)
    if mended:
        model.classifier = head
    else:
        model.fc = head
    optimizer = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.02)
    train = DataLoader(tensors(x[:240], y[:240]), batch_size=20, shuffle=True)
    val = DataLoader(tensors(x[240:], y[240:]), batch_size=80)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=8)


@sick("weights-alike", kind="loader")
def zeros_as_for_a_logistic_regression(mended):
    """`zeros_` for every layer, which does no harm where there is only one."""
    x, y = corners(340, k=4)
    mlp = nn.Sequential(nn.Flatten(), nn.Linear(256, 24), nn.ReLU(), nn.Linear(24, 4))
    for m in mlp:
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight) if mended else nn.init.zeros_(m.weight)
            nn.init.zeros_(m.bias)
    train = DataLoader(tensors(x[:260], y[:260]), batch_size=20, shuffle=True)
    sgd = optim.SGD(mlp.parameters(), lr=0.05, momentum=0.9)
    return Patient(mlp, train, nn.CrossEntropyLoss(), sgd, val_batches=[tensors(x[260:], y[260:])[:]], epochs=8)


@sick("initial-weights-too-large", kind="loader")
def uniform_init_with_its_defaults(mended):
    """`nn.init.uniform_` without bounds: all weights between 0 and 1, in every layer."""
    x, y = pictures.letters(520, k=6)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(288, 64),
        nn.ReLU(), nn.Linear(64, 6),
    )  # fmt: skip
    for name, p in net.named_parameters():
        if "weight" in name:
            nn.init.kaiming_uniform_(p) if mended else nn.init.uniform_(p)
    optimizer = optim.Adam(net.parameters(), lr=1e-3)
    train = DataLoader(tensors(x[:420], y[:420]), batch_size=20, shuffle=True)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=[tensors(x[420:], y[420:])[:]], epochs=8)


@sick("gradients-vanish", kind="loader", accept=("initial-weights-too-small",),
      why="torch's own starting weights shrink what goes through a ReLU; 18 layers of them leave nothing")  # fmt: skip
def eighteen_plain_layers(mended):
    """ "Deeper is better": eighteen convolutions behind each other, no norm, no short cut."""
    x, y = pictures.tiles(260, k=4, size=16)
    layers = []
    for i in range(18):
        layers += [nn.Conv2d(3 if i == 0 else 12, 12, 3, padding=1, stride=2 if i in (0, 6) else 1)]
        layers += [nn.BatchNorm2d(12)] if mended else []
        layers += [nn.ReLU()]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 4))
    sgd = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    cosine = optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=8)
    train = DataLoader(tensors(x[:180], y[:180]), batch_size=15, shuffle=True)
    return Patient(net, train, nn.CrossEntropyLoss(), sgd, cosine, [tensors(x[180:], y[180:])[:]], epochs=8)


@sick("dropout-too-strong", kind="loader")
def dropout_behind_each_layer(mended):
    """ "It overfits": 0.8 behind each of five layers."""
    p = 0.05 if mended else 0.8
    x, y = pictures.letters(560, k=5, moved=1)
    layers = [nn.Flatten()]
    for a, b in ((400, 64), (64, 64), (64, 64), (64, 64)):
        layers += [nn.Dropout(p), nn.Linear(a, b), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Dropout(p), nn.Linear(64, 5))
    train = DataLoader(tensors(x[:460], y[:460]), batch_size=20, shuffle=True)
    optimizer = optim.Adam(net.parameters(), lr=2e-3)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=[tensors(x[460:], y[460:])[:]], epochs=12)


@sick("too-few-outputs", kind="loader", accept=("labels-out-of-range", "loss-does-not-fit"),
      why="one output would go with BCEWithLogitsLoss, and the message is of a label out of bounds")  # fmt: skip
def one_output_and_cross_entropy(mended):
    """Smiling or not, so one output; CrossEntropyLoss says "Target 1 is out of bounds"."""
    x, y = pictures.faces(360, size=20)
    net = small_cnn(3, 2 if mended else 1)
    optimizer = optim.Adam(net.parameters(), lr=4e-3)
    train = DataLoader(tensors(x[:280], y[:280]), batch_size=20, shuffle=True)
    val = DataLoader(tensors(x[280:], y[280:]), batch_size=40)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=12)


@sick("dropout-at-validation", kind="loader")
def functional_dropout_never_ends(mended):
    """`F.dropout(x, 0.8)` does not know of `model.eval()`: it needs `training=self.training`."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 16, 3, 2)
            self.fc1 = nn.Linear(16 * 81, 64)
            self.fc2 = nn.Linear(64, 8)

        def forward(self, x):
            x = F.relu(self.conv(x)).flatten(1)
            x = F.relu(self.fc1(F.dropout(x, 0.8, training=self.training or not mended)))
            return self.fc2(F.dropout(x, 0.8, training=self.training or not mended))

    x, y = pictures.letters(560, k=8, moved=1)
    net = Net()
    train = DataLoader(tensors(x[:460], y[:460]), batch_size=20, shuffle=True)
    optimizer = optim.Adam(net.parameters(), lr=2e-3)
    return Patient(net, train, F.cross_entropy, optimizer, val_batches=[tensors(x[460:], y[460:])[:]], epochs=10)
