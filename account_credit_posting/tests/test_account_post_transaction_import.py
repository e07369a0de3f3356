import base64
import io
import time

import openpyxl

from odoo.exceptions import UserError
from odoo.tests import Form, HttpCase, tagged

from .common import AccountCreditCommon

#: Names that no encoding but the right one shows.
MÜLLER = "M\u00fcller"


class ImportCommon(AccountCreditCommon):
    """A transaction in its step accounts, and files for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.transaction = (
            cls.env["account.post.transaction"]
            .with_user(cls.clerk)
            .create({"step": "accounts"})
        )
        cls.accounts[1].write({"email": "one@example.com", "ref": "R-1"})
        cls.accounts[2].name = MÜLLER

    def _open(self, content=None, **vals):
        """Return the import of a file, its columns found out.

        :param content: bytes, or rows of a workbook
        """
        action = self.transaction.action_import()
        record = self.env[action["res_model"]].with_user(self.clerk)
        record = record.browse(action["res_id"])
        if isinstance(content, list):
            book = openpyxl.Workbook()
            for row in content:
                book.active.append(row)
            file = io.BytesIO()
            book.save(file)
            content = file.getvalue()
        if content is not None:
            record.file = base64.b64encode(content)
            record.file_name = "class.csv"
        if vals:
            record.write(vals)
        return record

    def _get_amounts(self):
        return {line.partner_id: line.amount for line in self.transaction.line_ids}


@tagged("post_install", "-at_install")
class TestAccountPostTransactionImport(ImportCommon):
    """What a file of accounts and amounts means, and what each bad row needs."""

    # -------------------------------------------------------------------------
    # THE FORM OF THE FILE
    # -------------------------------------------------------------------------

    def test_form_of_a_text_is_found_out(self):
        for text, encoding, separator, point in (
            (f"Account;Amount\n{MÜLLER};12,50\n", "cp1252", "semicolon", ","),
            (f"Account;Amount\n{MÜLLER};12,50\n", "utf-8", "semicolon", ","),
            (f"Account\tAmount\n{MÜLLER}\t12.50\n", "utf-16", "tab", "."),
            (f"Account,Amount\n{MÜLLER},12.50\n", "utf-8-sig", "comma", "."),
            (f'{MÜLLER}|"1.234,50 $"\n', "utf-8", "bar", ","),
            (f'{MÜLLER},"1,234.50"\r\n', "utf-8", "comma", "."),
        ):
            with self.subTest(text=text, encoding=encoding):
                record = self._open(text.encode(encoding))
                self.assertEqual(record.encoding, encoding.removesuffix("-sig"))
                self.assertEqual(record.separator, separator)
                self.assertEqual(record.decimal_separator, point)
                self.assertEqual(record.has_header, text.startswith("Account"))
                self.assertEqual(
                    [column["role"] for column in record.columns], ["account", "amount"]
                )
                self.assertFalse(record.report["problems"])
                ready = record._evaluate()[0]
                self.assertEqual(
                    [ready[self.accounts[2].id].amount],
                    [1234.5 if "234" in text else 12.5],
                )

    def test_form_can_be_changed(self):
        record = self._open(b"Account;Amount\nFamily 0;1,500\n")
        with Form(record) as form:
            form.encoding = "cp1250"
            form.separator = "comma"
        self.assertEqual(len(record.columns), 2)
        self.assertEqual(record.columns[0]["samples"][0], "Account;Amount")
        with Form(record) as form:
            form.separator = "semicolon"
            form.decimal_separator = ","
        record.action_continue()
        self.assertEqual(self._get_amounts(), {self.account: 1.5})

    def test_amount_of_two_readings_is_asked_about(self):
        record = self._open(b"Account;Amount\nFamily 0;1,500\n")
        self.assertIs(record.decimal_separator, False)
        self.assertEqual(
            record.report["question"],
            "1,500 can be read as 1,500.00 or as 1.50. Choose the decimal separator.",
        )
        with self.assertRaisesRegex(UserError, "Choose the decimal separator"):
            record.action_continue()
        self.assertFalse(self.transaction.line_ids)
        record.decimal_separator = "."
        record.action_continue()
        self.assertEqual(self._get_amounts(), {self.account: 1500})

    def test_amount_of_one_reading_is_not_asked_about(self):
        for text, amount in (("1,234", 1234), ("1.234", 1234), ("12", 12), (".5", 0.5)):
            with self.subTest(text=text):
                record = self._open(f"Account;Amount\nFamily 0;{text}\n".encode())
                self.assertFalse(record.report["question"])
                self.assertEqual(record._evaluate()[0][self.account.id].amount, amount)

    def test_columns_are_named_and_can_be_changed(self):
        record = self._open(
            [
                ["No.", "Family", "Fee", "Paid"],
                [1, "Family 0", 12.5, 3],
                [2, "R-1", 7, 4],
            ]
        )
        self.assertEqual(
            [column["role"] for column in record.columns],
            ["account", "other", "other", "amount"],
        )
        roles = ["other", "account", "amount", "other"]
        record.columns = [
            {**column, "role": role}
            for column, role in zip(record.columns, roles, strict=True)
        ]
        record.action_continue()
        self.assertEqual(
            self._get_amounts(), {self.accounts[0]: 12.5, self.accounts[1]: 7}
        )

    def test_template_is_read_as_it_is_written(self):
        book = openpyxl.load_workbook(
            io.BytesIO(base64.b64decode(self._open().template))
        )
        book.active.append(["one@example.com", 12.5])
        file = io.BytesIO()
        book.save(file)
        record = self._open(file.getvalue())
        self.assertTrue(record.has_header)
        record.action_continue()
        self.assertEqual(self._get_amounts(), {self.accounts[1]: 12.5})

    def test_what_is_no_file_of_accounts_is_refused(self):
        for content, sentence in (
            (b"\x89PNG\r\n\x1a\n\x00\x00", "cannot be read"),
            (b"PK\x03\x04 broken", "no row|cannot be read|Nobody"),
            (b"Account;Amount\n", "no row in this file"),
            (b"\n\n", "no row in this file"),
        ):
            with self.subTest(content=content):
                record = self._open(content)
                with self.assertRaisesRegex(UserError, sentence + "|No row can"):
                    record.action_continue()
        with self.assertRaisesRegex(UserError, "Choose a file first"):
            self._open().action_continue()
        self.assertFalse(self.transaction.line_ids)

    def test_columns_of_a_caller_are_checked(self):
        for columns in (False, 5, "x", [5], [{"role": "amount"}], [{"role": "boss"}]):
            record = self._open(b"Family 0;10\n", columns=columns)
            with self.assertRaisesRegex(UserError, "Choose the column"):
                record.action_continue()

    # -------------------------------------------------------------------------
    # THE ROWS
    # -------------------------------------------------------------------------

    def test_mail_reference_or_name_is_matched(self):
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id, "ref": "A-77"}
        )
        record = self._open(
            b"Account;Amount\nA-77;12.50\nONE@example.com;20\nfamily 3;30\n"
        )
        record.action_continue()
        self.assertEqual(
            self.transaction.line_ids.mapped(
                lambda line: (line.partner_id, line.contact_id, line.amount)
            ),
            [
                (self.account, child, 12.5),
                (self.accounts[1], self.env["res.partner"], 20),
                (self.accounts[3], self.env["res.partner"], 30),
            ],
        )
        self.assertEqual(self.transaction.step, "amounts")
        self.assertEqual(self.transaction.notice, "3 accounts added from class.csv.")

    def test_several_columns_mean_one_account(self):
        twins = self.env["res.partner"].create(
            [{"name": "Twin", "email": "twin@example.com"}, {"name": "Twin"}]
        )
        record = self._open(
            b"Name;Email;Amount\nTwin;twin@example.com;5\nTwin;;6\n"
            b"Family 0;one@example.com;7\n"
        )
        self.assertEqual(list(record._evaluate().ready), [twins[0].id])
        self.assertEqual(
            [
                (
                    doubt["row"],
                    doubt["value"],
                    [one["id"] for one in doubt["candidates"]],
                )
                for doubt in record.report["doubts"]
            ],
            [
                (3, "Twin", twins.ids),
                (4, "Family 0, one@example.com", self.accounts[:2].ids),
            ],
        )
        record.choices = {"3": twins[1].id, "4": self.accounts[5].id}
        record.action_continue()
        self.assertEqual(self._get_amounts(), {twins[0]: 5, twins[1]: 6})
        self.assertIn("Rows not added: 4.", self.transaction.notice)

    def test_bad_rows_are_named_and_good_ones_kept(self):
        archived, foreign = self.accounts[4:6]
        archived.active = False
        foreign.company_id = self._create_company(name="Academy")
        self.clerk.company_ids += foreign.company_id
        record = self._open(
            b"Account;Amount\n"
            b"Family 0;10.00\n"
            b"Nobody at all;10.00\n"
            b";10.00\n"
            b"Family 4;10.00\n"
            b"Family 5;10.00\n"
            b"Family 6;1e9\n"
            b"Family 7;-5.00\n"
            b"Family 8;1.005\n"
            b"\n"
            b"Family 9;\n"
        )
        expected = [
            (3, "Nobody at all", "No contact has this name, email or reference."),
            (4, "", "There is no account. Enter a name, email or reference."),
            (5, "Family 4", "Family 4 is archived. Unarchive the account"),
            (6, "Family 5", "Family 5 belongs to another company than"),
            (7, "1e9", "No amount in USD. Write it like 1,234.50"),
            (8, "-5.00", "Not above zero. Enter an amount above zero."),
            (9, "1.005", "1.005 is more precise than USD."),
        ]
        problems = record.report["problems"]
        self.assertEqual(
            [(problem["row"], problem["value"]) for problem in problems],
            [(row, value) for row, value, _reason in expected],
        )
        for problem, (_row, _value, reason) in zip(problems, expected, strict=True):
            self.assertIn(reason, problem["reason"])
        self.assertEqual(record.report["ready"], "2 accounts can be added.")
        record.action_continue()
        self.assertEqual(
            self._get_amounts(), {self.accounts[0]: 10, self.accounts[9]: 0}
        )
        self.assertEqual(
            self.transaction.notice,
            "2 accounts added from class.csv. Rows not added: 3, 4, 5, 6, 7, 8, 9.",
        )

    def test_doubled_accounts_are_asked_about(self):
        content = b"Account;Amount\nFamily 0;10\nFamily 1;5\nR-1;7.50\n"
        record = self._open(content)
        self.assertTrue(record.has_duplicates)
        self.assertIn("1 of the rows name an account", record.report["question"])
        with self.assertRaisesRegex(UserError, "Choose what to do with its amounts"):
            record.action_continue()
        record.duplicates = "sum"
        record.action_continue()
        expected = {self.accounts[0]: 10, self.accounts[1]: 12.5}
        self.assertEqual(self._get_amounts(), expected)
        # The same file again: all of it is there already.
        self.transaction.step = "accounts"
        record = self._open(content, duplicates="first")
        record.action_continue()
        self.assertEqual(self._get_amounts(), expected)

    def test_accounts_without_amounts_are_listed_once(self):
        record = self._open(b"Family 0\nFamily 1\nR-1\n")
        self.assertFalse(record.has_duplicates)
        record.action_continue()
        self.assertEqual(
            self._get_amounts(), {self.accounts[0]: 0, self.accounts[1]: 0}
        )

    def test_amounts_are_in_the_currency_of_each_account(self):
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 150.0)])
        self.accounts[1].property_account_receivable_id = self.receivable.copy(
            {"currency_id": yen.id}
        )
        record = self._open(b"Account;Amount\nFamily 0;12.50\nR-1;12.50\n")
        [problem] = record.report["problems"]
        self.assertIn("more precise than JPY", problem["reason"])
        record = self._open(b"Account;Amount\nFamily 0;12.50\nR-1;1200\n")
        record.action_continue()
        self.assertEqual(
            self.transaction.line_ids.mapped("currency_id"),
            self.company.currency_id + yen,
        )
        self.assertEqual(self.transaction.line_ids.mapped("amount"), [12.5, 1200])

    def test_numbers_of_a_workbook_are_as_it_shows_them(self):
        record = self._open([["Family 0", 19.99 * 3], ["R-1", 0.1 + 0.2]])
        record.action_continue()
        self.assertEqual(self.transaction.line_ids.mapped("amount"), [59.97, 0.3])

    def test_accounts_can_change_in_their_step_only(self):
        record = self._open(b"Family 0;10\n")
        self.transaction.step = "setup"
        with self.assertRaisesRegex(UserError, "Go back to it first"):
            record.action_continue()

    def test_five_thousand_rows_take_seconds(self):
        pupils = self.env["res.partner"].create(
            [{"name": f"Pupil {number}"} for number in range(5000)]
        )
        rows = [["Name", "Amount"], *([pupil.name, 10.5] for pupil in pupils)]
        self.env.flush_all()
        start = time.monotonic()
        record = self._open(rows)
        self.assertEqual(record.report["ready"], "5,000 accounts can be added.")
        record.action_continue()
        self.assertLess(time.monotonic() - start, 15)
        self.assertEqual(self.transaction.line_count, 5000)
        self.assertIn("52,500.00", self.transaction.total)


@tagged("post_install", "-at_install")
class TestAccountPostTransactionImportTours(ImportCommon, HttpCase):
    """A file in a browser, from the template on."""

    def test_import_with_a_bad_row(self):
        self.start_tour(
            f"/odoo/post-transaction/{self.transaction.id}",
            "post_transaction_import",
            login=self.clerk.login,
        )
        self.assertEqual(
            self._get_amounts(), {self.account: 1234.5, self.accounts[1]: 20}
        )

    def test_template_is_downloaded_by_its_owner(self):
        record = self._open()
        url = record.action_template()["url"]
        self.authenticate(self.clerk.login, self.clerk.login)
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        book = openpyxl.load_workbook(io.BytesIO(response.content))
        self.assertEqual(
            [cell.value for cell in book.active[1]],
            ["Account (name, email or reference)", "Amount"],
        )
        self.authenticate(self.manager.login, self.manager.login)
        self.assertNotEqual(self.url_open(url).content, response.content)
