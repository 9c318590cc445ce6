/*
 * Cancel an order that a service began to cancel and did not finish.
 *
 * The first record is {"order":7}. Asking the shop twice does no harm: the step makes both requests carry the same
 * Idempotency-Key.
 */
#include "mpy6a.h"

mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat)
{
    mpy6a_json record;
    int64_t order;
    MPY6A_TRY(mpy6a_record_json(repeat, 0, &record));
    MPY6A_TRY(mpy6a_json_int(record, "order", &order));

    mpy6a_text shop;
    mpy6a_response response;
    MPY6A_TRY(mpy6a_require_setting("shop", &shop));
    const mpy6a_request request = {
        .method = "POST",
        .url = mpy6a_format("%s/orders/%lld/cancel", shop.data, (long long)order),
        .step = "cancel",
    };
    MPY6A_TRY(mpy6a_send(&request, &response));
    MPY6A_TRY(mpy6a_expect_success(&response));

    mpy6a_info("cancelled order %lld", (long long)order);
    return mpy6a_delete(repeat);
}
