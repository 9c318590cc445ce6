"""Failures, the end of a session, settings and the log: what a run shows to its scene."""

import logging
import unittest
from datetime import timedelta
from typing import Any

from mpy6a_handler import Failure, Finished, Permanent, Repeat, Retry, handler, http, log, or_permanent, or_retry, settings
from mpy6a_handler.log import Level
from mpy6a_handler.testing import Append, Delete, Replace, Scene, Store


class Sessions(unittest.TestCase):
    def test_a_finished_session_takes_nothing_more(self) -> None:
        def handle(repeat: Repeat) -> None:
            repeat.append_json(7)
            repeat.store(1.5)
            with self.assertRaises(Finished):
                repeat.append("late")
            with self.assertRaises(http.Invalid):
                http.get("http://a/")
            repeat.delete()

        ended = Scene(http=lambda _: http.Response(200)).run(handle)
        self.assertEqual(ended.operations, [Append(b"7"), Store(2)])
        self.assertIsInstance(ended.failure, Permanent)
        self.assertIn("do that last", str(ended.failure))
        self.assertEqual(ended.requests, [])

    def test_timeouts_are_never_shorter_than_asked(self) -> None:
        longest = 2**32 - 1
        cases: list[tuple[Any, int | None]] = [
            (None, None), (0, 0), (1e-9, 1), (60, 60), (timedelta(milliseconds=1001), 2), (timedelta(microseconds=1), 1),
            (longest, longest), (longest + 1, longest), (float("inf"), longest), (timedelta.max, longest),
        ]  # fmt: skip
        for timeout, seconds in cases:
            self.assertEqual(Scene().run(lambda repeat: repeat.store(timeout)).operations, [Store(seconds)])
        for timeout in (-1, float("nan"), timedelta(seconds=-1)):
            with self.assertRaises(ValueError):
                Scene().run(lambda repeat: repeat.store(timeout))

    def test_the_last_repeat_is_known(self) -> None:
        def handle(repeat: Repeat) -> None:
            repeat.replace("last") if repeat.is_last_repeat else repeat.store()

        self.assertEqual(Scene(repeat=2, max_repeats=3).run(handle).operations, [Store()])
        self.assertEqual(Scene(repeat=3, max_repeats=3).run(handle).operations, [Replace(b"last")])

    def test_what_the_host_knows_is_there(self) -> None:
        def handle(repeat: Repeat) -> None:
            log.info(f"{repeat.session_id} {repeat.fence} {repeat.idempotency_key} {repeat.kind_name} {repeat.traceparent}")

        self.assertTrue(Scene().run(handle).logged("1-1 1-2 1-1 scene None"))


class Failures(unittest.TestCase):
    def test_any_failure_becomes_the_one_that_is_asked_for_with_its_reason(self) -> None:
        def retried(_: Repeat) -> None:
            with or_retry():
                raise Permanent("no")

        def parked(_: Repeat) -> None:
            with or_permanent("reading the tariff", ValueError):
                int("x")

        failure = Scene().run(retried).failure
        self.assertEqual((type(failure), str(failure)), (Retry, "no"))
        failure = Scene().run(parked).failure
        reason = "reading the tariff: ValueError: invalid literal for int() with base 10: 'x'"
        self.assertEqual((type(failure), str(failure)), (Permanent, reason))

    def test_bugs_pass(self) -> None:
        def handle(_: Repeat) -> None:
            with or_retry(), or_permanent("counting", ValueError):
                raise KeyError("a bug")

        with self.assertRaises(KeyError):
            Scene().run(handle)

    def test_a_failure_of_neither_kind_is_a_bug(self) -> None:
        def handle(_: Repeat) -> None:
            raise Failure("which?")

        with self.assertRaises(Failure):
            Scene().run(handle)

    def test_a_failure_that_is_returned_is_a_bug(self) -> None:
        with self.assertRaisesRegex(TypeError, "raise a failure"):
            Scene().run(lambda _: Retry("mistaken"))  # type: ignore[arg-type]

    def test_an_async_handler_is_refused(self) -> None:
        async def handle(_: Repeat) -> None: ...

        with self.assertRaisesRegex(TypeError, "write `def`"):
            handler(handle)  # type: ignore[arg-type]

    def test_a_handler_stays_a_function(self) -> None:
        ended = Scene().run(handler(lambda repeat: repeat.delete()))
        self.assertEqual(ended.operations, [Delete()])

    def test_nothing_works_without_a_host(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "testing.Scene"):
            log.info("nobody hears")


class Surroundings(unittest.TestCase):
    def test_a_missing_setting_is_permanent_and_names_the_remedy(self) -> None:
        def handle(_: Repeat) -> None:
            self.assertEqual((settings.require("a"), settings.get("b"), settings.all()), ("1", None, {"a": "1"}))
            settings.require("b")

        failure = Scene(settings={"a": "1"}).run(handle).failure
        expected = "the setting `b` is missing: add it to [kind.plugin.settings] of this kind"
        self.assertEqual((type(failure), str(failure)), (Permanent, expected))

    def test_each_level_has_its_call(self) -> None:
        def handle(_: Repeat) -> None:
            for call in (log.trace, log.debug, log.info, log.warn, log.error):
                call(call.__name__)

        self.assertEqual([(level.name.lower(), line) for level, line in Scene().run(handle).lines],
                         [(name, name) for name in ("trace", "debug", "info", "warn", "error")])  # fmt: skip

    def test_the_standard_logging_gets_there_line_by_line(self) -> None:
        def handle(_: Repeat) -> None:
            logger = logging.getLogger("shop")
            logger.debug("found %d", 7)
            logger.critical("one\ntwo")
            logger.log(1, "least")

        lines = [(Level.DEBUG, "found 7"), (Level.ERROR, "one"), (Level.ERROR, "two"), (Level.TRACE, "least")]
        before = (logging.root.level, list(logging.root.handlers))
        self.assertEqual(Scene().run(handle).lines, lines)
        self.assertEqual((logging.root.level, logging.root.handlers), before)

    def test_nothing_leaves_a_scene_without_http(self) -> None:
        def handle(_: Repeat) -> None:
            http.get("http://a/")

        self.assertIsInstance(Scene().run(handle).failure, http.Denied)


if __name__ == "__main__":
    unittest.main()
