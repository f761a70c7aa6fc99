"""Which objects have to be looked at to know what one key, or all below one, stands for."""

from collections.abc import Iterator

from labsight import keys
from labsight.objects import ObjectInfo, metadata
from labsight_lab.register.items import Items, found, sent_by_sync
from labsight_lab.register.looking import Looker
from labsight_lab.sync.look.roles import Role, by_role
from labsight_lab.sync.look.scan import Problem, Seen

_BESIDE = frozenset({Role.DICOM, Role.TIFF, Role.LIST, Role.COMPANION, Role.TEXT})


def resolved(looker: Looker, key: str) -> Items | None:
    """Return the slides that a key stands for, None when the archive holds nothing there.

    A key that ends with ``/``, or is none by itself but begins others, stands for all below it.
    """
    if not key.endswith("/"):
        info = looker.find(key)
        if info is not None:
            return _one(looker, info)
        key += "/"
    objects = _whole(looker, key) or looker.below(key)
    return found(looker, objects) if objects else None


def _one(looker: Looker, info: ObjectInfo) -> Items:
    """Return the slide that an object is, or is a part of."""
    key, role = info.key, _role(info.key)
    if keys.is_unit(key):
        return found(looker, [info])
    unit = looker.metadata(key).get(metadata.UNIT)
    if unit is not None:
        return _unit(looker, key, metadata.decoded(unit))
    folder = f"{key.rpartition('/')[0]}/"
    if role is Role.SLIDE:
        objects = [info]
    elif role is Role.FOLDER:
        objects = [info, *looker.below(_folder_of(key))]
    elif role in _BESIDE:
        objects = looker.below(folder)
    else:
        objects = _whole(looker, folder) or looker.below(folder)
    return found(looker, objects).of(key)


def _unit(looker: Looker, key: str, unit: str) -> Items:
    """Return the unit that an object says it is a part of; ``unit`` is a key, or a slide's id."""
    if keys.is_unit(unit):
        place = unit.removesuffix(f"/{keys.UNIT}")
        objects = [*looker.below(unit), *looker.below(f"{place}~r")]
    else:
        objects = looker.below(f"{key.rpartition('/')[0]}/")
        for above in _at_and_above(key):
            objects += looker.below(f"{above}{keys.UNIT}")
    items = found(looker, [info for info in objects if keys.is_unit(info.key)]).of(key)
    if not items.slides:
        items.problems.append(Problem(key, sent_by_sync(keys.printable(unit))))
    return items


def _whole(looker: Looker, prefix: str) -> list[ObjectInfo]:
    """Return all objects of the slide of many files whose folder this is, or lies in, if any."""
    for above in _at_and_above(prefix):
        if looker.find(f"{above}{keys.UNIT}"):
            return [*_indexes(looker, above), *looker.below(above)]
        if indexes := _indexes(looker, above):
            return [*indexes, *looker.below(above)]
    return []


def _indexes(looker: Looker, folder: str) -> list[ObjectInfo]:
    """Return the files that stand for a folder by their names."""
    above, _, name = folder[:-1].rpartition("/")
    names = [f"{name}.mrxs"]
    if len(name) > 2 and name.startswith("_") and name.endswith("_"):
        names.append(f"{name[1:-1]}.vsi")
    return [info for one in names if (info := looker.find(f"{above}/{one}"))]


def _folder_of(index: str) -> str:
    """Return the folder that a file stands for by its name."""
    folder, _, name = index.rpartition("/")
    stem, _, suffix = name.rpartition(".")
    return f"{folder}/{stem if suffix.lower() == 'mrxs' else f'_{stem}_'}/"


def _at_and_above(key: str) -> Iterator[str]:
    """Yield the folders of a key, the nearest first, below that of its source."""
    folders = key.split("/")[:-1]
    for depth in range(len(folders), 2, -1):
        yield "/".join(folders[:depth]) + "/"


def _role(key: str) -> Role:
    piles = by_role([Seen(key, 0, 0)])
    return next(role for role, pile in piles.items() if pile)
