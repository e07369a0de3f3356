#!/usr/bin/env python3
"""Count how the addon is built, beside what it should be.

Usage: ``python3 scripts/house.py [--check] [--doors]``

With ``--check`` it names what breaks a rule of the structure and fails when anything
does; with ``--doors`` it lists where a lower room may call a higher one. It needs
Python alone; arrows and calls are counted where Odoo's source can be found, too, as a
name that Odoo has as well says nothing about ours.
"""

import ast
import importlib.util
import re
import sys
from collections import Counter, defaultdict
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ADDON = ROOT / "account_credit_posting"
DEVELOPER = ROOT / "doc" / "developer.md"

#: The rooms from the ground up: each may use itself and what stands under it, and not
#: what stands beside it. Files directly in ``models`` or in the addon's own folder are
#: outside this order.
ROOMS = (
    ("tools",),
    ("vat",),
    ("credit",),
    ("promise", "taxes"),
    ("application",),
    ("run",),
    ("voucher",),
    ("stored_value", "approval", "correction", "notice"),
    ("billing", "unclaimed", "breakage"),
    ("report", "proof"),
    ("wizard", "controllers"),
)

MOST_METHODS = 60
MOST_CLASS_LINES = 800
MOST_FILES = 14
MOST_DOOR_STATEMENTS = 8
MERGING_RULE = "consider-merging-classes-inherited"

#: Folders that are no part of the product's own code.
OUTSIDE = ("tests", "migrations")
PATH_HEADING = "The way of one credit"


class Definition(NamedTuple):
    """A name that a file defines."""

    name: str
    room: str | None
    #: Whether it is a function, a method or a class, and not a field or a constant.
    is_code: bool


class Part(NamedTuple):
    """One class of a model."""

    model: str
    source: "Source"
    node: ast.ClassDef
    is_named: bool  # It gives the model its name, rather than extending it.

    @property
    def methods(self):
        """Return the methods that it defines."""
        return [node for node in self.node.body if is_function(node)]

    @property
    def lines(self):
        """Return how many lines it has."""
        return self.node.end_lineno - self.node.lineno + 1


class Arrow(NamedTuple):
    """A use of something that is defined in another room."""

    source: "Source"
    line: int
    name: str
    room: str  # where it is defined
    door: ast.FunctionDef | None  # the public method of a model that uses it

    @property
    def is_allowed(self):
        """Tell whether it leads through a door."""
        return bool(self.door) and count_statements(self.door) <= MOST_DOOR_STATEMENTS

    def __str__(self):
        """Say where it is and which rooms it joins."""
        text = (
            f"{self.source.path}:{self.line}: {self.source.room} uses {self.name}"
            f" of {self.room}, which does not stand under it"
        )
        if self.door and not self.is_allowed:
            text += (
                f"; {self.door.name} is too long for a door, with"
                f" {count_statements(self.door)} statements"
            )
        return text


# -----------------------------------------------------------------------------
# READING
# -----------------------------------------------------------------------------


class Source:
    """One file of the addon."""

    def __init__(self, addon, file):
        """Read and parse the file."""
        self.path = file.relative_to(addon).as_posix()
        self.text = file.read_text()
        self.tree = ast.parse(self.text, str(file))

    @property
    def lines(self):
        """Return how many lines it has."""
        return self.text.count("\n")

    @property
    def room(self):
        """Return the room that it lies in, if any."""
        folder, *rest = self.path.split("/")
        if folder == "models":
            return rest[0] if len(rest) > 1 else None
        return folder if folder in ("tools", "wizard", "controllers") else None

    @cached_property
    def parts(self):
        """Return the classes of models."""
        classes = [node for node in self.tree.body if isinstance(node, ast.ClassDef)]
        return [part for node in classes if (part := self._read_part(node))]

    def _read_part(self, node):
        values = {
            target.id: ast.literal_eval(child.value)
            for child in node.body
            if isinstance(child, ast.Assign)
            for target in child.targets
            if isinstance(target, ast.Name) and target.id in ("_name", "_inherit")
        }
        inherited = values.get("_inherit", [])
        inherited = [inherited] if isinstance(inherited, str) else inherited
        model = values.get("_name") or (inherited[0] if inherited else None)
        return model and Part(model, self, node, model not in inherited)

    @cached_property
    def definitions(self):
        """Return what it defines: functions, classes, and what stands in classes."""
        found = []
        for node in self.tree.body:
            if is_function(node) or isinstance(node, ast.ClassDef):
                found.append(Definition(node.name, self.room, True))
            for child in node.body if isinstance(node, ast.ClassDef) else ():
                if is_function(child):
                    found.append(Definition(child.name, self.room, True))
                found += [
                    Definition(name, self.room, False) for name in get_targets(child)
                ]
        return found

    @cached_property
    def uses(self):
        """Return the names that it uses: ``[(line, name)]``."""
        return [
            (node.lineno, name)
            for node in ast.walk(self.tree)
            if (name := get_used_name(node))
        ]

    @cached_property
    def models_used(self):
        """Return the models that it asks the environment for: ``[(line, model)]``."""
        return [
            (node.lineno, node.slice.value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and (getattr(node.value, "attr", None) or getattr(node.value, "id", None))
            == "env"
        ]

    @cached_property
    def imports(self):
        """Return what it imports of the addon: ``[(line, path without .py)]``."""
        package = self.path.split("/")[:-1]
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package[: len(package) - node.level + 1]
                base += node.module.split(".") if node.module else []
                found += [
                    (node.lineno, "/".join([*base, alias.name])) for alias in node.names
                ]
        return found

    def find_door(self, line):
        """Return the public method of a model that a line belongs to, if any."""
        for part in self.parts:
            for node in part.methods:
                if node.lineno <= line <= node.end_lineno:
                    return None if node.name.startswith("_") else node
        return None


def is_function(node):
    """Tell whether a node defines a function."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def get_targets(node):
    """Return the names that an assignment sets."""
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    else:
        targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def get_used_name(node):
    """Return the name that a node asks an object for, if it is such a node."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return node.attr
    if (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", None) == "getattr"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    ):
        return node.args[1].value
    return None


def count_statements(function):
    """Return how many statements a function has, its docstring apart."""
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    return len(statements) - 1 - bool(ast.get_docstring(function))


def read_addon(folder):
    """Return the sources of an addon, without its tests and migrations."""
    return [
        Source(folder, file)
        for file in sorted(folder.rglob("*.py"))
        if file.name != "__manifest__.py"
        and file.relative_to(folder).parts[0] not in OUTSIDE
    ]


# -----------------------------------------------------------------------------
# NAMES OF ODOO
# -----------------------------------------------------------------------------


def find_odoo():
    """Return the folder of Odoo's own code, or None."""
    spec = importlib.util.find_spec("odoo")
    # Addons that are installed as packages lie in folders of the same name.
    folders = [Path(path) for path in (spec and spec.submodule_search_locations) or ()]
    pattern = ".dev/venv/lib/python*/site-packages/odoo-source.pth"
    folders += [Path(file.read_text().strip()) / "odoo" for file in ROOT.glob(pattern)]
    return next((path for path in folders if (path / "release.py").exists()), None)


def read_odoo_names(addon=ADDON):
    """Return the names that Odoo, and the addons that ours stands on, define.

    :return: a set, or None where Odoo's source is not found
    """
    odoo = find_odoo()
    if not odoo:
        return None
    names = {name for kind in (str, bytes, list, dict, set) for name in dir(kind)}
    folders = [child for child in odoo.iterdir() if child.name != "addons"]
    folders += find_dependencies(addon, [odoo / "addons", odoo.parent / "addons"])
    pattern = re.compile(r"^\s*(?:async )?(?:def|class) (\w+)", re.MULTILINE)
    for folder in folders:
        for file in folder.rglob("*.py") if folder.is_dir() else [folder]:
            if file.suffix == ".py" and "tests" not in file.parts:
                names.update(pattern.findall(file.read_text()))
    return names


def find_dependencies(addon, paths):
    """Return the folders of all addons that one stands on."""
    found = {}
    wanted = [addon]
    while wanted:
        manifest = ast.literal_eval((wanted.pop() / "__manifest__.py").read_text())
        for name in manifest.get("depends", ["base"]):
            if name not in found:
                found[name] = next(
                    path / name
                    for path in paths
                    if (path / name / "__manifest__.py").exists()
                )
                wanted.append(found[name])
    return list(found.values())


# -----------------------------------------------------------------------------
# THE HOUSE
# -----------------------------------------------------------------------------


class House:
    """An addon as a building: its models, rooms and folders."""

    def __init__(self, folder=ADDON, odoo_names=frozenset(), rooms=ROOMS):
        """Read the addon.

        :param odoo_names: names that are Odoo's as well and so say nothing; None when
            they are not known
        """
        self.folder = folder
        self.sources = read_addon(folder)
        self.odoo_names = odoo_names
        self.floors = {room: floor for floor, row in enumerate(rooms) for room in row}
        self.parts = defaultdict(list)  # {model: [its classes]}
        for source in self.sources:
            for part in source.parts:
                self.parts[part.model].append(part)

    @property
    def own_models(self):
        """Return the models to which the addon gives their names."""
        return [
            model
            for model, parts in self.parts.items()
            if any(part.is_named for part in parts)
        ]

    def count_methods(self, model):
        """Return how many methods a model has in all its classes together."""
        return sum(len(part.methods) for part in self.parts[model])

    @property
    def files(self):
        """Return how many files each folder has."""
        return Counter(str(Path(source.path).parent) for source in self.sources)

    @property
    def suppressions(self):
        """Return where the rule that forbids slices of a model is switched off."""
        return [
            f"{source.path}:{number}"
            for source in self.sources
            for number, line in enumerate(source.text.splitlines(), 1)
            if MERGING_RULE in line
        ]

    @cached_property
    def places(self):
        """Return where each name is defined: ``{name: {room: is it code}}``."""
        places = defaultdict(dict)
        for source in self.sources:
            for name, room, is_code in source.definitions:
                places[name][room] = places[name].get(room) or is_code
        return places

    def count_calls(self):
        """Count calls of what the addon defines, by a variable: ``line._apply()``.

        :return: ``(those of a name that the file does not define, all)``
        """
        own = {
            definition.name
            for source in self.sources
            for definition in source.definitions
            if definition.is_code
        } - self.odoo_names
        leaving = calls = 0
        for source in self.sources:
            here = {definition.name for definition in source.definitions}
            names = [
                node.func.attr
                for node in ast.walk(source.tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
            ]
            calls += sum(name in own for name in names)
            leaving += sum(name in own and name not in here for name in names)
        return leaving, calls

    # -------------------------------------------------------------------------
    # ARROWS
    # -------------------------------------------------------------------------

    def may_use(self, room, other):
        """Tell whether a room may know another one."""
        return room == other or self.floors[other] < self.floors[room]

    def find_arrows(self):
        """Return all uses that do not lead downward, those through doors included."""
        sources = [source for source in self.sources if source.room in self.floors]
        return [arrow for source in sources for arrow in self._find_arrows_of(source)]

    def _find_arrows_of(self, source):
        found = []
        for line, name, room in sorted(set(self._find_uses(source))):
            if room in self.floors and not self.may_use(source.room, room):
                found.append(Arrow(source, line, name, room, source.find_door(line)))
        return found

    def _find_uses(self, source):
        """Return what a file uses and where that is: ``[(line, name, room)]``."""
        for line, name in source.uses:
            places = self.places.get(name, {})
            if name not in self.odoo_names and len(places) == 1:
                [(room, is_code)] = places.items()
                if is_code and room:
                    yield line, name, room
        rooms = {
            part.model: part.source.room
            for parts in self.parts.values()
            for part in parts
            if part.is_named
        }
        for line, model in source.models_used:
            if rooms.get(model):
                yield line, model, rooms[model]
        files = {other.path.removesuffix(".py"): other.room for other in self.sources}
        for line, path in source.imports:
            # What is imported is a file, or a name of one.
            room = files.get(path) or files.get(path.rpartition("/")[0])
            if room:
                yield line, path.rpartition("/")[2], room

    def find_doors(self):
        """Return the public methods through which a lower room calls a higher one."""
        return sorted(
            {
                f"{arrow.source.path}:{arrow.door.lineno}: {arrow.door.name}"
                for arrow in self.find_arrows()
                if arrow.is_allowed
            }
        )

    # -------------------------------------------------------------------------
    # RULES
    # -------------------------------------------------------------------------

    def find_bad_arrows(self):
        """Say which uses go up or aside, and which rooms nobody has put in order."""
        unknown = {source.room for source in self.sources} - {None, *self.floors}
        return [
            *(f"models/{room}: this room is not in ROOMS" for room in sorted(unknown)),
            *(str(arrow) for arrow in self.find_arrows() if not arrow.is_allowed),
        ]

    def find_slices(self):
        """Say which models are written in more than one class."""
        return [
            f"{model}: {len(parts)} classes, in "
            + ", ".join(sorted(part.source.path for part in parts))
            for model, parts in sorted(self.parts.items())
            if len(parts) > 1
        ]

    def find_big_models(self):
        """Say which models have too many methods."""
        return [
            f"{model}: {count} methods, more than {MOST_METHODS}"
            for model in sorted(self.parts)
            if (count := self.count_methods(model)) > MOST_METHODS
        ]

    def find_long_classes(self):
        """Say which classes of models are too long."""
        return [
            f"{part.source.path}: {part.node.name} has {part.lines} lines, more than"
            f" {MOST_CLASS_LINES}"
            for parts in self.parts.values()
            for part in parts
            if part.lines > MOST_CLASS_LINES
        ]

    def find_full_folders(self):
        """Say which folders have too many files."""
        return [
            f"{folder}: {count} files, more than {MOST_FILES}"
            for folder, count in sorted(self.files.items())
            if count > MOST_FILES
        ]

    def find_suppressions(self):
        """Say where the rule that forbids slices of a model is switched off."""
        return [f"{place}: switches {MERGING_RULE} off" for place in self.suppressions]

    def find_faults(self):
        """Say all that breaks a rule of the structure."""
        return [
            *self.find_slices(),
            *self.find_big_models(),
            *self.find_long_classes(),
            *self.find_full_folders(),
            *self.find_suppressions(),
            *(self.find_bad_arrows() if self.odoo_names is not None else ()),
        ]


def read_way(file=DEVELOPER):
    """Return the files that one credit passes, as the developers' guide lists them.

    :return: paths, or None where the section is missing
    """
    text = file.read_text() if file.exists() else ""
    section = re.search(
        rf"^(#+) {PATH_HEADING}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL
    )
    if not section:
        return None
    steps = re.findall(r"^ *\d+\. +`([^`]+)`", section[2], re.MULTILINE)
    return list(dict.fromkeys(steps))


# -----------------------------------------------------------------------------
# THE TABLE
# -----------------------------------------------------------------------------


def measure(house, way):
    """Return the rows of the table: ``[(what, figure, target, where)]``."""
    sliced = max(house.own_models, key=lambda model: len(house.parts[model]))
    biggest = max(house.parts, key=house.count_methods)
    [(folder, files)] = house.files.most_common(1)
    share = "–"
    if house.odoo_names is not None:
        leaving, calls = house.count_calls()
        share = f"{leaving / calls:.0%}" if calls else "–"
    return [
        ("classes per own model", len(house.parts[sliced]), "1", sliced),
        (
            "methods of the biggest model",
            house.count_methods(biggest),
            MOST_METHODS,
            biggest,
        ),
        ("files of a folder", files, MOST_FILES, folder),
        ("calls inside the addon that leave their file", share, "30%", ""),
        (
            "files on the happy path of one credit",
            "–" if way is None else len(way),
            10,
            "",
        ),
        ("suppressions of the merging rule", len(house.suppressions), 0, ""),
        (
            "product lines",
            f"{sum(source.lines for source in house.sources):,}",
            "16,000",
            "",
        ),
    ]


def main(arguments):
    """Print the table, and what the arguments ask for."""
    house = House(odoo_names=read_odoo_names())
    print(f"{'':46}{'now':>8}{'target':>8}")
    for what, figure, target, where in measure(house, read_way()):
        print(f"{what:46}{figure:>8}{target:>8}  {where}".rstrip())
    if house.odoo_names is None:
        print("Odoo's source is not there: calls and arrows are not counted.")
    elif "--doors" in arguments:
        print("\nDoors:", *house.find_doors(), sep="\n")
    faults = house.find_faults() if "--check" in arguments else []
    if faults:
        print(f"\n{len(faults)} faults:", *faults, sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
