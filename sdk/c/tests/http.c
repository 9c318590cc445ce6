/* http.c: requests as they leave, and what responses and failures become. */
#include "check.h"

static mpy6a_request asked;
static mpy6a_response answered;
static mpy6a_cause broke_with;
static mpy6a_result sent;

static mpy6a_cause answer(const mpy6a_request *request, mpy6a_response *response, void *context)
{
    (void)request;
    (void)context;
    *response = answered;
    return broke_with;
}

static mpy6a_result send_it(const mpy6a_repeat *repeat)
{
    (void)repeat;
    mpy6a_response response;
    sent = mpy6a_send(&asked, &response);
    MPY6A_TRY(sent);
    return mpy6a_expect_success(&response);
}

static const mpy6a_ended *run(mpy6a_request request, mpy6a_cause cause, uint16_t status, const char *body)
{
    static mpy6a_scene scene;
    scene.answer = answer;
    scene.limit = 9;
    asked = request;
    broke_with = cause;
    answered.status = status;
    answered.body = mpy6a_text_of(body);
    handler_now = send_it;
    return mpy6a_scene_run(&scene);
}

static void a_request_leaves_as_it_was_built(void)
{
    const mpy6a_header headers[] = {{"accept", "text/plain"}, {"x-empty", ""}};
    const mpy6a_request request = {
        .method = "PUT",
        .url = "http://b/index/7",
        .headers = headers,
        .header_count = 2,
        .json = MPY6A_TEXT("[1,2]"),
        .step = "index",
        .timeout_ms = 3000,
    };
    const mpy6a_ended *ended = run(request, MPY6A_CAUSE_NONE, 204, "");
    CHECK(ended->result.outcome == MPY6A_OK && ended->request_count == 1);
    const mpy6a_request *left = &ended->requests[0];
    CHECK_STRING(left->method, "PUT");
    CHECK_STRING(left->url, "http://b/index/7");
    CHECK_STRING(left->step, "index");
    CHECK_STRING(left->body.data, "[1,2]");
    CHECK(left->timeout_ms == 3000 && left->header_count == 3);
    CHECK_STRING(left->headers[0].value, "text/plain");
    CHECK_STRING(left->headers[1].value, "");
    CHECK_STRING(left->headers[2].name, "content-type");
    CHECK_STRING(left->headers[2].value, "application/json");

    const mpy6a_request bare = {.method = "GET", .url = "http://a/"};
    left = &run(bare, MPY6A_CAUSE_NONE, 200, "")->requests[0];
    CHECK(!left->body.data && !left->step && left->timeout_ms == 0 && left->header_count == 0);
    const mpy6a_request empty = {.method = "POST", .url = "http://a/", .body = MPY6A_TEXT("")};
    left = &run(empty, MPY6A_CAUSE_NONE, 200, "")->requests[0];
    CHECK(left->body.data && left->body.size == 0);
}

static void a_query_survives_every_byte(void)
{
    const char *url = mpy6a_query("http://a/users", MPY6A_TEXT("nick"), MPY6A_TEXT("ёж & co+=%?#/~\xFF"));
    url = mpy6a_query(url, MPY6A_TEXT("x"), MPY6A_TEXT(""));
    CHECK_STRING(url, "http://a/users?nick=%D1%91%D0%B6%20%26%20co%2B%3D%25%3F%23%2F~%FF&x=");
}

static void malformed_requests_never_reach_the_host(void)
{
    const mpy6a_request none = {.method = "GET"};
    CHECK_STRING(run(none, MPY6A_CAUSE_NONE, 200, "")->result.reason, "a request needs `method` and `url`");
    const mpy6a_request both = {.method = "PUT", .url = "http://a/x?token=secret", .body = MPY6A_TEXT(""),
                                .json = MPY6A_TEXT("1")};
    CHECK_STRING(run(both, MPY6A_CAUSE_NONE, 200, "")->result.reason,
                 "PUT http://a/x: not a valid request: it has both `body` and `json`");
    const mpy6a_request bytes = {.method = "GET", .url = "http://a/\xFF"};
    const mpy6a_ended *ended = run(bytes, MPY6A_CAUSE_NONE, 200, "");
    CHECK(ended->request_count == 0 && ended->result.outcome == MPY6A_PERMANENT && sent.cause == MPY6A_CAUSE_INVALID);
    const mpy6a_scene denied = {0};
    asked = (mpy6a_request){.method = "GET", .url = "http://a/"};
    CHECK_STRING(mpy6a_scene_run(&denied)->result.reason,
                 "GET http://a/: denied, see the kind's [[kind.plugin.http]]: the scene grants no HTTP: give it an `answer`");
}

static void failures_say_whether_the_outside_may_heal(void)
{
    static const struct {
        mpy6a_cause cause;
        mpy6a_outcome outcome;
        bool may_have_happened;
        const char *reason;
    } cases[] = {
        {MPY6A_CAUSE_DENIED, MPY6A_PERMANENT, false,
         "GET http://a/: denied, see the kind's [[kind.plugin.http]]: the scene says so"},
        {MPY6A_CAUSE_INVALID, MPY6A_PERMANENT, false, "GET http://a/: not a valid request: the scene says so"},
        {MPY6A_CAUSE_UNREACHABLE, MPY6A_RETRY, false, "GET http://a/: unreachable: the scene says so"},
        {MPY6A_CAUSE_TIMEOUT, MPY6A_RETRY, true, "GET http://a/: no response in time"},
        {MPY6A_CAUSE_BROKEN, MPY6A_RETRY, true, "GET http://a/: the connection broke: the scene says so"},
        {MPY6A_CAUSE_RESPONSE_TOO_LARGE, MPY6A_PERMANENT, true,
         "GET http://a/: the response is over the host's limit of 9 bytes"},
    };
    const mpy6a_request request = {.method = "GET", .url = "http://a/?secret"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const mpy6a_ended *ended = run(request, cases[i].cause, 200, "");
        CHECK(ended->result.outcome == cases[i].outcome && sent.cause == cases[i].cause);
        CHECK(mpy6a_may_have_happened(sent) == cases[i].may_have_happened);
        CHECK_STRING(ended->result.reason, cases[i].reason);
        CHECK(mpy6a_into_retry(sent).outcome == MPY6A_RETRY);
    }
    CHECK(mpy6a_into_retry(mpy6a_ok()).outcome == MPY6A_OK);
}

static void statuses_decide_between_retry_and_permanent(void)
{
    const mpy6a_request request = {.method = "GET", .url = "http://a/"};
    for (uint16_t status = 100; status < 600; status++) {
        const bool heals = status >= 500 || status == 408 || status == 409 || status == 412 || status == 423 ||
                           status == 425 || status == 429;
        const mpy6a_outcome wanted = status / 100 == 2 ? MPY6A_OK : heals ? MPY6A_RETRY : MPY6A_PERMANENT;
        CHECK(run(request, MPY6A_CAUSE_NONE, status, "why")->result.outcome == wanted);
    }
    CHECK_STRING(run(request, MPY6A_CAUSE_NONE, 412, "why")->result.reason, "GET http://a/ answered 412: why");
    char body[1001] = {0};
    memset(body, 'x', sizeof(body) - 1);
    const char *reason = run(request, MPY6A_CAUSE_NONE, 500, body)->result.reason;
    CHECK(strlen(reason) == strlen("GET http://a/ answered 500: ") + 200 + strlen("…"));
}

static mpy6a_result read_response(const mpy6a_repeat *repeat)
{
    (void)repeat;
    mpy6a_response response;
    mpy6a_json json;
    int64_t id;
    MPY6A_TRY(mpy6a_send(&asked, &response));
    CHECK_STRING(mpy6a_response_header(&response, "Retry-After"), "3");
    CHECK(mpy6a_response_header(&response, "retry") == NULL && mpy6a_response_header(&response, "etag") == NULL);
    MPY6A_TRY(mpy6a_response_json(&response, &json));
    return mpy6a_json_int(json, "id", &id);
}

static void a_body_that_is_not_as_it_should_be_is_retried(void)
{
    const mpy6a_header headers[] = {{"retry-after", "3"}, {"etag-not", ""}};
    const mpy6a_scene scene = {.answer = answer};
    asked = (mpy6a_request){.method = "GET", .url = "http://a/"};
    answered = (mpy6a_response){.status = 200, .headers = headers, .header_count = 2, .body = MPY6A_TEXT("<html>")};
    broke_with = MPY6A_CAUSE_NONE;
    handler_now = read_response;
    const mpy6a_ended *ended = mpy6a_scene_run(&scene);
    CHECK(ended->result.outcome == MPY6A_RETRY);
    CHECK_STRING(ended->result.reason, "GET http://a/ answered 200: not JSON: expected a value, at byte 0 of 6");
    answered.body = MPY6A_TEXT("{\"id\":\"7\"}");
    ended = mpy6a_scene_run(&scene);
    CHECK(ended->result.outcome == MPY6A_RETRY);
    CHECK_STRING(ended->result.reason, "GET http://a/ answered 200: `id` is not a whole number of 64 bits");
}

void test_http(void)
{
    a_request_leaves_as_it_was_built();
    a_query_survives_every_byte();
    malformed_requests_never_reach_the_host();
    failures_say_whether_the_outside_may_heal();
    statuses_decide_between_retry_and_permanent();
    a_body_that_is_not_as_it_should_be_is_retried();
}
