"""The training doctor: seconds for a ResNet-18 at 64 px, and the memory that a loader of any size costs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.models import resnet18

from course_lib import training

# A process of its own each: how much it has held at most is known only of whole processes.
_MEMORY = """
import resource, torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from course_lib import training
from course_lib.training.doctor import causes, keras_trials, meaning
import sklearn.linear_model, sklearn.model_selection, sklearn.pipeline, sklearn.preprocessing, sklearn.svm
class Many(Dataset):
    def __len__(self): return 20_000
    def __getitem__(self, i):
        return torch.rand(3, 224, 224, generator=torch.Generator().manual_seed(i)), i % 5
def net():
    return nn.Sequential(nn.Conv2d(3, 8, 7, 4), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(8, 5))
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
torch.set_num_threads(1); torch.manual_seed(0)
model, loader = net(), DataLoader(Many(), 32, shuffle=True)
optimizer = torch.optim.Adam(model.parameters())
for step, (x, y) in zip(range(5), loader):
    optimizer.zero_grad(); nn.functional.cross_entropy(model(x), y).backward(); optimizer.step()
before = peak()
training.diagnose(model, loader, optimizer=optimizer, val_batches=DataLoader(Many(), 32))
print(peak() - before)
"""


def memory() -> float:
    """MB by which `diagnose` exceeds what training had held, for 20,000 pictures of 224 px and as many held out."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", _MEMORY], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def seconds() -> dict[str, float]:
    """Of `diagnose` for a ResNet-18 at 64 px that can learn, and for one whose labels were drawn by lot."""
    torch.manual_seed(0)
    y = torch.arange(512) % 4
    x = torch.rand(512, 3, 64, 64)
    x[torch.arange(512), y % 3] += 0.5 * (1 + y[:, None, None] // 3)
    took = {}
    for name, labels in (("can learn", y), ("cannot", y[torch.randperm(512)])):
        model = resnet18(num_classes=4)
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
        loader = DataLoader(TensorDataset(x, labels), 32, shuffle=True)
        begun = time.perf_counter()
        training.diagnose(model, loader, optimizer=optimizer, val_batches=[(x[:64], labels[:64])])
        took[name] = time.perf_counter() - begun
    return took


def main(line: Callable[..., None]) -> None:
    for name, took in seconds().items():
        line(f"diagnose a ResNet-18 at 64 px that {name}", f"{took:.1f} s", "≤ 20 s")
    line("diagnose with 40,000 pictures of 224 px", f"{memory():.0f} MB more", "≤ 100 MB")
