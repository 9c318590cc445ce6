/*
 * The handler's decisions, run natively; silent if all is well:
 *
 *     cc -g -fsanitize=address,undefined -I../../../sdk/c handler_test.c handler.c ../../../sdk/c/mpy6a_testing.c \
 *         -o build/handler_test && build/handler_test
 */
#undef NDEBUG
#include <assert.h>

#include "mpy6a_testing.h"

#define ASKED MPY6A_TEXT("{\"text\":\"ёж\"}")
#define FIRST MPY6A_TEXT("{\"reminded\":1}")

/* Run over so many of these records; `every_s` may be NULL. */
static const mpy6a_ended *run(const mpy6a_text *records, size_t count, const char *every_s)
{
    const mpy6a_setting settings[] = {{MPY6A_TEXT("every_s"), mpy6a_text_of(every_s)}};
    const mpy6a_scene scene = {
        .records = records,
        .record_count = count,
        .settings = settings,
        .setting_count = every_s ? 1 : 0,
    };
    return mpy6a_scene_run(&scene);
}

static void each_run_gives_one_reminder_and_the_third_is_the_last(void)
{
    const mpy6a_text records[] = {ASKED, FIRST, MPY6A_TEXT("{\"reminded\":2}")};
    const mpy6a_ended *ended = run(records, 1, NULL);
    assert(ended->result.outcome == MPY6A_OK && ended->operation_count == 2);
    assert(strcmp(ended->operations[0], "append {\"reminded\":1}") == 0);
    assert(strcmp(ended->operations[1], "store 60") == 0);
    assert(mpy6a_logged(ended, "reminder 1 of 3: ёж"));

    ended = run(records, 2, "0");
    assert(strcmp(ended->operations[0], "append {\"reminded\":2}") == 0);
    assert(strcmp(ended->operations[1], "store 0") == 0);

    ended = run(records, 3, "no number, and not asked for");
    assert(strcmp(ended->operations[0], "append {\"reminded\":3}") == 0);
    assert(strcmp(ended->operations[1], "delete") == 0);
    assert(mpy6a_logged(ended, "reminder 3 of 3: ёж"));
}

/* That these records are permanent, for a reason that begins so, and leave the session as it is. */
static void refuses(const mpy6a_text *records, size_t count, const char *reason)
{
    const mpy6a_ended *ended = run(records, count, NULL);
    assert(ended->result.outcome == MPY6A_PERMANENT && ended->operation_count == 0);
    assert(strncmp(ended->result.reason, reason, strlen(reason)) == 0);
}

static void records_that_cannot_be_read_are_permanent(void)
{
    refuses(NULL, 0, "record 0: there is none");
    refuses((mpy6a_text[]){MPY6A_TEXT("\xFF\xFE")}, 1, "record 0: not JSON");
    refuses((mpy6a_text[]){MPY6A_TEXT("{\"text\":7}")}, 1, "record 0: `text` is not a string");
    refuses((mpy6a_text[]){ASKED, FIRST, MPY6A_TEXT("{}")}, 3, "record 2: `reminded` is missing");
    refuses((mpy6a_text[]){ASKED, MPY6A_TEXT("{\"reminded\":\"1\"}")}, 2, "record 1: `reminded` is not a whole number");
}

static void a_time_that_is_no_number_is_permanent(void)
{
    const mpy6a_text records[] = {ASKED};
    const char *none[] = {"soon", "", "-1", "1.5", "4294967296"};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        const mpy6a_ended *ended = run(records, 1, none[i]);
        assert(ended->result.outcome == MPY6A_PERMANENT && strstr(ended->result.reason, "every_s"));
        assert(ended->operation_count == 1);
    }
}

int main(void)
{
    each_run_gives_one_reminder_and_the_third_is_the_last();
    records_that_cannot_be_read_are_permanent();
    a_time_that_is_no_number_is_permanent();
    mpy6a_scene_free();
    return 0;
}
