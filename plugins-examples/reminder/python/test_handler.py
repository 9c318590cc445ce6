"""The reminder's decisions, run natively."""

import unittest

import handler
from mpy6a_handler import Permanent
from mpy6a_handler.testing import Append, Delete, Ended, Scene, Store

TEXT = '{"text":"молоко"}'


def run(*records: str | bytes, **settings: str) -> Ended:
    return Scene(records=records, settings=settings).run(handler.remind)


class Reminder(unittest.TestCase):
    def test_two_reminders_wait_for_the_next_and_the_third_is_the_last(self) -> None:
        first = run(TEXT)
        self.assertEqual(first.operations, [Append(b'{"reminded":1}'), Store(60)])
        self.assertTrue(first.logged("reminder 1 of 3: молоко"))
        second = run(TEXT, '{"reminded":1}', every_s="5")
        self.assertEqual(second.operations, [Append(b'{"reminded":2}'), Store(5)])
        third = run(TEXT, '{"reminded":1}', '{"reminded":2}')
        self.assertEqual(third.operations, [Append(b'{"reminded":3}'), Delete()])
        self.assertTrue(third.logged("reminder 3 of 3: молоко"))

    def test_records_that_are_none_of_this_work_are_permanent(self) -> None:
        cases: list[tuple[list[str | bytes], str]] = [
            ([], "record 0"),
            (["{"], "record 0"),
            (['{"text":7}'], "record 0"),
            ([b'{"text":"\xff"}'], "record 0"),
            ([TEXT, TEXT], "record 1"),
            ([TEXT, '{"reminded":1}', '{"reminded":true}'], "record 2"),
            ([TEXT, '{"reminded":-1}'], "record 1"),
        ]
        for records, beginning in cases:
            ended = run(*records)
            self.assertIsInstance(ended.failure, Permanent)
            self.assertTrue(str(ended.failure).startswith(beginning), ended.failure)
            self.assertEqual((ended.operations, ended.lines), ([], []))

    def test_a_setting_that_is_no_number_is_permanent(self) -> None:
        for value in ("soon", "", "-1", "1.5", "٣", "9" * 5000):
            self.assertIsInstance(run(TEXT, every_s=value).failure, Permanent)
        self.assertIsNone(run(TEXT, '{"reminded":1}', '{"reminded":2}', every_s="soon").failure, "the last needs no time")


if __name__ == "__main__":
    unittest.main()
