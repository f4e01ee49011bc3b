from itertools import permutations

import pytest

from domain.exams.papers import orders, permutation, to_canonical, to_display


@pytest.mark.parametrize("n", range(6))
def test_orders_are_numbered_lexicographically(n: int) -> None:
    assert [permutation(index, n) for index in range(orders(n))] == list(permutations(range(n)))


def test_order_zero_is_the_canonical_one() -> None:
    assert permutation(0, 6) == (0, 1, 2, 3, 4, 5)


@pytest.mark.parametrize("index", [-1, 24])
def test_there_is_no_order_beyond_the_last(index: int) -> None:
    with pytest.raises(ValueError, match="no order"):
        permutation(index, 4)


def test_the_first_box_ticked_is_the_option_that_was_shown_first() -> None:
    index = list(permutations(range(4))).index((2, 0, 3, 1))
    assert to_canonical(0b0001, index, 4) == 0b0100
    assert to_canonical(0b1010, index, 4) == 0b0011
    assert to_display(0b0100, index, 4) == 0b0001


def test_masks_go_there_and_back_in_every_order() -> None:
    for index in range(orders(4)):
        for mask in range(1 << 4):
            assert to_display(to_canonical(mask, index, 4), index, 4) == mask


@pytest.mark.parametrize("convert", [to_canonical, to_display])
@pytest.mark.parametrize("mask", [-1, 0b10000])
def test_a_mask_with_a_box_that_does_not_exist_is_refused(convert: object, mask: int) -> None:
    assert callable(convert)
    with pytest.raises(ValueError, match="does not fit"):
        convert(mask, 0, 4)
