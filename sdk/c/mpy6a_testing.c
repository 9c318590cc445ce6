/*
 * mpy6a_testing.c: the host that mpy6a_testing.h describes.
 *
 * It includes mpy6a.c, so that it reads and writes the same wire, with the widths of this machine. What it hands to the
 * handler comes from cabi_realloc, as from a real host.
 */
#include "mpy6a_testing.h"

#include "mpy6a.c"

static const mpy6a_scene *scene_now;
static mpy6a_ended ended_now;
static bool is_finished;

static void check_room(size_t count)
{
    if (count >= MPY6A_SCENE_MAX) {
        fprintf(stderr, "the handler does more than MPY6A_SCENE_MAX of one kind: does it end?\n");
        abort();
    }
}

/* Text as a host passes it: a place of its own, and nothing for what is empty. */
static mpy6a_text passed(mpy6a_text text)
{
    mpy6a_text made = {NULL, text.size};
    if (text.size > 0) {
        char *data = cabi_realloc(NULL, 0, 1, text.size);
        memcpy(data, text.data, text.size);
        made.data = data;
    }
    return made;
}

/* A string of C, kept until the next run. */
static const char *kept(const char *data, size_t size)
{
    return data ? resized(data, size, size) : NULL;
}

/* ---- Session --------------------------------------------------------------------------------------------------- */

static void operate(wire_operated *result, bool finishes, const char *operation)
{
    static const uint8_t tags[] = {
        [MPY6A_CAUSE_FINISHED] = WIRE_FINISHED,
        [MPY6A_CAUSE_RECORD_TOO_LARGE] = WIRE_RECORD_TOO_LARGE,
        [MPY6A_CAUSE_SESSION_TOO_LARGE] = WIRE_SESSION_TOO_LARGE,
        [MPY6A_CAUSE_TOO_MANY_RECORDS] = WIRE_TOO_MANY_RECORDS,
        [MPY6A_CAUSE_TIMEOUT_TOO_LONG] = WIRE_TIMEOUT_TOO_LONG,
    };
    const mpy6a_cause cause = is_finished ? MPY6A_CAUSE_FINISHED : scene_now->refuse;
    result->is_error = cause != MPY6A_CAUSE_NONE;
    if (result->is_error) {
        result->error.tag = tags[cause];
        result->error.limit = scene_now->limit;
        return;
    }
    check_room(ended_now.operation_count);
    ended_now.operations[ended_now.operation_count++] = operation;
    is_finished = finishes;
}

void host_session_id(int32_t session, mpy6a_text *id)
{
    (void)session;
    *id = passed(MPY6A_TEXT("1-1"));
}

void host_session_fence(int32_t session, mpy6a_text *fence)
{
    (void)session;
    *fence = passed(MPY6A_TEXT("1-2"));
}

static const char *with_record(const char *operation, const char *data, size_t size)
{
    mpy6a_buffer out = {NULL, 0, 0};
    put_text(&out, mpy6a_text_of(operation));
    put(&out, data, size);
    return out.data;
}

void host_session_append(int32_t session, const char *data, size_t size, wire_operated *result)
{
    (void)session;
    operate(result, false, with_record("append ", data, size));
}

void host_session_replace(int32_t session, const char *data, size_t size, wire_operated *result)
{
    (void)session;
    operate(result, false, with_record("replace ", data, size));
}

void host_session_delete(int32_t session, wire_operated *result)
{
    (void)session;
    operate(result, true, "delete");
}

void host_session_store(int32_t session, int32_t has_timeout, uint32_t timeout_s, wire_operated *result)
{
    (void)session;
    operate(result, true, has_timeout ? mpy6a_format("store %u", timeout_s) : "store");
}

/* ---- HTTP ------------------------------------------------------------------------------------------------------ */

/* The request as the handler gave it, but that JSON has become a body with a header. */
static mpy6a_request kept_request(const char *method, size_t method_size, const char *url, size_t url_size,
                                  const mpy6a_setting *headers, size_t header_count)
{
    mpy6a_header *kept_headers = mpy6a_alloc(header_count * sizeof(*kept_headers));
    for (size_t i = 0; i < header_count; i++) {
        kept_headers[i].name = kept(headers[i].key.data, headers[i].key.size);
        kept_headers[i].value = kept(headers[i].value.data, headers[i].value.size);
    }
    const mpy6a_request request = {
        .method = kept(method, method_size),
        .url = kept(url, url_size),
        .headers = kept_headers,
        .header_count = header_count,
    };
    return request;
}

static void respond(const mpy6a_response *response, wire_sent *result)
{
    mpy6a_setting *headers = cabi_realloc(NULL, 0, _Alignof(mpy6a_setting), response->header_count * sizeof(*headers));
    for (size_t i = 0; i < response->header_count; i++) {
        headers[i].key = passed(mpy6a_text_of(response->headers[i].name));
        headers[i].value = passed(mpy6a_text_of(response->headers[i].value));
    }
    result->is_error = false;
    result->is.response.status = response->status;
    result->is.response.headers.data = headers;
    result->is.response.headers.size = response->header_count;
    result->is.response.body = passed(given(response->body));
}

static void break_off(mpy6a_cause cause, const char *why, wire_sent *result)
{
    static const uint8_t tags[] = {
        [MPY6A_CAUSE_DENIED] = WIRE_DENIED,
        [MPY6A_CAUSE_INVALID] = WIRE_INVALID,
        [MPY6A_CAUSE_UNREACHABLE] = WIRE_UNREACHABLE,
        [MPY6A_CAUSE_TIMEOUT] = WIRE_TIMEOUT,
        [MPY6A_CAUSE_BROKEN] = WIRE_BROKEN,
        [MPY6A_CAUSE_RESPONSE_TOO_LARGE] = WIRE_RESPONSE_TOO_LARGE,
    };
    result->is_error = true;
    result->is.error.tag = tags[cause];
    if (cause == MPY6A_CAUSE_RESPONSE_TOO_LARGE) {
        result->is.error.is.limit = scene_now->limit;
    } else {
        result->is.error.is.why = passed(mpy6a_text_of(why));
    }
}

void host_send(const char *method, size_t method_size, const char *url, size_t url_size, const mpy6a_setting *headers,
               size_t header_count, int32_t has_body, const char *body, size_t body_size, int32_t has_timeout,
               uint32_t timeout_ms, int32_t has_step, const char *step, size_t step_size, wire_sent *result)
{
    if (is_finished) {
        break_off(MPY6A_CAUSE_INVALID, "the session is finished: send before delete or store", result);
        return;
    }
    if (!scene_now->answer) {
        break_off(MPY6A_CAUSE_DENIED, "the scene grants no HTTP: give it an `answer`", result);
        return;
    }
    mpy6a_request request = kept_request(method, method_size, url, url_size, headers, header_count);
    if (has_body) {
        request.body.data = kept(body, body_size);
        request.body.size = body_size;
    }
    request.step = has_step ? kept(step, step_size) : NULL;
    request.timeout_ms = has_timeout ? timeout_ms : 0;
    check_room(ended_now.request_count);
    ended_now.requests[ended_now.request_count++] = request;

    mpy6a_response response = {0};
    const mpy6a_cause cause = scene_now->answer(&request, &response, scene_now->context);
    if (cause == MPY6A_CAUSE_NONE) {
        respond(&response, result);
    } else {
        break_off(cause, "the scene says so", result);
    }
}

/* ---- Log and settings ------------------------------------------------------------------------------------------ */

void host_log_write(int32_t level, const char *message, size_t size)
{
    check_room(ended_now.line_count);
    ended_now.levels[ended_now.line_count] = (mpy6a_level)level;
    ended_now.lines[ended_now.line_count++] = kept(message, size);
}

void host_config_get(const char *key, size_t size, wire_setting *result)
{
    result->is_error = false;
    result->is.value.is_some = false;
    for (size_t i = 0; i < scene_now->setting_count; i++) {
        const mpy6a_text wanted = {key, size};
        if (mpy6a_text_equal(scene_now->settings[i].key, wanted)) {
            result->is.value.is_some = true;
            result->is.value.value = passed(scene_now->settings[i].value);
        }
    }
}

void host_config_get_all(wire_setting *result)
{
    const size_t count = scene_now->setting_count;
    mpy6a_setting *all = cabi_realloc(NULL, 0, _Alignof(mpy6a_setting), count * sizeof(*all));
    for (size_t i = 0; i < count; i++) {
        all[i].key = passed(scene_now->settings[i].key);
        all[i].value = passed(scene_now->settings[i].value);
    }
    result->is_error = false;
    result->is.all.data = all;
    result->is.all.size = count;
}

/* ---- The run --------------------------------------------------------------------------------------------------- */

static wire_repeat pass_repeat(const mpy6a_scene *scene)
{
    mpy6a_text *records = cabi_realloc(NULL, 0, _Alignof(mpy6a_text), scene->record_count * sizeof(*records));
    for (size_t i = 0; i < scene->record_count; i++) {
        records[i] = passed(scene->records[i]);
    }
    wire_repeat repeat = {
        .records = {records, scene->record_count},
        .session = 1,
        .kind = 1,
        .kind_name = passed(MPY6A_TEXT("scene")),
        .repeat = scene->repeat ? scene->repeat : 1,
        .max_repeats = scene->max_repeats ? scene->max_repeats : 10,
        .created_ms = 1000,
        .stored_ms = 2000,
        .due_ms = 3000,
        .deadline_ms = 13000,
        .idempotency_key = passed(MPY6A_TEXT("1-1")),
    };
    repeat.traceparent.is_some = scene->traceparent != NULL;
    repeat.traceparent.value = passed(mpy6a_text_of(scene->traceparent));
    return repeat;
}

const mpy6a_ended *mpy6a_scene_run(const mpy6a_scene *scene)
{
    mpy6a_scene_free();
    scene_now = scene;
    const wire_repeat repeat = pass_repeat(scene);
    wire_result *end = mpy6a_export_handle(&repeat);
    if (end->is_error) {
        ended_now.result.outcome = end->failure.tag == WIRE_PERMANENT ? MPY6A_PERMANENT : MPY6A_RETRY;
        ended_now.result.reason = kept(end->failure.reason.data, end->failure.reason.size);
    }
    mpy6a_export_post_handle(end);
    return &ended_now;
}

void mpy6a_scene_free(void)
{
    while (native_blocks) {
        native_block *next = native_blocks->next;
        free(native_blocks);
        native_blocks = next;
    }
    memset(&ended_now, 0, sizeof(ended_now));
    is_finished = false;
}

bool mpy6a_logged(const mpy6a_ended *ended, const char *line)
{
    for (size_t i = 0; i < ended->line_count; i++) {
        if (strcmp(ended->lines[i], line) == 0) {
            return true;
        }
    }
    return false;
}
