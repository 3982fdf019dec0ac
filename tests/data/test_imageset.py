import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.data import ImageSet


def make(counts=(30, 50, 20), size=8):
    labels = torch.cat([torch.full((n,), k) for k, n in enumerate(counts)])
    images = torch.arange(len(labels), dtype=torch.uint8)[:, None, None, None].expand(-1, 3, size, size)
    return ImageSet.of(images.contiguous(), labels, [f"class {k}" for k in range(len(counts))])


def test_split_is_a_partition_and_stratified():
    whole = make()
    parts = whole.split((0.8, 0.1, 0.1), seed=3)
    assert [len(p) for p in parts] == [80, 10, 10]
    assert torch.cat([p.rows for p in parts]).sort().values.tolist() == list(range(100))
    for part, share in zip(parts, (0.8, 0.1, 0.1), strict=True):
        for name, n in part.counts.items():
            assert abs(n - share * whole.counts[name]) <= 1


def test_split_depends_on_the_seed_alone():
    whole = make()
    again, other = whole.split(seed=1)[0], whole.split(seed=2)[0]
    assert torch.equal(whole.split(seed=1)[0].rows, again.rows)
    assert not torch.equal(again.rows, other.rows)


def test_pictures_keep_their_labels_through_splits_of_splits():
    part = make().split((0.5, 0.5))[1].subset(20, seed=5)
    assert torch.equal(part.images[:, 0, 0, 0].long(), part.rows)
    assert torch.equal(part.labels, make().labels[part.rows])


def test_a_split_shares_the_pixels():
    whole = make()
    assert whole.split()[0].store.data_ptr() == whole.store.data_ptr()


def test_changed_pictures_keep_labels_and_source():
    part = make().split((0.5, 0.5))[1]
    found = part.changed(lambda images: images + 1)
    assert torch.equal(found.images, part.images + 1)
    assert torch.equal(found.labels, part.labels)
    assert (found.source, found.name, found.classes) == (part.source, part.name, part.classes)


@pytest.mark.parametrize("counts", [(1,), (3, 1), (10, 1, 1)])
def test_tiny_classes_are_split_without_loss(counts):
    whole = make(counts)
    assert sum(len(p) for p in whole.split()) == len(whole)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, database=None, max_examples=200)
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=4).filter(any),
    st.lists(st.one_of(st.just(0.0), st.floats(0.001, 1)), min_size=1, max_size=5).filter(any),
    st.integers(0, 2**32),
)
def test_a_part_that_was_asked_for_has_pictures_or_a_warning_says_that_it_has_none(counts, parts, seed):
    whole = make(counts)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        cut = whole.split(parts, seed=seed)
    asked = [part for part, share in zip(cut, parts, strict=True) if share > 0]
    assert torch.cat([part.rows for part in cut]).sort().values.tolist() == list(range(len(whole)))
    assert all(len(part) for part in asked) == (len(whole) >= len(asked)) == (not told)
    assert all(len(part) == 0 for part, share in zip(cut, parts, strict=True) if share == 0)


def test_fewer_pictures_than_parts_is_said():
    with pytest.warns(UserWarning, match=r"2 pictures for 3 parts.*3 pictures or more"):
        assert sum(map(len, make((2,)).split())) == 2


def test_digest_tells_content_and_rows_apart():
    whole = make()
    assert whole.digest() == make().digest()
    assert whole.digest() != make(size=9).digest()
    assert whole.at([0, 1]).digest() != whole.at([1, 0]).digest()


def test_digest_tells_shapes_of_the_same_bytes_apart():
    bytes_ = torch.arange(2 * 3 * 4 * 6, dtype=torch.uint8)
    shapes = [(2, 3, 4, 6), (2, 3, 6, 4), (2, 1, 12, 6), (2, 3, 2, 12)]
    assert len({ImageSet.of(bytes_.reshape(shape), [0, 1], "ab").digest() for shape in shapes}) == len(shapes)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(2, 3, 8, 8), [0, 1], "float32.*uint8"),
        (torch.zeros(2, 8, 8, dtype=torch.uint8), [0, 1], r"\[N, C, H, W\]"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), [0], "2 pictures and 1 labels"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), [0, 2], "labels from 0 to 2"),
    ],
)
def test_bad_input_is_named(images, labels, message):
    with pytest.raises(ValueError, match=message):
        ImageSet.of(images, labels, ["a", "b"])


@pytest.mark.parametrize("parts", [(), (0, 0), (-1, 2), (float("nan"), 1)])
def test_bad_parts_are_named(parts):
    with pytest.raises(ValueError, match="shares"):
        make().split(parts)


@pytest.mark.parametrize("n", [0, 101])
def test_bad_subset_is_named(n):
    with pytest.raises(ValueError, match="1 to 100"):
        make().subset(n)
