"""The addon is built as its rules say: rooms, one class for a model, and sizes.

Each rule is tried on a small addon first, kept and broken; then the addon has to keep
them all.
"""

from textwrap import dedent, indent

import house
import pytest

MODEL = '''\
class {name}(models.Model):
    """A model."""

    _name = "{model}"
'''


def build(folder, files, **options):
    """Write an addon; return it as a house.

    :param files: ``{path: code}``
    """
    for path, code in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(code))
    return house.House(folder, **options)


def model(name, body="", head=""):
    """Return the code of a model with something in its class."""
    head = f"{dedent(head)}\n" if head else ""
    code = MODEL.format(name=name.title(), model=f"studio.{name}")
    return f"{head}{code}{indent(dedent(body), '    ')}"


CREDIT = model("credit", "def _hold(self):\n    return self\n")
RUN = model("run", "def _advance(self):\n    return self\n")


# -----------------------------------------------------------------------------
# ARROWS
# -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "self._advance()",
        'getattr(self, "_advance")()',
        'self.env["studio.run"].search([])',
    ],
)
def test_lower_room_does_not_use_a_higher_one(tmp_path, code):
    lower = model("credit", f"def _hold(self):\n    return {code}\n")
    built = build(
        tmp_path, {"models/credit/credit.py": lower, "models/run/run.py": RUN}
    )
    [error] = built.find_bad_arrows()
    assert error.startswith("models/credit/credit.py:6: credit uses ")
    assert "_advance of run" in error or "studio.run of run" in error


def test_lower_room_does_not_import_a_higher_one(tmp_path):
    files = {
        "models/credit/credit.py": model("credit", head="from ..run import steps"),
        "models/run/steps.py": "LIMIT = 5\n",
    }
    [error] = build(tmp_path, files).find_bad_arrows()
    assert "credit.py:1: credit uses steps of run" in error
    files["models/credit/credit.py"] = model("credit", head="from ..run.steps import A")
    [error] = build(tmp_path, files).find_bad_arrows()
    assert "credit.py:1: credit uses A of run" in error


def test_higher_room_uses_a_lower_one_and_itself(tmp_path):
    files = {
        "tools/locks.py": "def lock(records):\n    return records\n",
        "models/credit/credit.py": CREDIT,
        "models/run/run.py": RUN,
        "wizard/post.py": model(
            "post",
            """
            def _go(self):
                locks.lock(self)
                return self.env["studio.run"]._advance()._hold()._stop()

            def _stop(self):
                return self.env["studio.post"]
            """,
            head="from ..models.run.run import Run\nfrom ..tools import locks",
        ),
    }
    assert build(tmp_path, files).find_bad_arrows() == []


def test_rooms_of_one_floor_do_not_know_each_other(tmp_path):
    files = {
        "models/notice/notice.py": model("notice", "def _send(self):\n    pass\n"),
        "models/approval/approval.py": model(
            "approval", "def _hold(self):\n    self._send()\n"
        ),
    }
    [error] = build(tmp_path, files).find_bad_arrows()
    assert "approval.py:6: approval uses _send of notice" in error
    floors = (("notice",), ("approval",))
    assert build(tmp_path, files, rooms=floors).find_bad_arrows() == []


def test_tools_know_no_room(tmp_path):
    files = {
        "tools/locks.py": "def lock(records):\n    return records._hold()\n",
        "models/credit/credit.py": CREDIT,
    }
    [error] = build(tmp_path, files).find_bad_arrows()
    assert "tools/locks.py:2: tools uses _hold of credit" in error


def test_models_of_odoo_are_outside_the_order(tmp_path):
    files = {
        "const.py": "def limit():\n    return 5\n",
        "models/credit/credit.py": model(
            "credit", "def _hold(self):\n    return self._book() or limit()\n"
        ),
        "models/account_move.py": """
            class AccountMove(models.Model):
                _inherit = "account.move"

                def _book(self):
                    return self._hold()._advance()
        """,
        "models/run/run.py": RUN,
    }
    assert build(tmp_path, files).find_bad_arrows() == []


@pytest.mark.parametrize(
    "other",
    [
        "def _advance(self):\n    return self\n",
        "_advance = fields.Boolean()\n",
        "_advance: bool = True\n",
    ],
)
def test_name_of_two_rooms_says_nothing(tmp_path, other):
    files = {
        "models/credit/credit.py": model(
            "credit", f"def _hold(self):\n    return self._advance()\n\n{other}"
        ),
        "models/run/run.py": RUN,
    }
    assert build(tmp_path, files).find_bad_arrows() == []


def test_name_of_odoo_says_nothing(tmp_path):
    files = {
        "models/credit/credit.py": model(
            "credit", "def _hold(self):\n    return self._advance()\n"
        ),
        "models/run/run.py": RUN,
    }
    assert build(tmp_path, files, odoo_names={"_advance"}).find_bad_arrows() == []


def test_door_is_a_short_public_method_of_a_model(tmp_path):
    files = {
        "models/credit/credit.py": model(
            "credit",
            '''
            def action_run(self):
                """Run it."""
                self.ensure_one()
                return self._advance()
            ''',
        ),
        "models/run/run.py": RUN,
    }
    built = build(tmp_path, files)
    assert built.find_bad_arrows() == []
    assert built.find_doors() == ["models/credit/credit.py:6: action_run"]


def test_long_method_is_no_door(tmp_path):
    steps = "    self.ensure_one()\n" * house.MOST_DOOR_STATEMENTS
    files = {
        "models/credit/credit.py": model(
            "credit", f"def action_run(self):\n{steps}    return self._advance()\n"
        ),
        "models/run/run.py": RUN,
    }
    built = build(tmp_path, files)
    [error] = built.find_bad_arrows()
    assert "action_run is too long for a door, with 9 statements" in error
    assert built.find_doors() == []


def test_function_of_a_file_is_no_door(tmp_path):
    files = {
        "models/credit/credit.py": "def run(records):\n    return records._advance()\n",
        "models/run/run.py": RUN,
    }
    [error] = build(tmp_path, files).find_bad_arrows()
    assert "credit.py:2: credit uses _advance of run" in error


def test_room_without_a_place_in_the_order_is_named(tmp_path):
    built = build(tmp_path, {"models/attic/box.py": "BOX = 1\n"})
    assert built.find_bad_arrows() == ["models/attic: this room is not in ROOMS"]


# -----------------------------------------------------------------------------
# SIZES
# -----------------------------------------------------------------------------


def test_model_is_written_in_one_class(tmp_path):
    files = {"models/credit/credit.py": CREDIT}
    assert build(tmp_path, files).find_slices() == []
    files["models/credit/more.py"] = """
        class Credit(models.Model):
            _inherit = ["studio.credit"]
    """
    [error] = build(tmp_path, files).find_slices()
    assert error.startswith("studio.credit: 2 classes, in models/credit/credit.py, ")


def test_model_of_odoo_is_extended_in_one_class(tmp_path):
    extension = 'class Move(models.Model):\n    _inherit = "account.move"\n'
    built = build(tmp_path, {"models/a.py": extension, "models/b.py": extension})
    assert built.find_slices() == [
        "account.move: 2 classes, in models/a.py, models/b.py"
    ]
    assert built.own_models == []


def test_model_with_mixins_is_a_model_of_its_own(tmp_path):
    body = '_inherit = ["mail.thread", "studio.guard"]\n'
    built = build(tmp_path, {"models/credit/credit.py": model("credit", body)})
    assert built.own_models == ["studio.credit"]
    assert built.find_slices() == []


def test_model_has_not_too_many_methods(tmp_path):
    method = "def _step_{}(self):\n    pass\n\n"
    steps = [method.format(number) for number in range(house.MOST_METHODS + 1)]
    files = {"models/credit/credit.py": model("credit", "".join(steps[:-1]))}
    assert build(tmp_path, files).find_big_models() == []
    files["models/credit/credit.py"] = model("credit", "".join(steps))
    assert build(tmp_path, files).find_big_models() == [
        "studio.credit: 61 methods, more than 60"
    ]


def test_class_is_not_too_long(tmp_path):
    lines = "_rank = 1\n" * (house.MOST_CLASS_LINES - 4)
    files = {"models/credit/credit.py": model("credit", lines)}
    assert build(tmp_path, files).find_long_classes() == []
    files["models/credit/credit.py"] = model("credit", f"{lines}_rank = 2\n")
    assert build(tmp_path, files).find_long_classes() == [
        "models/credit/credit.py: Credit has 801 lines, more than 800"
    ]


def test_folder_has_not_too_many_files(tmp_path):
    files = {f"tools/tool_{number}.py": "" for number in range(house.MOST_FILES)}
    files |= {f"tests/test_{number}.py": "" for number in range(20)}
    assert build(tmp_path, files).find_full_folders() == []
    files["tools/one_more.py"] = ""
    assert build(tmp_path, files).find_full_folders() == [
        "tools: 15 files, more than 14"
    ]


def test_merging_rule_stays_on(tmp_path):
    files = {"models/credit/credit.py": CREDIT}
    assert build(tmp_path, files).find_suppressions() == []
    off = f"# pylint: disable={house.MERGING_RULE}\n"
    files["models/credit/credit.py"] = model("credit", off)
    [error] = build(tmp_path, files).find_suppressions()
    assert error.startswith("models/credit/credit.py:5: switches ")


# -----------------------------------------------------------------------------
# THE TABLE
# -----------------------------------------------------------------------------


def test_calls_that_leave_their_file_are_counted(tmp_path):
    files = {
        "models/run/run.py": model(
            "run",
            """
            def _advance(self):
                self._look()
                self._hold()
                self.write({})

            def _look(self):
                pass
            """,
        ),
        "models/credit/credit.py": CREDIT,
    }
    assert build(tmp_path, files).count_calls() == (1, 2)


def test_way_is_read_from_the_guide(tmp_path):
    guide = tmp_path / "developer.md"
    assert house.read_way(guide) is None
    guide.write_text("# Guide\n\n## Other\n\n1. `models/a.py`\n")
    assert house.read_way(guide) is None
    guide.write_text(
        "# Guide\n\n## The way of one credit\n\n1. `wizard/post.py` asks\n"
        "2. `models/a.py` checks\n3. `models/a.py` posts\n\n## Next\n\n1. `b.py`\n"
    )
    assert house.read_way(guide) == ["wizard/post.py", "models/a.py"]


# -----------------------------------------------------------------------------
# THE ADDON
# -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def addon():
    """Return our addon."""
    names = house.read_odoo_names()
    assert {"create", "action_post", "_reconcile_plan"} <= names
    return house.House(odoo_names=names)


@pytest.mark.parametrize(
    "rule",
    [
        "find_bad_arrows",
        "find_slices",
        "find_big_models",
        "find_long_classes",
        "find_full_folders",
        "find_suppressions",
    ],
)
def test_addon_keeps_the_rules(addon, rule):
    errors = getattr(addon, rule)()
    assert not errors, "\n".join(errors)


def test_way_of_one_credit_leads_through_files_that_exist():
    way = house.read_way() or []
    assert [path for path in way if not (house.ADDON / path).exists()] == []


def test_day_is_that_of_the_company():
    """Odoo's own day is that of the user: ours are asked of ``tools.days``."""
    found = {
        path.relative_to(house.ADDON).as_posix()
        for path in house.ADDON.rglob("*.py")
        if "Date.context_today" in path.read_text()
    }
    assert {path for path in found if not path.startswith("tests/")} == {
        "tools/days.py",
        # What Odoo leaves a draft, and what it calls due, is up to Odoo.
        "models/account_move.py",
        "models/credit/account_credit_form_invoice.py",
    }
