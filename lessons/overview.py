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
            "random weights, frozen": probes["mobilenet_v2_035, random, 64 px"],
            "random weights, trained for six epochs": start["trained from scratch"],
            "learned from drawings (texture_net), frozen": probes["texture_net, textures, 64 px"],
            "learned from photographs, frozen": probes["mobilenet_v2_035, ImageNet, 64 px"],
            "learned from photographs, fine-tuned": start["fine-tuned from ImageNet"],
        },
        title="EuroSAT at 64 px; MobileNetV2 where nothing else is said",
    )
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(drawing.png())


if __name__ == "__main__":
    main()
