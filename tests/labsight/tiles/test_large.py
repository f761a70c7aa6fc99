import threading

import pytest

from labsight.errors import StorageUnavailable
from labsight.tiles.large import AT_A_TIME, LARGE_PX, LARGE_SOURCE_PX, Large


@pytest.mark.parametrize("large", [(LARGE_PX + 1, 1), (1, LARGE_SOURCE_PX + 1)])
def test_of_large_pictures_few_are_drawn_at_a_time(large: tuple[int, int]) -> None:
    room = Large(wait_seconds=0.01)
    end, begun = threading.Event(), threading.Barrier(AT_A_TIME + 1)

    def draw() -> None:
        with room.room(*large):
            begun.wait(10)
            end.wait(10)

    threads = [threading.Thread(target=draw) for _ in range(AT_A_TIME)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    with pytest.raises(StorageUnavailable, match="try again in a moment"), room.room(*large):
        pass
    with room.room(LARGE_PX, LARGE_SOURCE_PX):
        end.set()  # tiles never wait
    for thread in threads:
        thread.join()
    with room.room(*large):
        pass


def test_a_picture_that_fails_makes_room_again() -> None:
    room = Large(wait_seconds=0.01)
    for _ in range(2 * AT_A_TIME):
        with pytest.raises(ValueError, match="damaged"), room.room(LARGE_PX + 1, 1):
            raise ValueError("damaged")
