"""Of how many pictures the seeds of a trial draw their tests, where they split one set: `study.Experiment.pool`."""

EUROSAT = 27_000
EUROSAT_CLASS = 2_500
"""Of one class, as they are on average; its classes have 2,000 to 3,000."""
HIGHWAY_AND_RIVER = 5_000
CAR_LOGOS = 2_000
EUROSAT_OVERLAPPING = 823
"""Those whose middle lies less than 600 m from another's."""
EUROSAT_BESIDE = 12_566
"""Those whose middle lies 630 to 700 m from another's."""
