"""Draw README's figure from the evidence: `make lessons` does it after the lessons."""

from __future__ import annotations

from pathlib import Path

from course_lib import figures, trials

TARGET = Path(__file__).with_name("images") / "overview.png"


def main() -> None:
    """Write the PNG; it changes only when the evidence does."""
    probes, start = trials.summary("probe_backbones"), trials.summary("probe_or_finetune")
    drawing = figures.dots(
        {
            "six colour numbers, boosted trees": trials.summary("colour_floor")["six colour numbers, boosted trees"],
            "random weights, frozen": probes["squeezenet1_1, random, 64 px"],
            "trained on drawn textures, frozen": probes["texture_net, textures, 64 px"],
            "trained on photographs, frozen": probes["squeezenet1_1, ImageNet, 64 px"],
            "trained from scratch": start["trained from scratch"],
            "trained on photographs, then fine-tuned": start["fine-tuned from ImageNet"],
        },
        title="EuroSAT at 64 px, ten kinds of land",
    )
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(drawing.png())


if __name__ == "__main__":
    main()
