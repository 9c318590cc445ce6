/* session.c: what a handler gets, its operations, how it ends, its settings. */
#include "check.h"

static mpy6a_result look_around(const mpy6a_repeat *repeat)
{
    CHECK(repeat->record_count == 3);
    CHECK(repeat->records[0].size == 5 && memcmp(repeat->records[0].data, "a\0b\xFF\xFE", 6) == 0);
    CHECK(repeat->records[1].size == 0 && repeat->records[1].data[0] == 0);
    CHECK(repeat->kind == 1 && repeat->repeat == 3 && repeat->max_repeats == 3 && mpy6a_is_last_repeat(repeat));
    CHECK_STRING(repeat->kind_name, "scene");
    CHECK_STRING(repeat->idempotency_key, "1-1");
    CHECK_STRING(repeat->traceparent, "00-1-2-01");
    CHECK(repeat->created_ms == 1000 && repeat->stored_ms == 2000 && repeat->due_ms == 3000 && repeat->deadline_ms == 13000);
    CHECK_STRING(mpy6a_session_id(repeat), "1-1");
    CHECK_STRING(mpy6a_fence(repeat), "1-2");
    mpy6a_json json;
    const mpy6a_result unread = mpy6a_record_json(repeat, 1, &json);
    CHECK(unread.outcome == MPY6A_PERMANENT && unread.cause == MPY6A_CAUSE_JSON);
    CHECK_STRING(unread.reason, "record 1: not JSON: the text ends too early, at byte 0 of 0");
    CHECK_STRING(mpy6a_record_json(repeat, 3, &json).reason, "record 3: there is none, the session has 3");
    CHECK(mpy6a_record_json(repeat, 3, &json).cause == MPY6A_CAUSE_NO_RECORD);
    MPY6A_TRY(mpy6a_record_json(repeat, 2, &json));
    mpy6a_text text;
    return mpy6a_json_string(json, "x", &text);
}

static void a_handler_gets_everything(void)
{
    const mpy6a_text records[] = {MPY6A_TEXT("a\0b\xFF\xFE"), MPY6A_TEXT(""), MPY6A_TEXT("{\"x\":1}")};
    const mpy6a_scene scene = {.records = records, .record_count = 3, .repeat = 3, .max_repeats = 3, .traceparent = "00-1-2-01"};
    handler_now = look_around;
    const mpy6a_ended *ended = mpy6a_scene_run(&scene);
    CHECK(ended->result.outcome == MPY6A_PERMANENT && ended->operation_count == 0);
    CHECK_STRING(ended->result.reason, "record 2: `x` is not a string");
}

static mpy6a_result operate_and_go_on(const mpy6a_repeat *repeat)
{
    CHECK(repeat->record_count == 0 && repeat->traceparent == NULL && !mpy6a_is_last_repeat(repeat));
    MPY6A_TRY(mpy6a_append(repeat, MPY6A_TEXT("one")));
    MPY6A_TRY(mpy6a_replace(repeat, MPY6A_TEXT("two")));
    MPY6A_TRY(mpy6a_store_after(repeat, 60));
    const mpy6a_result late = mpy6a_delete(repeat);
    CHECK(late.cause == MPY6A_CAUSE_FINISHED);
    return late;
}

static mpy6a_result store_or_retry(const mpy6a_repeat *repeat)
{
    MPY6A_TRY(mpy6a_store(repeat));
    return mpy6a_retry("%s %d", "again", 7);
}

static void operations_reach_the_host_and_end_with_the_first_that_finishes(void)
{
    const mpy6a_scene scene = {0};
    handler_now = operate_and_go_on;
    const mpy6a_ended *ended = mpy6a_scene_run(&scene);
    CHECK(ended->operation_count == 3 && ended->result.outcome == MPY6A_PERMANENT);
    CHECK_STRING(ended->operations[0], "append one");
    CHECK_STRING(ended->operations[1], "replace two");
    CHECK_STRING(ended->operations[2], "store 60");
    CHECK_STRING(ended->result.reason, "the session was already deleted or stored in this run: do that last");
    handler_now = store_or_retry;
    ended = mpy6a_scene_run(&scene);
    CHECK_STRING(ended->operations[0], "store");
    CHECK(ended->result.outcome == MPY6A_RETRY);
    CHECK_STRING(ended->result.reason, "again 7");
}

static mpy6a_cause refused_with;
static uint64_t refused_limit;

static mpy6a_result only_append(const mpy6a_repeat *repeat)
{
    const mpy6a_result result = mpy6a_append(repeat, MPY6A_TEXT("x"));
    refused_with = result.cause;
    refused_limit = result.limit;
    return result;
}

static void every_refusal_is_told_with_its_limit(void)
{
    static const struct {
        mpy6a_cause cause;
        const char *reason;
    } cases[] = {
        {MPY6A_CAUSE_RECORD_TOO_LARGE, "the record is over the host's limit of 5000000000 bytes: keep large data elsewhere"},
        {MPY6A_CAUSE_SESSION_TOO_LARGE,
         "the session would outgrow the host's limit of 5000000000 bytes: replace records, do not append"},
        {MPY6A_CAUSE_TOO_MANY_RECORDS,
         "the session has 5000000000 records, the host's limit: replace records, do not append"},
        {MPY6A_CAUSE_TIMEOUT_TOO_LONG, "the timeout is over the host's limit of 5000000000 s: store for less, and again"},
    };
    handler_now = only_append;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const mpy6a_scene scene = {.refuse = cases[i].cause, .limit = 5000000000};
        const mpy6a_ended *ended = mpy6a_scene_run(&scene);
        CHECK(ended->result.outcome == MPY6A_PERMANENT && ended->operation_count == 0);
        CHECK_STRING(ended->result.reason, cases[i].reason);
        CHECK(refused_with == cases[i].cause && refused_limit == 5000000000);
    }
}

static mpy6a_result read_settings(const mpy6a_repeat *repeat)
{
    mpy6a_text value;
    const mpy6a_setting *all;
    size_t count;
    (void)repeat;
    MPY6A_TRY(mpy6a_require_setting("a", &value));
    CHECK_STRING(value.data, "1");
    MPY6A_TRY(mpy6a_get_setting("empty", &value));
    CHECK(value.data && value.size == 0);
    MPY6A_TRY(mpy6a_get_setting("none", &value));
    CHECK(value.data == NULL && value.size == 0);
    MPY6A_TRY(mpy6a_all_settings(&all, &count));
    CHECK(count == 2 && mpy6a_text_equal(all[1].key, MPY6A_TEXT("empty")) && all[1].value.data[0] == 0);
    return mpy6a_require_setting("b", &value);
}

static void a_missing_setting_is_permanent_and_names_the_remedy(void)
{
    const mpy6a_setting settings[] = {{MPY6A_TEXT("a"), MPY6A_TEXT("1")}, {MPY6A_TEXT("empty"), MPY6A_TEXT("")}};
    const mpy6a_scene scene = {.settings = settings, .setting_count = 2};
    handler_now = read_settings;
    const mpy6a_ended *ended = mpy6a_scene_run(&scene);
    CHECK(ended->result.outcome == MPY6A_PERMANENT);
    CHECK_STRING(ended->result.reason, "the setting `b` is missing: add it to [kind.plugin.settings] of this kind");
}

void test_session(void)
{
    a_handler_gets_everything();
    operations_reach_the_host_and_end_with_the_first_that_finishes();
    every_refusal_is_told_with_its_limit();
    a_missing_setting_is_permanent_and_names_the_remedy();
}
