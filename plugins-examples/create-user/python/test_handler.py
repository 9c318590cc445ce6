"""The handler's decisions, run natively: for each state that a client can leave, what is asked of A and B, and how the
session ends."""

import unittest

import handler
from mpy6a_handler import Permanent, Retry, http
from mpy6a_handler.testing import Answer, Delete, Ended, Scene

ASKED = '{"step":"create","user":{"nick":"ёж & co","name":"Анна","mail":"a@example.org"}}'
CREATED = '{"step":"created","id":7}'
FOUND = '{"id":7,"nick":"ёж & co","name":"Анна","mail":"a@example.org"}'
NOBODY = '{"error":"no such user"}'


def run_with(records: list[str], answer: Answer) -> Ended:
    return Scene(records=records, settings={"service_a": "http://a", "service_b": "http://b"}, http=answer).run(
        handler.handle
    )


def run(records: list[str], a: tuple[int, str], b: tuple[int, str]) -> Ended:
    """Run the handler over these records. A and B answer as they are told."""

    def answer(request: http.Request) -> http.Response:
        status, body = a if request.url.startswith("http://a/") else b
        return http.Response(status, body.encode())

    return run_with(records, answer)


def fails(error: http.Error) -> Answer:
    def answer(_: http.Request) -> http.Response:
        raise error

    return answer


class CreateUser(unittest.TestCase):
    def test_without_an_id_the_nick_is_looked_up_and_the_user_rolled_forward(self) -> None:
        ended = run([ASKED], (200, FOUND), (204, ""))
        nick = "http://a/users?nick=%D1%91%D0%B6%20%26%20co"
        self.assertEqual(
            [(request.method, request.url, request.step, request.timeout_ms) for request in ended.requests],
            [("GET", nick, "find", 3000), ("PUT", "http://b/index/7", "index", 3000)],
        )
        self.assertEqual(ended.requests[1].body, FOUND.encode())
        self.assertEqual((ended.failure, ended.operations), (None, [Delete()]))
        self.assertTrue(ended.logged("rolled forward user 7"))

    def test_with_an_id_it_is_fetched_whatever_its_attributes_became(self) -> None:
        renamed = '{"id":7,"nick":"ёж","name":"","mail":""}'
        ended = run([ASKED, CREATED], (200, renamed), (204, ""))
        self.assertEqual((ended.requests[0].url, ended.requests[0].step), ("http://a/users/7", "find"))
        self.assertEqual(ended.requests[1].body, renamed.encode())
        self.assertTrue(ended.logged("rolled forward user 7"))

    def test_a_user_that_a_does_not_know_is_rolled_back(self) -> None:
        for records in ([ASKED], [ASKED, CREATED]):
            ended = run(records, (404, NOBODY), (500, "B must not be asked"))
            self.assertEqual((len(ended.requests), ended.operations), (1, [Delete()]))
            self.assertTrue(ended.logged("rolled back: no such user"))

    def test_a_session_without_records_is_forgotten_without_asking(self) -> None:
        ended = run([], (500, "A must not be asked"), (500, ""))
        self.assertEqual((ended.requests, ended.operations), ([], [Delete()]))

    def test_somebody_else_with_the_nick_is_indexed_but_does_not_count_as_this_one(self) -> None:
        other = '{"id":3,"nick":"ёж & co","name":"Борис","mail":"b@example.org"}'
        ended = run([ASKED], (200, other), (204, ""))
        self.assertEqual((ended.requests[1].url, ended.operations), ("http://b/index/3", [Delete()]))
        self.assertTrue(ended.logged("rolled back: no such user; user 3 has the nick"))

    def test_any_error_leaves_at_once_to_be_repeated(self) -> None:
        cases = [
            run([ASKED], (503, "made to fail"), (204, "")),
            run([ASKED], (412, "stale"), (204, "")),
            run([ASKED], (200, "<html>"), (204, "")),
            run([ASKED], (200, '{"id":7}'), (204, "")),
            run([ASKED], (404, "<html>not A's words"), (204, "")),
            run([ASKED], (200, FOUND), (503, "made to fail")),
            run([ASKED], (200, FOUND), (400, "B does not like it")),
            run_with([ASKED], fails(http.Timeout())),
            run_with([ASKED], fails(http.Denied("not on the list"))),
        ]
        for ended in cases:
            self.assertIsInstance(ended.failure, Retry)
            self.assertEqual((ended.operations, ended.lines), ([], []))

    def test_a_record_that_nobody_can_read_is_permanent(self) -> None:
        for record in ("{", '{"step":"created"}', "[]"):
            ended = run([ASKED, record], (200, FOUND), (204, ""))
            self.assertIsInstance(ended.failure, Permanent)
            self.assertTrue(str(ended.failure).startswith("record 1: "), ended.failure)
            self.assertEqual((ended.requests, ended.operations), ([], []))


if __name__ == "__main__":
    unittest.main()
