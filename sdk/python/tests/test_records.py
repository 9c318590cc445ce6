"""Reading and writing records: what is read, which failure says what."""

import unittest
from collections.abc import Callable
from typing import Any

from mpy6a_handler import Permanent, Repeat, Retry
from mpy6a_handler.testing import Append, Ended, Replace, Scene


def number(record: Any) -> int:
    return int(record["order"])


def permanent(ended: Ended) -> str:
    """The reason of a run that ended permanently."""
    assert isinstance(ended.failure, Permanent), ended.failure
    return ended.failure.reason


class Reading(unittest.TestCase):
    def test_a_record_is_given_as_it_is_and_as_json(self) -> None:
        def handle(repeat: Repeat) -> None:
            self.assertEqual(repeat.records, ('{"order":"7 ё"}'.encode(), b"\xff"))
            self.assertEqual(repeat.record(0), {"order": "7 ё"})

        self.assertIsNone(Scene(records=['{"order":"7 ё"}', b"\xff"]).run(handle).failure)

    def test_all_records_are_read_in_order(self) -> None:
        read: list[int] = []
        Scene(records=['{"order":1}', '{"order":2}']).run(lambda repeat: read.extend(repeat.records_as(number)))
        Scene(records=['{"order":3}', '{"order":4}']).run(lambda repeat: repeat.replay(lambda r: read.append(r["order"])))
        self.assertEqual(read, [1, 2, 3, 4])

    def test_a_record_that_cannot_be_read_is_permanent_and_named(self) -> None:
        cases: list[tuple[bytes, str]] = [
            (b"", "record 1: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
            (b"\xff\xfe1\x00", "record 1: UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff"),
            (b'{"order":NaN}', "record 1: ValueError: NaN is not JSON"),
            (b'{"other":1}', "record 1: KeyError: 'order'"),
            (b"7", "record 1: TypeError: 'int' object is not subscriptable"),
            (b'{"order":' + b"[" * 100_000, "record 1: RecursionError: "),
        ]
        for record, reason in cases:
            scene = Scene(records=['{"order":7}', record])
            ways: list[Callable[[Repeat], object]] = [
                lambda repeat: repeat.record(1, number),
                lambda repeat: repeat.records_as(number),
                lambda repeat: repeat.replay(number),
            ]
            for way in ways:
                with self.subTest(reason):
                    self.assertIn(reason, permanent(scene.run(way)))  # type: ignore[arg-type]

    def test_a_record_that_is_not_there_is_permanent(self) -> None:
        for index in (1, -1):
            ended = Scene(records=["7"]).run(lambda repeat: repeat.record(index))
            self.assertEqual(permanent(ended), f"record {index}: it is not there, the session has 1")

    def test_a_reader_may_say_retry(self) -> None:
        def read(record: Any) -> int:
            raise Retry("not yet")

        ended = Scene(records=["7"]).run(lambda repeat: repeat.replay(read))
        self.assertIsInstance(ended.failure, Retry)


class Writing(unittest.TestCase):
    def test_json_is_compact_utf_8(self) -> None:
        def handle(repeat: Repeat) -> None:
            repeat.append_json({"reminded": 1, "кто": ["ёж", None, 1.5]})
            repeat.replace_json(7)

        written = '{"reminded":1,"кто":["ёж",null,1.5]}'.encode()
        self.assertEqual(Scene().run(handle).operations, [Append(written), Replace(b"7")])

    def test_bytes_and_texts_are_written_as_they_are(self) -> None:
        def handle(repeat: Repeat) -> None:
            repeat.append(b"\xff\x00")
            repeat.append("ё")
            repeat.replace(bytearray(b"b"))

        self.assertEqual(
            Scene().run(handle).operations, [Append(b"\xff\x00"), Append("ё".encode()), Replace(b"b")]
        )

    def test_what_has_no_json_is_permanent(self) -> None:
        loop: list[Any] = []
        loop.append(loop)
        for value in (float("nan"), object(), loop, "\ud800"):
            reason = permanent(Scene().run(lambda repeat: repeat.append_json(value)))
            self.assertTrue(reason.startswith("the record to write is not JSON: "), reason)

    def test_a_number_is_no_record(self) -> None:
        with self.assertRaisesRegex(TypeError, "_json take any value"):
            Scene().run(lambda repeat: repeat.append(5))  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
