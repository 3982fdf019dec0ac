"""Heads that learn from unknown pictures: with which loss, from which pictures, and from how many."""

from __future__ import annotations

from functools import lru_cache

from ...openset import World
from ...study import Result
from . import measures
from .heads import Head, HeadSettings, Loss, certainty, named_right, train_with_unknowns, unknown_score
from .unknown_pictures import Unknowns, unknown_features
from .worlds import LogoWorld, Settings, chosen, logo_world


@lru_cache(maxsize=32)
def taught_head(made: LogoWorld, settings: HeadSettings, loss: Loss, unknowns: Unknowns, seed: int) -> Head:
    """A head that learns the ten logos, and `unknowns`."""
    return train_with_unknowns(logo_world(made, seed), unknown_features(made, unknowns, seed), settings, loss, seed)


def learn_from_unknowns(settings: Settings, seed: int) -> Result:
    """Accuracy on the known, AUROC near and far, and how sure it is of unknowns. Reads `LogoWorld`, `HeadSettings`,
    `Loss`, `Unknowns` and `sure`."""
    made, loss, unknowns = chosen(LogoWorld, settings), Loss.chosen(settings), Unknowns.chosen(settings)
    world = logo_world(made, seed)
    head = taught_head(made, chosen(HeadSettings, settings), loss, unknowns, seed)
    highest = {"near": certainty(head, world.near, loss), "far": certainty(head, world.far, loss)}
    certainties = measures.certainties(highest, settings["sure"])
    wanted = (measures.SURE["near"], measures.MEAN["near"], measures.MEAN["far"])
    return measures.result(
        measures.accuracy(named_right(head, world))
        | _areas(head, world, loss)
        | {name: certainties[name] for name in wanted},
        world.source,
    )


def learn_from_many(settings: Settings, seed: int) -> Result:
    """AUROC near and far, and the accuracy on the known, where "none of these" is wrong.

    The head learns `per_class_learned` pictures of each logo, and `times` as many unknown ones; without kinds, none.
    The other settings are those of `LogoWorld`, `HeadSettings`, `Loss` and `Unknowns` without its count.
    """
    made, loss = chosen(LogoWorld, settings), Loss.chosen(settings)
    world, per_class = logo_world(made, seed), settings["per_class_learned"]
    count = max(round(settings["times"] * per_class), settings["kinds"])
    unknown = unknown_features(made, Unknowns.chosen(settings, count), seed)
    head = train_with_unknowns(world, unknown, chosen(HeadSettings, settings), loss, seed, per_class)
    right = head(world.known).argmax(dim=1) == world.truth
    return measures.result(measures.accuracy(right) | _areas(head, world, loss), world.source)


def _areas(head: Head, world: World, loss: Loss) -> measures.Measures:
    return measures.areas(*(unknown_score(head, x, loss) for x in (world.known, world.near, world.far)))
