/*
 * mpy6a_testing.h: run a handler natively, without a host, and look at what it did.
 *
 *     cc -g -fsanitize=address,undefined -I… test.c handler.c …/mpy6a_testing.c -o test && ./test
 *
 * mpy6a_testing.c takes the place of mpy6a.c (it includes it), and plays the host through the same wire.
 *
 *     const mpy6a_text records[] = {MPY6A_TEXT("{\"order\":7}")};
 *     const mpy6a_scene scene = {.records = records, .record_count = 1, .answer = answer};
 *     const mpy6a_ended *ended = mpy6a_scene_run(&scene);
 *     assert(ended->result.outcome == MPY6A_OK);
 *     assert(strcmp(ended->operations[0], "delete") == 0);
 *
 * It tests a handler's decisions. What only a host can do, it does not do: limits, the allow-list, commits. The one rule kept
 * is that a deleted or stored session takes no more operations and sends no HTTP.
 */
#ifndef MPY6A_TESTING_H
#define MPY6A_TESTING_H

#include "mpy6a.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Most operations, requests and lines of one run, each: a handler that does more is endless, and the test aborts. */
#define MPY6A_SCENE_MAX 1024

/* How the outside answers a request: fill in status, headers and body of the response, and return MPY6A_CAUSE_NONE; or return
 * one of the causes of HTTP. */
typedef mpy6a_cause (*mpy6a_answer)(const mpy6a_request *request, mpy6a_response *response, void *context);

/* What a handler is to find. Leave out (zero) what is not needed. */
typedef struct mpy6a_scene {
    const mpy6a_text *records;
    size_t record_count;
    const mpy6a_setting *settings;
    size_t setting_count;
    /* NULL: HTTP is denied. */
    mpy6a_answer answer;
    void *context;
    /* 0: the first repeat of ten. */
    uint32_t repeat, max_repeats;
    const char *traceparent;
    /* What the host refuses every operation with, one of the causes of the session; `limit` goes with it. */
    mpy6a_cause refuse;
    uint64_t limit;
} mpy6a_scene;

/* What a run did. It lives until the next run. */
typedef struct mpy6a_ended {
    /* What the handler returned; the reason as the host gets it. */
    mpy6a_result result;
    /* "append …", "replace …", "delete", "store" or "store 60". */
    const char *operations[MPY6A_SCENE_MAX];
    size_t operation_count;
    /* The requests that left. JSON is in `body`, its Content-Type among the headers. */
    mpy6a_request requests[MPY6A_SCENE_MAX];
    size_t request_count;
    /* The lines logged, without their levels. */
    const char *lines[MPY6A_SCENE_MAX];
    mpy6a_level levels[MPY6A_SCENE_MAX];
    size_t line_count;
} mpy6a_ended;

/* Run mpy6a_handle. */
const mpy6a_ended *mpy6a_scene_run(const mpy6a_scene *scene);

/* Free what the last run left: for tools that look for leaks. */
void mpy6a_scene_free(void);

/* Whether a line of this text was logged, at whatever level. */
bool mpy6a_logged(const mpy6a_ended *ended, const char *line);

#ifdef __cplusplus
}
#endif

#endif
