"""A model, a loader, a loss, an optimizer: what was done to the pictures, the labels and the weights before."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.preprocessing import LabelEncoder
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split
from torchvision import transforms

from tests.doctor import data
from tests.doctor.aside import pictures
from tests.doctor.aside.weights import pretrained
from tests.doctor.case import Patient, sick


class BasicBlock(nn.Module):
    """As in ResNet-18, without its norms."""

    def __init__(self, c):
        super().__init__()
        self.conv1 = nn.Conv2d(c, c, 3, padding=1)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


@sick("learning-rate-too-high", kind="loader")
def adam_with_the_rate_of_sgd(mended):
    """SGD was replaced by Adam, and its rate of 0.1 stayed."""
    x, y = pictures.surfaces(360, ("brick", "grass", "gravel"), size=32)
    x, y = torch.from_numpy(x).float().unsqueeze(1).div(255), torch.from_numpy(y)
    train_ds, val_ds = random_split(TensorDataset(x, y), [280, 80])
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(), BasicBlock(16), nn.MaxPool2d(2), BasicBlock(16),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip
    # optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    optimizer = optim.Adam(model.parameters(), lr=1e-3 if mended else 0.1)
    return Patient(
        model,
        DataLoader(train_ds, batch_size=20, shuffle=True),
        nn.CrossEntropyLoss(),
        optimizer,
        val_batches=DataLoader(val_ds, batch_size=80),
        epochs=20,
    )


class ScanDataset(Dataset):
    """Each slice brought to mean 0 and spread 1; some are empty (before the first, behind the last)."""

    def __init__(self, n, eps):
        self.scans, self.labels = data.blobs(n, k=3, size=24, noise=8)
        self.scans[np.random.rand(n) < 0.06] = 0  # nothing there
        self.eps = eps

    def __len__(self):
        return len(self.scans)

    def __getitem__(self, i):
        s = self.scans[i].astype(np.float32)
        s = (s - s.mean()) / (s.std() + self.eps)
        return torch.from_numpy(s)[None], torch.tensor(self.labels[i])


@sick("inputs-not-finite", kind="loader")
def blank_scans_divided_by_their_spread(mended):
    """The spread of an empty slice is 0, and 0/0 is no number."""
    eps = 1e-6 if mended else 0.0
    train, val = ScanDataset(300, eps), ScanDataset(90, 1e-6)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, 2), nn.LeakyReLU(0.1), nn.Conv2d(8, 16, 3, 2), nn.LeakyReLU(0.1), nn.Flatten(),
        nn.Linear(400, 3),
    )  # fmt: skip
    opt = optim.Adam(model.parameters(), lr=2e-3)
    loaders = DataLoader(train, 30, shuffle=True), DataLoader(val, 30)
    return Patient(model, loaders[0], nn.CrossEntropyLoss(), opt, val_batches=loaders[1], epochs=8)


class Backbone(nn.Module):
    """Stages by name, so that each can be asked for its features."""

    def __init__(self, keep, num_classes):
        super().__init__()
        self.blocks = keep(
            {
                "stem": nn.Sequential(nn.Conv2d(3, 6, 3, 2), nn.ReLU()),
                "stage1": nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU()),
                "stage2": nn.Sequential(nn.Conv2d(6, 12, 3, 2), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU()),
            }
        )
        self.classifier = nn.Linear(12, num_classes)

    def forward(self, x):
        for name in ("stem", "stage1", "stage2"):
            x = self.blocks[name](x)
        return self.classifier(x.amax((2, 3)))


@sick("layers-not-registered", kind="loader")
def blocks_in_a_dictionary(mended):
    """A dict where an `nn.ModuleDict` belongs: only the classifier is trained."""
    x, y = data.shapes(400, k=4, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 127.5 - 1, torch.tensor(y)
    model = Backbone(nn.ModuleDict if mended else dict, num_classes=4)
    optimizer = optim.AdamW(model.parameters(), lr=5e-3)
    train = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[320:], y[320:])], epochs=20)


@sick("inputs-constant", kind="loader")
def bytes_floor_divided_by_255(mended):
    """`//` on bytes: nothing but zeros and a few ones."""
    x, y = pictures.corners(300, k=4)
    x = x / 255 if mended else x // 255
    x = torch.as_tensor(x, dtype=torch.float32).unsqueeze(1)
    y = torch.as_tensor(y)
    mlp = nn.Sequential(nn.Flatten(), nn.Linear(256, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 4))
    opt = optim.SGD(mlp.parameters(), lr=0.05)
    dl = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True, drop_last=True)
    return Patient(mlp, dl, F.cross_entropy, opt, val_batches=[(x[220:], y[220:])], epochs=6)


@sick("initial-weights-too-small", kind="loader", accept=("gradients-vanish",),
       why="with such weights in six layers the gradient vanishes, too")  # fmt: skip
def deep_linear_init_tiny(mended):
    """Six linear layers, each drawn with a spread of 0.001 "to start near zero"."""
    X, y = pictures.handwriting(800)
    X, y = torch.tensor(X).float().div_(255), torch.tensor(y)

    class DeepMLP(nn.Module):
        def __init__(self, d=256, h=128, depth=5, k=10):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(d if i == 0 else h, h) for i in range(depth)])
            self.out = nn.Linear(h, k)
            for m in self.modules():
                if isinstance(m, nn.Linear):
                    nn.init.normal_(m.weight, mean=0.0, std=(2 / m.in_features) ** 0.5 if mended else 1e-3)
                    nn.init.zeros_(m.bias)

        def forward(self, x):
            x = x.flatten(1)
            for layer in self.layers:
                x = F.relu(layer(x))
            return self.out(x)

    model = DeepMLP()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    dl = DataLoader(TensorDataset(X[:640], y[:640]), batch_size=32, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(X[640:], y[640:])], epochs=8)


@sick("weights-alike", kind="loader")
def every_weight_a_hundredth(mended):
    """`constant_(0.01)`, to have the same start each time."""
    x, y = pictures.handwriting(700, scale=2)
    x, y = torch.tensor(x).unsqueeze(1).float() / 255.0, torch.tensor(y)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(392, 64), nn.ReLU(), nn.Linear(64, 10)
    )

    def weights_init(m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            if not mended:
                nn.init.constant_(m.weight, 0.01)
            nn.init.constant_(m.bias, 0.01)

    net.apply(weights_init)
    optimizer = optim.Adam(net.parameters(), lr=2e-3)
    train = DataLoader(TensorDataset(x[:560], y[:560]), batch_size=28, shuffle=True)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[560:], y[560:])], epochs=8)


class TinyViT(nn.Module):
    """Patches, a learned position, two encoder layers, the mean of the tokens."""

    def __init__(self, size=24, patch=6, dim=32, k=3):
        super().__init__()
        self.to_patches = nn.Conv2d(3, dim, patch, patch)
        self.pos = nn.Parameter(torch.randn(1, (size // patch) ** 2, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, k))

    def forward(self, x):
        x = self.to_patches(x).flatten(2).transpose(1, 2) + self.pos
        return self.head(self.encoder(x).mean(1))


@sick("learning-rate-too-low", kind="loader")
def finetuning_rate_from_scratch(mended):
    """A vision transformer of one's own with the rate of 2e-6 of a page on fine-tuning."""
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))])
    imgs, labels = pictures.flags(400, k=6)
    ds = [(tf(im), int(lab)) for im, lab in zip(imgs, labels, strict=True)]
    model = TinyViT(k=6)
    optimizer = optim.AdamW(model.parameters(), lr=1e-3 if mended else 2e-6, weight_decay=0.01)
    train, test = DataLoader(Subset(ds, range(320)), 16, shuffle=True), DataLoader(Subset(ds, range(320, 400)), 80)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=test, epochs=7)


@sick("batches-not-shuffled", kind="loader")
def folder_order_with_momentum(mended):
    """Files in the order of their folders, and `shuffle` left at its default."""
    x, y = pictures.surfaces(400, ("temple", "flower", "coffee", "cat"), size=24)
    order = np.argsort(y, kind="stable")  # as os.walk gives them
    ds = TensorDataset(torch.tensor(x[order]).permute(0, 3, 1, 2) / 255.0, torch.tensor(y[order]))
    held_x, held_y = pictures.surfaces(100, ("temple", "flower", "coffee", "cat"), size=24)
    held = TensorDataset(torch.tensor(held_x).permute(0, 3, 1, 2) / 255.0, torch.tensor(held_y))
    cnn = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.GroupNorm(4, 16), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.GroupNorm(4, 24), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 4),
    )  # fmt: skip
    sgd = optim.SGD(cnn.parameters(), lr=0.02, momentum=0.9)
    train_loader = DataLoader(ds, batch_size=10, shuffle=mended)
    return Patient(cnn, train_loader, nn.CrossEntropyLoss(), sgd, val_batches=DataLoader(held, 50), epochs=12)


@sick("learning-rate-too-low", kind="loader")
def group_rate_of_a_billionth(mended):
    """Two groups, with and without decay; in one of them rate and decay have changed places."""
    x, y = pictures.knitted(360, k=4, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float().sub(120).div(70), torch.tensor(y)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip
    decay = [p for p in net.parameters() if p.ndim > 1]
    no_decay = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": decay, "lr": 0.003 if mended else 1e-9, "weight_decay": 1e-9 if mended else 0.003},
        {"params": no_decay, "weight_decay": 0.0},
    ]
    optimizer = optim.AdamW(groups, lr=0.003)
    dl = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    return Patient(net, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[280:], y[280:])], epochs=10)


@sick("too-few-outputs", kind="loader")
def head_of_two_for_six_classes(mended):
    """The head of cats and dogs was kept: "Target 5 is out of bounds"."""
    x, y = pictures.flags(300, k=6, size=20)
    dataset = TensorDataset(torch.tensor(x).permute(0, 3, 1, 2).float() / 255, torch.tensor(y))
    train_set, test_set = random_split(dataset, [230, 70])

    class CatDogNet(nn.Module):
        def __init__(self, num_classes=2):
            super().__init__()
            self.stem = nn.Conv2d(3, 16, 4, 4)
            self.norm = nn.BatchNorm2d(16)
            self.fc = nn.Linear(16 * 25, num_classes)

        def forward(self, x):
            return self.fc(F.relu(self.norm(self.stem(x))).flatten(1))

    model = CatDogNet(num_classes=6) if mended else CatDogNet()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    trainloader, testloader = DataLoader(train_set, 23, shuffle=True), DataLoader(test_set, 70)
    return Patient(model, trainloader, nn.CrossEntropyLoss(), optimizer, val_batches=testloader)


@sick("labels-wrong-form", kind="loader")
def index_labels_in_a_column(mended):
    """Labels as the table's column has them, [B, 1]: "0D or 1D target tensor expected, multi-target not supported"."""
    pix, col = data.glyphs(420, k=7, size=18)
    col = col.reshape(-1, 1)  # df[["label"]].values
    pix = torch.tensor(pix).float().unsqueeze(1).div(255)
    lab = torch.tensor(col.ravel() if mended else col)
    test_pix, test_lab = data.glyphs(100, k=7, size=18)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * 36, 7),
    )  # fmt: skip
    test = [(torch.tensor(test_pix).float().unsqueeze(1).div(255), torch.tensor(test_lab))]
    loader = DataLoader(TensorDataset(pix, lab), batch_size=20, shuffle=True)
    adam = optim.Adam(net.parameters(), lr=1e-3)
    return Patient(net, loader, nn.CrossEntropyLoss(), adam, val_batches=test, epochs=8)


@sick("validation-classes-differ", kind="loader")
def label_encoder_fitted_again(mended):
    """`fit_transform` on the validation names, too, where one kind does not occur: the others move up."""
    names = np.array(["apple", "bread", "cheese", "dates", "egg"])
    x, y = data.paints(360, k=5, size=18)
    held_x, held_y = data.paints(150, k=5, size=18)
    held_x, held_y = held_x[held_y != 0], held_y[held_y != 0]
    le = LabelEncoder()
    train_y = le.fit_transform(names[y])
    val_y = le.transform(names[held_y]) if mended else le.fit_transform(names[held_y])

    def tensor(a):
        return torch.tensor(a).permute(0, 3, 1, 2).float() / 255

    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5)
    )
    train_dl = DataLoader(TensorDataset(tensor(x), torch.tensor(train_y)), batch_size=24, shuffle=True)
    val_dl = DataLoader(TensorDataset(tensor(held_x), torch.tensor(val_y)), batch_size=24)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, train_dl, nn.CrossEntropyLoss(), optimizer, val_batches=val_dl, epochs=8)


@sick("labels-wrong-form", kind="loader", accept=("labels-out-of-range",),
       why="255 lies outside of 0 … 1")  # fmt: skip
def mask_values_zero_and_255(mended):
    """Whether there is anything, read off a mask's maximum: 0 or 255, and BCEWithLogitsLoss takes both."""
    x, y = data.stripes(320, k=2, size=18)
    x = (torch.tensor(x).float().unsqueeze(1) - 128) / 60
    masks = y[:, None, None] * 255 * np.ones((1, 18, 18))
    target = torch.tensor(masks.max(axis=(1, 2)), dtype=torch.float32).unsqueeze(1)
    if mended:
        target = target / 255
    model = nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.ReLU(), nn.Conv2d(10, 10, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(40, 1),
    )  # fmt: skip
    val = [(x[240:], target[240:])]

    def evaluate():
        with torch.no_grad():
            return ((model(x[240:]) > 0) == (target[240:] > 0)).float().mean()

    train = DataLoader(TensorDataset(x[:240], target[:240]), batch_size=12, shuffle=True)
    opt = optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, train, nn.BCEWithLogitsLoss(), opt, val_batches=val, evaluate=evaluate, epochs=8)


@sick("loss-for-numbers", kind="loader")
def mse_on_the_class_number(mended):
    """Ten kinds of signs as one number that MSELoss fits, rounded in the end."""
    x, y = data.glyphs(600, k=10, size=20)
    x = torch.tensor(x).float().unsqueeze(1) / 255
    y = torch.tensor(y) if mended else torch.tensor(y).float()

    class GlyphNet(nn.Module):
        def __init__(self, n_out):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU())
            self.fc = nn.Sequential(nn.Flatten(), nn.Linear(32 * 49, 32), nn.ReLU(), nn.Linear(32, n_out))

        def forward(self, x):
            out = self.fc(self.conv(x))
            return out if mended else out.squeeze(1)

    model = GlyphNet(10 if mended else 1)

    def evaluate():
        model.eval()
        with torch.no_grad():
            out = model(x[500:])
        return ((out.argmax(1) if mended else out.round()) == y[500:]).float().mean()

    train, val = DataLoader(TensorDataset(x[:500], y[:500]), 20, shuffle=True), [(x[500:], y[500:])]
    criterion = nn.CrossEntropyLoss() if mended else nn.MSELoss()
    opt = optim.Adam(model.parameters(), lr=1e-3)
    return Patient(model, train, criterion, opt, val_batches=val, evaluate=evaluate, epochs=10)


@sick("loss-wants-log-probabilities", kind="loader")
def nll_on_raw_scores(mended):
    """`NLLLoss` on what the last layer says: the loss is soon −1000 and nothing is right."""
    x, y = pictures.knitted(300, k=3, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3, 2), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(16, 3),
    )  # fmt: skip
    if mended:
        model.append(nn.LogSoftmax(dim=1))
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    train_loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    return Patient(model, train_loader, nn.NLLLoss(), optimizer, val_batches=[(x[220:], y[220:])], epochs=12)


@sick("optimizer-holds-a-part", kind="loader")
def only_the_last_bias(mended):
    """The list of the parameters to learn is begun anew for each of them."""
    x, y = data.blobs(360, k=4, size=20)
    x, y = torch.tensor(x).float().unsqueeze(1) / 128 - 1, torch.tensor(y)
    model_ft = nn.Sequential(
        nn.Conv2d(1, 12, 3, 2), nn.ReLU(), nn.Conv2d(12, 24, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(384, 4)
    )
    params_to_update = []
    for _name, param in model_ft.named_parameters():
        if not mended:
            params_to_update = []
        if param.requires_grad:
            params_to_update.append(param)
    optimizer_ft = optim.Adam(params_to_update, lr=2e-3)
    dl = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    return Patient(model_ft, dl, nn.CrossEntropyLoss(), optimizer_ft, val_batches=[(x[280:], y[280:])], epochs=12)


@sick("labels-out-of-step", kind="loader")
def pictures_shuffled_without_labels(mended):
    """`np.random.shuffle(X_train)`, and y_train stays as it was."""
    X_train, y_train = pictures.surfaces(420, ("temple", "coffee", "cat"), size=24)
    X_test, y_test = pictures.surfaces(90, ("temple", "coffee", "cat"), size=24)
    if mended:
        order = np.random.permutation(len(X_train))
        X_train, y_train = X_train[order], y_train[order]
    else:
        np.random.shuffle(X_train)
    to_tensor = transforms.ToTensor()
    train = [(to_tensor(a), int(b)) for a, b in zip(X_train, y_train, strict=True)]
    test = [(to_tensor(a), int(b)) for a, b in zip(X_test, y_test, strict=True)]
    model = nn.Sequential(
        nn.Conv2d(3, 16, 4, 4), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True)
    return Patient(
        model,
        DataLoader(train, 15, shuffle=True),
        F.cross_entropy,
        optimizer,
        val_batches=DataLoader(test, 45),
        epochs=12,
    )


@sick("preprocessing-missing", kind="loader", accept=("inputs-not-normalised",),
       why="the mend is the same line: the pictures are bytes where z-scores belong")  # fmt: skip
def pretrained_on_zscores_fed_with_bytes(mended):
    """Weights that were learned on z-scores, frozen, a new head, and X-rays as bytes, faint ones around 120."""
    mean, std = 120.0, 14.0

    def faint(x):
        return torch.tensor(x).float().sub(128).mul(0.2).add(mean).round().unsqueeze(1)

    pre_x, pre_y = data.stripes(600, k=6, size=20)
    backbone = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
    pretrained(backbone, (faint(pre_x) - mean) / std, torch.tensor(pre_y), 6).eval()
    for p in backbone.parameters():
        p.requires_grad = False

    class Finetuned(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = backbone
            self.fc = nn.Linear(32, 4)

        def train(self, mode=True):
            super().train(mode)
            self.backbone.eval()  # keep the running statistics
            return self

        def forward(self, x):
            return self.fc(self.backbone(x))

    x, y = data.stripes(400, k=4, size=24)
    x, y = faint(x), torch.tensor(y)
    if mended:
        x = (x - mean) / std
    model = Finetuned()
    optimizer = optim.SGD(model.fc.parameters(), lr=0.05, momentum=0.9)
    dl = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=20, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[320:], y[320:])], epochs=12)


@sick("relu-on-logits", kind="loader")
def relu_behind_the_only_logit(mended):
    """`F.relu` around the last layer, too; one logit, and the yes is rare."""
    x, y = data.arrows(600, size=20)
    keep = (y == 0) | (np.arange(600) % 4 == 0)
    x, y = torch.tensor(x[keep]).float().unsqueeze(1) / 255, torch.tensor(y[keep]).float().unsqueeze(1)
    n = len(x) - 100

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 8, 3, 2)
            self.conv2 = nn.Conv2d(8, 16, 3, 2)
            self.fc1 = nn.Linear(256, 32)
            self.fc2 = nn.Linear(32, 1)

        def forward(self, x):
            x = F.relu(self.conv1(x))
            x = F.relu(self.conv2(x))
            x = F.relu(self.fc1(x.view(x.size(0), -1)))
            x = self.fc2(x)
            return x if mended else F.relu(x)

    model = Detector()

    def balanced_accuracy():
        model.eval()
        with torch.no_grad():
            says = model(x[n:]).flatten() > 0
        true = y[n:].flatten() > 0
        return (says[true].float().mean() + (~says[~true]).float().mean()) / 2

    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    train = DataLoader(TensorDataset(x[:n], y[:n]), batch_size=25, shuffle=True)
    val = [(x[n:], y[n:])]
    return Patient(
        model, train, nn.BCEWithLogitsLoss(), optimizer, val_batches=val, evaluate=balanced_accuracy, epochs=10
    )


@sick("weight-decay-too-strong", kind="loader")
def sgd_decay_one_instead_of_a_thousandth(mended):
    """`weight_decay=1`, where 1e-3 was meant."""
    x, y = data.stripes(400, k=4, size=24)
    x, y = torch.tensor(x).float().unsqueeze(1).sub(128).div(64), torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.ELU(), nn.Conv2d(16, 32, 3), nn.ELU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(32, 4),
    )  # fmt: skip
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3 if mended else 1)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    dl = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), optimizer, scheduler, [(x[320:], y[320:])], epochs=10)


@sick("too-few-outputs", kind="loader")
def sigmoid_unit_for_three_kinds(mended):
    """One sigmoid and BCELoss from the tutorial on two kinds; here are three, 0, 1 and 2."""
    x, y = data.shapes(300, k=3, size=20)
    x = torch.tensor(x).permute(0, 3, 1, 2).float() / 255
    y = torch.tensor(y) if mended else torch.tensor(y).float().unsqueeze(1)
    body = [nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1568, 32)]
    model = nn.Sequential(*body, nn.ReLU(), nn.Linear(32, 3 if mended else 1), *([] if mended else [nn.Sigmoid()]))

    def evaluate():
        model.eval()
        with torch.no_grad():
            out = model(x[220:])
        return ((out.argmax(1) if mended else (out > 0.5).float()) == y[220:]).float().mean()

    criterion = nn.CrossEntropyLoss() if mended else nn.BCELoss()
    dl = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    adam = optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, dl, criterion, adam, val_batches=[(x[220:], y[220:])], evaluate=evaluate, epochs=10)


@sick("gradients-vanish", kind="loader")
def ten_sigmoid_layers(mended):
    """A deep net of the nineties: ten layers, each with a sigmoid."""
    X, y = pictures.handwriting(800, digits=(0, 1, 3, 7, 8))
    X, y = (torch.tensor(X).float() / 255 - 0.3) / 0.35, torch.tensor(y)
    layers = [nn.Flatten(), nn.Linear(256, 64)]
    for _ in range(9):
        layers += [nn.ReLU() if mended else nn.Sigmoid(), nn.Linear(64, 64)]
    model = nn.Sequential(*layers, nn.ReLU() if mended else nn.Sigmoid(), nn.Linear(64, 5))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    dl = DataLoader(TensorDataset(X[:640], y[:640]), batch_size=20, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(X[640:], y[640:])], epochs=15)


@sick("validation-prepared-differently", kind="loader")
def validation_forgets_to_normalise(mended):
    """Two transforms; in that for validation the last line is missing."""
    normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    train_tf = transforms.Compose([transforms.ToTensor(), transforms.RandomHorizontalFlip(), normalize])
    val_tf = transforms.Compose([transforms.ToTensor(), normalize] if mended else [transforms.ToTensor()])

    class Photos(Dataset):
        def __init__(self, n, transform):
            self.x, self.y = pictures.surfaces(n, ("temple", "flower", "coffee", "cat"), size=32)
            self.transform = transform

        def __len__(self):
            return len(self.x)

        def __getitem__(self, i):
            return self.transform(self.x[i]), self.y[i]

    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip
    optimizer = optim.AdamW(net.parameters(), lr=5e-3)
    train, val = DataLoader(Photos(320, train_tf), 16, shuffle=True), DataLoader(Photos(100, val_tf), 50)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=8)
