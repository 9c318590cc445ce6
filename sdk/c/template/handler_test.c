/* The handler's decisions, run natively: README.md says how. */
#undef NDEBUG
#include <assert.h>

#include "mpy6a_testing.h"

/* The shop: answers every request with the status that `context` points to. */
static mpy6a_cause shop(const mpy6a_request *request, mpy6a_response *response, void *context)
{
    assert(strcmp(request->method, "POST") == 0);
    assert(strcmp(request->url, "http://shop.test/orders/7/cancel") == 0);
    assert(strcmp(request->step, "cancel") == 0);
    response->status = *(uint16_t *)context;
    return MPY6A_CAUSE_NONE;
}

static const mpy6a_ended *run(const char *record, uint16_t status)
{
    const mpy6a_text records[] = {mpy6a_text_of(record)};
    const mpy6a_setting settings[] = {{MPY6A_TEXT("shop"), MPY6A_TEXT("http://shop.test")}};
    const mpy6a_scene scene = {
        .records = records,
        .record_count = 1,
        .settings = settings,
        .setting_count = 1,
        .answer = shop,
        .context = &status,
    };
    return mpy6a_scene_run(&scene);
}

int main(void)
{
    const mpy6a_ended *ended = run("{\"order\":7}", 204);
    assert(ended->result.outcome == MPY6A_OK);
    assert(ended->operation_count == 1 && strcmp(ended->operations[0], "delete") == 0);
    assert(mpy6a_logged(ended, "cancelled order 7"));

    ended = run("{\"order\":7}", 503);
    assert(ended->result.outcome == MPY6A_RETRY && ended->operation_count == 0);

    ended = run("{\"order\":\"seven\"}", 204);
    assert(ended->result.outcome == MPY6A_PERMANENT && ended->request_count == 0);
    assert(strcmp(ended->result.reason, "record 0: `order` is not a whole number of 64 bits") == 0);

    mpy6a_scene_free();
    return 0;
}
