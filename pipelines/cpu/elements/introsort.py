"""The order in which libstdc++'s std::sort leaves equal elements.

The C++ standard does not define the order of equal elements, but libstdc++ always gives the same one: quicksort around the
median of three down to runs of 16, heapsort if the recursion grows too deep, and one insertion sort at the end.
This module follows that description, to agree with the vendor wherever its output depends on the order.
"""

from collections.abc import Callable, MutableSequence
from typing import TypeVar

Item = TypeVar("Item")
Less = Callable[[Item, Item], bool]

_RUN = 16  # the insertion sort handles shorter runs


def introsort(items: MutableSequence[Item], less: Less[Item]) -> None:
    """Sort in place. `less` need not be an order (NaN compares false with everything). Reads only inside `items`."""
    if len(items) < 2:
        return
    _quicksort(items, 0, len(items), 2 * (len(items).bit_length() - 1), less)
    head = min(_RUN, len(items))
    for last in range(1, head):
        if less(items[last], items[0]):
            items.insert(0, items.pop(last))
        else:
            _insert(items, last, less)
    for last in range(head, len(items)):
        _insert(items, last, less)


def _quicksort(items: MutableSequence[Item], first: int, last: int, depth: int, less: Less[Item]) -> None:
    while last - first > _RUN:
        if depth == 0:
            _heapsort(items, first, last, less)
            return
        depth -= 1
        cut = _partition(items, first, last, less)
        _quicksort(items, cut, last, depth, less)
        last = cut


def _partition(items: MutableSequence[Item], first: int, last: int, less: Less[Item]) -> int:
    """Move the median of the second, middle and last element to the front and split the rest around it."""
    low, middle, high = first + 1, first + (last - first) // 2, last - 1
    if less(items[low], items[middle]):
        median = middle if less(items[middle], items[high]) else high if less(items[low], items[high]) else low
    else:
        median = low if less(items[low], items[high]) else high if less(items[middle], items[high]) else middle
    items[first], items[median] = items[median], items[first]
    pivot = items[first]
    left, right, end = low, last, last
    while True:
        while left < end and less(items[left], pivot):
            left += 1
        right -= 1
        while right > first and less(pivot, items[right]):
            right -= 1
        if left >= right:
            return left
        items[left], items[right] = items[right], items[left]
        left += 1


def _insert(items: MutableSequence[Item], last: int, less: Less[Item]) -> None:
    item = items[last]
    while last > 0 and less(item, items[last - 1]):
        items[last] = items[last - 1]
        last -= 1
    items[last] = item


def _heapsort(items: MutableSequence[Item], first: int, last: int, less: Less[Item]) -> None:
    length = last - first
    for parent in range((length - 2) // 2, -1, -1):
        _sift(items, first, parent, length, items[first + parent], less)
    for end in range(length - 1, 0, -1):
        item = items[first + end]
        items[first + end] = items[first]
        _sift(items, first, 0, end, item, less)


def _sift(items: MutableSequence[Item], first: int, hole: int, length: int, item: Item, less: Less[Item]) -> None:
    """Move the hole down to a leaf along the larger children, then move the item up from there."""
    top = hole
    while hole < (length - 1) // 2:
        child = 2 * hole + 2
        if less(items[first + child], items[first + child - 1]):
            child -= 1
        items[first + hole] = items[first + child]
        hole = child
    if length % 2 == 0 and hole == (length - 2) // 2:
        items[first + hole] = items[first + 2 * hole + 1]
        hole = 2 * hole + 1
    while hole > top and less(items[first + (hole - 1) // 2], item):
        items[first + hole] = items[first + (hole - 1) // 2]
        hole = (hole - 1) // 2
    items[first + hole] = item
