"""Requests as they leave, and what answers and failures become."""

import unittest
from datetime import timedelta
from typing import Any

from mpy6a_handler import Failure, Permanent, Repeat, Retry, http
from mpy6a_handler.testing import Ended, Scene


def answered(response: http.Response) -> Scene:
    return Scene(http=lambda _: response)


def fails(error: http.Error) -> Scene:
    def answer(_: http.Request) -> http.Response:
        raise error

    return Scene(http=answer)


def get(_: Repeat) -> None:
    http.get("http://a/x?token=secret").expect_success()


def put(options: dict[str, Any]) -> None:
    http.put("http://a/x?token=secret", **options)


class Requests(unittest.TestCase):
    def sent(self, method: str, **options: Any) -> http.Request:
        def handle(_: Repeat) -> None:
            http.request(method, "http://a/users", **options)

        ended = answered(http.Response(200)).run(handle)
        self.assertIsNone(ended.failure)
        return ended.requests[0]

    def test_a_query_survives_every_character(self) -> None:
        request = self.sent("GET", query=[("nick", "ёж & co+=%?#/~"), ("x", ""), ("n", 7)])
        self.assertEqual(request.url, "http://a/users?nick=%D1%91%D0%B6%20%26%20co%2B%3D%25%3F%23%2F~&x=&n=7")

    def test_options_reach_the_request_in_the_units_of_the_contract(self) -> None:
        request = self.sent("PUT", json={"a": "ё"}, step="index", timeout=0.0001, headers={"x": "1"})
        expected = http.Request(
            "PUT", "http://a/users", (("x", "1"), ("content-type", "application/json")), '{"a":"ё"}'.encode(), 1, "index"
        )
        self.assertEqual(request, expected)
        self.assertEqual(self.sent("POST", body="ё", timeout=timedelta(seconds=3)).timeout_ms, 3000)
        self.assertEqual(self.sent("POST", body="ё").body, "ё".encode())

    def test_each_method_has_its_call(self) -> None:
        def handle(_: Repeat) -> None:
            for call in (http.get, http.delete, http.post, http.put, http.patch):
                call("http://a/", query={"q": "1"}, headers={"h": "2"}, step="s", timeout=1)
            for call in (http.delete, http.post, http.put, http.patch):
                call("http://a/", body=b"b")
                call("http://a/", json=[1])

        requests = answered(http.Response(200)).run(handle).requests
        self.assertEqual([request.method for request in requests[:5]], ["GET", "DELETE", "POST", "PUT", "PATCH"])
        self.assertEqual({(r.url, r.headers, r.step, r.timeout_ms) for r in requests[:5]},
                         {("http://a/?q=1", (("h", "2"),), "s", 1000)})  # fmt: skip
        self.assertEqual([request.body for request in requests[5:]], [b"b", b"[1]"] * 4)

    def test_what_cannot_be_sent_is_invalid_and_names_the_request_without_its_query(self) -> None:
        cases: list[dict[str, Any]] = [
            {"json": object()},
            {"json": 1, "body": b"1"},
            {"headers": {"x": "\ud800"}},
            {"query": {"x": "\ud800"}},
            {"step": "\ud800"},
        ]
        for options in cases:
            ended = answered(http.Response(200)).run(lambda _: put(options))
            self.assertIsInstance(ended.failure, http.Invalid)
            self.assertRegex(str(ended.failure), r"^PUT http://a/x: not a valid request: ")
            self.assertEqual(ended.requests, [])


class Answers(unittest.TestCase):
    def test_statuses_decide_between_retry_and_permanent(self) -> None:
        def failure(status: int) -> Failure | None:
            return answered(http.Response(status, b"why")).run(get).failure

        for status in (200, 201, 204, 299):
            self.assertIsNone(failure(status))
        for status in (408, 409, 412, 423, 425, 429, 500, 503, 599):
            self.assertIsInstance(failure(status), Retry)
            self.assertEqual(str(failure(status)), f"GET http://a/x answered {status}: why")
        for status in (199, 301, 400, 401, 404, 410, 422):
            self.assertIsInstance(failure(status), Permanent, status)

    def test_errors_are_retried_where_the_outside_may_heal(self) -> None:
        cases: list[tuple[http.Error, type[Failure], bool, str]] = [
            (http.Denied("not listed"), Permanent, False, "denied, see the kind's [[kind.plugin.http]]: not listed"),
            (http.Invalid("no scheme"), Permanent, False, "not a valid request: no scheme"),
            (http.Unreachable("refused"), Retry, False, "unreachable: refused"),
            (http.Timeout(), Retry, True, "no response in time"),
            (http.Broken("reset"), Retry, True, "the connection broke: reset"),
            (http.ResponseTooLarge(9), Permanent, True, "the response is over the host's limit of 9 bytes"),
        ]
        for error, kind, may_have_happened, what in cases:
            failure = fails(error).run(get).failure
            self.assertIsInstance(failure, kind)
            assert isinstance(failure, http.Error)
            self.assertEqual(failure.may_have_happened, may_have_happened)
            self.assertEqual(failure.reason, f"GET http://a/x: {what}")

    def test_a_long_body_is_quoted_in_part(self) -> None:
        failure = answered(http.Response(500, "я".encode() * 1000)).run(get).failure
        self.assertEqual(str(failure), f"GET http://a/x answered 500: {'я' * 100}…")

    def test_a_body_that_does_not_read_is_retried(self) -> None:
        def run(body: bytes) -> Ended:
            return answered(http.Response(200, body)).run(lambda _: http.get("http://a/").json(lambda user: user["id"]))

        for body, why in ((b"<html>", "JSONDecodeError"), (b"{}", "KeyError: 'id'"), (b"\xff", "UnicodeDecodeError")):
            failure = run(body).failure
            self.assertIsInstance(failure, Retry)
            self.assertIn(f"GET http://a/ answered 200 with what does not read: {why}", str(failure))
        self.assertIsNone(run(b'{"id":7}').failure)

    def test_headers_are_found_in_any_case_and_text_replaces_what_is_none(self) -> None:
        response = http.Response(200, b"a\xff", (("retry-after", "3"),))
        self.assertEqual((response.header("Retry-After"), response.header("etag"), response.text), ("3", None, "a\ufffd"))


if __name__ == "__main__":
    unittest.main()
