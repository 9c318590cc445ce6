"""The handler's decisions, run natively: PYTHONPATH=mpy6a/sdk/python/src python3 -m unittest"""

import unittest

import handler
from mpy6a_handler import Permanent, Retry, http
from mpy6a_handler.testing import Delete, Ended, Scene


def run(record: str, status: int) -> Ended:
    scene = Scene(records=[record], settings={"shop": "http://shop.test"}, http=lambda _: http.Response(status))
    return scene.run(handler.cancel_order)


class CancelOrder(unittest.TestCase):
    def test_the_order_is_cancelled_and_the_session_forgotten(self) -> None:
        ended = run('{"order":7}', 204)
        self.assertIsNone(ended.failure)
        self.assertEqual([(request.method, request.url, request.step) for request in ended.requests],
                         [("POST", "http://shop.test/orders/7/cancel", "cancel")])
        self.assertEqual(ended.operations, [Delete()])
        self.assertTrue(ended.logged("cancelled order 7"))

    def test_a_shop_that_is_down_is_asked_again_later(self) -> None:
        ended = run('{"order":7}', 503)
        self.assertIsInstance(ended.failure, Retry)
        self.assertEqual(ended.operations, [])

    def test_a_record_that_nobody_can_read_is_parked_without_asking(self) -> None:
        ended = run('{"order":"seven"}', 204)
        self.assertIsInstance(ended.failure, Permanent)
        self.assertEqual(ended.requests, [])


if __name__ == "__main__":
    unittest.main()
