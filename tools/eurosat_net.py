"""Fine-tune the network that chapter 3 ships, write its weights and the record of its training, and test it.

python tools/eurosat_net.py            train, write course_lib/lessons/transfer/eurosat_net.safetensors and .json
python tools/eurosat_net.py measure    its accuracy on the test pictures, which it has never seen
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from course_lib import data, metrics, models, training
from course_lib.lessons.transfer import network


def main(command: str = "train") -> None:
    if command == "train":
        # A training that was cut off goes on from here.
        checkpoint = Path(tempfile.gettempdir()) / "eurosat_net.checkpoint"
        model, run = network.trained(checkpoint=checkpoint)
        models.save(model, network.FILE)
        run.save(network.RECORD)
        checkpoint.unlink()
        print(f"{network.FILE.name}: {network.FILE.stat().st_size / 1e6:.2f} MB; {run}")
    measure()


def measure() -> None:
    """Print how many of the test pictures are right, and of which class how many."""
    test = network.parts(data.load("eurosat", source="real"))[2]
    logits = training.predict(network.shipped(), test)
    print(f"test accuracy {metrics.accuracy_at(1, logits, test.labels):.2%} (n = {len(test):,}, a random split)")
    for row in metrics.per_class(metrics.confusion_matrix(logits, test.labels), test.classes):
        print(row)


if __name__ == "__main__":
    main(*sys.argv[1:])
