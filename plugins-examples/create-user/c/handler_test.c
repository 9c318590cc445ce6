/*
 * The handler's decisions, run natively: for each state that a client can leave, what is asked of A and B, and how the
 * session ends. Silent if all is well:
 *
 *     cc -g -fsanitize=address,undefined -I../../../sdk/c handler_test.c handler.c ../../../sdk/c/mpy6a_testing.c \
 *         -o build/handler_test && build/handler_test
 */
#undef NDEBUG
#include <assert.h>

#include "mpy6a_testing.h"

#define ASKED "{\"step\":\"create\",\"user\":{\"nick\":\"ёж & co\",\"name\":\"Анна\",\"mail\":\"a@example.org\"}}"
#define CREATED "{\"step\":\"created\",\"id\":7}"
#define FOUND "{\"id\":7,\"nick\":\"ёж & co\",\"name\":\"Анна\",\"mail\":\"a@example.org\"}"
#define RENAMED "{\"id\":7,\"nick\":\"\",\"name\":\"\",\"mail\":\"\"}"
#define OTHER "{\"id\":3,\"nick\":\"ёж & co\",\"name\":\"Борис\",\"mail\":\"b@example.org\"}"
#define NOBODY "{\"error\":\"no such user\"}"

/* What A and B answer. */
typedef struct outside {
    uint16_t a_status;
    const char *a_body;
    uint16_t b_status;
    /* Not MPY6A_CAUSE_NONE: no answer, for this cause. */
    mpy6a_cause fails;
} outside;

static mpy6a_cause answer(const mpy6a_request *request, mpy6a_response *response, void *context)
{
    const outside *now = context;
    const bool is_a = strncmp(request->url, "http://a/", 9) == 0;
    response->status = is_a ? now->a_status : now->b_status;
    response->body = mpy6a_text_of(is_a ? now->a_body : "");
    return now->fails;
}

/* Run over one or two records; those that are NULL are not there. */
static const mpy6a_ended *run(const char *first, const char *second, outside now)
{
    const mpy6a_text records[] = {mpy6a_text_of(first), mpy6a_text_of(second)};
    const mpy6a_setting settings[] = {
        {MPY6A_TEXT("service_a"), MPY6A_TEXT("http://a")},
        {MPY6A_TEXT("service_b"), MPY6A_TEXT("http://b")},
    };
    const mpy6a_scene scene = {
        .records = records,
        .record_count = (size_t)(first != NULL) + (size_t)(second != NULL),
        .settings = settings,
        .setting_count = 2,
        .answer = answer,
        .context = &now,
    };
    return mpy6a_scene_run(&scene);
}

/* That the session was deleted after so many requests, with this line. */
static void deleted(const mpy6a_ended *ended, size_t requests, const char *line)
{
    assert(ended->result.outcome == MPY6A_OK && ended->request_count == requests && ended->operation_count == 1);
    assert(strcmp(ended->operations[0], "delete") == 0);
    assert(!line || mpy6a_logged(ended, line));
}

static void asked(const mpy6a_request *request, const char *method, const char *url, const char *step)
{
    assert(strcmp(request->method, method) == 0 && strcmp(request->url, url) == 0 && strcmp(request->step, step) == 0);
    assert(request->timeout_ms == 3000);
}

static void a_user_that_a_knows_is_rolled_forward(void)
{
    const mpy6a_ended *ended = run(ASKED, NULL, (outside){200, FOUND, 204, MPY6A_CAUSE_NONE});
    deleted(ended, 2, "rolled forward user 7");
    asked(&ended->requests[0], "GET", "http://a/users?nick=%D1%91%D0%B6%20%26%20co", "find");
    asked(&ended->requests[1], "PUT", "http://b/index/7", "index");
    assert(strcmp(ended->requests[1].body.data, FOUND) == 0);

    ended = run(ASKED, CREATED, (outside){200, RENAMED, 204, MPY6A_CAUSE_NONE});
    deleted(ended, 2, "rolled forward user 7");
    asked(&ended->requests[0], "GET", "http://a/users/7", "find");
    assert(strcmp(ended->requests[1].body.data, RENAMED) == 0);
}

static void a_user_that_a_does_not_know_is_rolled_back(void)
{
    deleted(run(ASKED, NULL, (outside){404, NOBODY, 500, MPY6A_CAUSE_NONE}), 1, "rolled back: no such user");
    deleted(run(ASKED, CREATED, (outside){404, NOBODY, 500, MPY6A_CAUSE_NONE}), 1, "rolled back: no such user");
    deleted(run(NULL, NULL, (outside){500, "", 500, MPY6A_CAUSE_NONE}), 0, "rolled back: no such user");
    const mpy6a_ended *ended = run(ASKED, NULL, (outside){200, OTHER, 204, MPY6A_CAUSE_NONE});
    deleted(ended, 2, "rolled back: no such user; user 3 has the nick");
    asked(&ended->requests[1], "PUT", "http://b/index/3", "index");
}

static void any_error_leaves_at_once_to_be_repeated(void)
{
    const outside cases[] = {
        {503, "made to fail", 204, MPY6A_CAUSE_NONE},
        {412, "stale", 204, MPY6A_CAUSE_NONE},
        {200, "<html>", 204, MPY6A_CAUSE_NONE},
        {200, "{\"id\":\"7\"}", 204, MPY6A_CAUSE_NONE},
        {404, "<html>not A's words", 204, MPY6A_CAUSE_NONE},
        {200, FOUND, 503, MPY6A_CAUSE_NONE},
        {200, FOUND, 400, MPY6A_CAUSE_NONE},
        {200, FOUND, 204, MPY6A_CAUSE_TIMEOUT},
        {200, FOUND, 204, MPY6A_CAUSE_DENIED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const mpy6a_ended *ended = run(ASKED, NULL, cases[i]);
        assert(ended->result.outcome == MPY6A_RETRY && ended->operation_count == 0 && ended->line_count == 0);
    }
}

static void a_record_that_nobody_can_read_is_permanent(void)
{
    const char *unreadable[] = {"{", "{\"step\":\"created\"}", "{\"step\":\"other\"}", "{\"step\":\"create\",\"user\":{}}"};
    for (size_t i = 0; i < sizeof(unreadable) / sizeof(*unreadable); i++) {
        const mpy6a_ended *ended = run(ASKED, unreadable[i], (outside){200, FOUND, 204, MPY6A_CAUSE_NONE});
        assert(ended->result.outcome == MPY6A_PERMANENT && strncmp(ended->result.reason, "record 1: ", 10) == 0);
        assert(ended->request_count == 0 && ended->operation_count == 0);
    }
}

int main(void)
{
    a_user_that_a_knows_is_rolled_forward();
    a_user_that_a_does_not_know_is_rolled_back();
    any_error_leaves_at_once_to_be_repeated();
    a_record_that_nobody_can_read_is_permanent();
    mpy6a_scene_free();
    return 0;
}
