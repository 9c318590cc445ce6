/*
 * mpy6a.h: write a repeat handler for mpy6a in C, C++ or Zig.
 *
 * A service records in a session what it is about to do. When it fails half-way, the session stays, and mpy6a calls the
 * repeat handler of that kind of work, a small WebAssembly program, with everything recorded. The handler finishes the
 * work or undoes it. Its author writes one function:
 *
 *     #include "mpy6a.h"
 *
 *     mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat)
 *     {
 *         mpy6a_json order;
 *         int64_t number;
 *         MPY6A_TRY(mpy6a_record_json(repeat, 0, &order));
 *         MPY6A_TRY(mpy6a_json_int(order, "order", &number));
 *         mpy6a_info("order %lld is done", (long long)number);
 *         return mpy6a_delete(repeat);
 *     }
 *
 * Parts, in this order: text and memory, results, the repeat and its session, settings, log, HTTP, reading JSON, writing
 * JSON. The README says when to use which.
 *
 * Rules that hold everywhere:
 *
 *  - Ownership. A run has one arena, and a run is a fresh instance: what a function here returns or fills in lives until
 *    the run ends, and is never freed. What is passed in is only read, and only during the call. malloc and free are left
 *    to the handler.
 *  - Text that the SDK gives ends in a NUL that is not counted: data[size] is 0. It may hold other NULs; size counts.
 *  - Functions that can fail return mpy6a_result. It says whether running the same handler over the same records once more
 *    can end differently (retry) or not (permanent); MPY6A_TRY hands it on. What is in doubt is retry, for the host counts
 *    repeats anyway. When it is not MPY6A_OK, out parameters are untouched.
 *  - Nothing is returned for running out of memory: the run is ended, and repeated like one that trapped.
 *  - One run, one thread: WebAssembly has no others here.
 */
#ifndef MPY6A_H
#define MPY6A_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPY6A_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define MPY6A_CHECKED __attribute__((warn_unused_result))
#define MPY6A_NORETURN __attribute__((noreturn))

/* ---- Text and memory ------------------------------------------------------------------------------------------- */

/* Bytes and their count; UTF-8 where it is said to be text. data is NULL only where "none" is possible. */
typedef struct mpy6a_text {
    const char *data;
    size_t size;
} mpy6a_text;

/* A string literal as text. */
#ifdef __cplusplus
#define MPY6A_TEXT(literal) mpy6a_text{"" literal, sizeof(literal) - 1}
#else
#define MPY6A_TEXT(literal) ((mpy6a_text){"" literal, sizeof(literal) - 1})
#endif

/* A C string as text, not copied. NULL stays NULL: none. */
static inline mpy6a_text mpy6a_text_of(const char *string)
{
    mpy6a_text text = {string, string ? strlen(string) : 0};
    return text;
}

/* Whether both hold the same bytes. */
static inline bool mpy6a_text_equal(mpy6a_text a, mpy6a_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Read a whole number in decimal, with nothing around it; false if it is none, or an int64_t cannot hold it. */
bool mpy6a_text_to_int(mpy6a_text text, int64_t *number);

/* One text and then the other, in the run's arena. */
mpy6a_text mpy6a_text_joined(mpy6a_text first, mpy6a_text second);

/* Memory from the run's arena: zeroed, aligned for every type, never freed. */
void *mpy6a_alloc(size_t size) __attribute__((malloc));

/*
 * What printf would print, in the run's arena. Here and wherever else a `format` is taken, printf's conversions
 * d i u x X c s p % are known, with the lengths hh h l ll j z t, a width, a leading 0, and a precision for s (`%.*s`). From
 * any other on, the format comes out as it is: floating point would make a small handler twice as large. Those who need it
 * use snprintf, and pass the outcome with %s.
 */
char *mpy6a_format(const char *format, ...) MPY6A_PRINTF(1, 2);

/* Bytes that grow. Private to the SDK: part of what it must know the size of. */
typedef struct mpy6a_buffer {
    char *data;
    size_t size, capacity;
} mpy6a_buffer;

/* ---- Results --------------------------------------------------------------------------------------------------- */

/* How a handler, or a call that it makes, ended. */
typedef enum mpy6a_outcome {
    MPY6A_OK,
    /* Try again after the kind's backoff; if this was the last repeat, the session is parked. */
    MPY6A_RETRY,
    /* No repeat can help: park the session until a person decides. */
    MPY6A_PERMANENT,
} mpy6a_outcome;

/* What went wrong, for a handler that does more than to hand a failure on. */
typedef enum mpy6a_cause {
    /* Nothing; or the failure is the handler's own, made by mpy6a_retry or mpy6a_permanent. */
    MPY6A_CAUSE_NONE,

    /* Operations on the session; nothing was applied, and the handler may go on. All permanent. */
    MPY6A_CAUSE_FINISHED,           /* the session was already deleted or stored in this run */
    MPY6A_CAUSE_RECORD_TOO_LARGE,   /* limit: the host's, in bytes of one record */
    MPY6A_CAUSE_SESSION_TOO_LARGE,  /* limit: the host's, in bytes of one session */
    MPY6A_CAUSE_TOO_MANY_RECORDS,   /* limit: the host's, a count */
    MPY6A_CAUSE_TIMEOUT_TOO_LONG,   /* limit: the host's, in seconds */

    /* HTTP. */
    MPY6A_CAUSE_DENIED,             /* permanent: not on the kind's allow-list; nothing left the host */
    MPY6A_CAUSE_INVALID,            /* permanent: the request is malformed, or came too late; nothing left the host */
    MPY6A_CAUSE_UNREACHABLE,        /* retry: no connection; nothing was sent */
    MPY6A_CAUSE_TIMEOUT,            /* retry: the request may have been carried out */
    MPY6A_CAUSE_BROKEN,             /* retry: the request may have been carried out */
    MPY6A_CAUSE_RESPONSE_TOO_LARGE, /* permanent: the request was carried out; limit: the host's, in bytes */
    MPY6A_CAUSE_STATUS,             /* retry or permanent: see mpy6a_expect_success */

    /* Settings. */
    MPY6A_CAUSE_SETTING_MISSING,    /* permanent: the config must change */
    MPY6A_CAUSE_SETTING_UNREADABLE, /* retry: the store of settings could not be read */

    /* JSON. Permanent for records and for text in hand, retry for the body of a response. */
    MPY6A_CAUSE_NO_RECORD,          /* permanent: there is no record of this index */
    MPY6A_CAUSE_JSON,               /* it does not parse */
    MPY6A_CAUSE_JSON_TYPE,          /* it parses, and a value is missing or of another type than asked for */
    MPY6A_CAUSE_JSON_WRITER,        /* permanent: what was written is not JSON, by a mistake of the handler */
} mpy6a_cause;

/* The end of a call or of the run. */
typedef struct mpy6a_result {
    mpy6a_outcome outcome;
    mpy6a_cause cause;
    /* The limit that `cause` speaks of, else 0. */
    uint64_t limit;
    /* For a person; kept with the session, so it should hold no secrets. NULL when all is well. */
    const char *reason;
} mpy6a_result;

/* All is well. A handler that returns it without having deleted or stored its session is run again after the backoff. */
static inline mpy6a_result mpy6a_ok(void)
{
    mpy6a_result ok = {MPY6A_OK, MPY6A_CAUSE_NONE, 0, NULL};
    return ok;
}

/* Try again after the kind's backoff. What the run did to its session is committed all the same. */
mpy6a_result mpy6a_retry(const char *format, ...) MPY6A_PRINTF(1, 2);

/* Park the session now. What the run did to it is committed all the same. */
mpy6a_result mpy6a_permanent(const char *format, ...) MPY6A_PRINTF(1, 2);

/* The same failure, to be tried again whatever it was: for a handler whose rule is "any error: leave, and repeat". */
mpy6a_result mpy6a_into_retry(mpy6a_result result);

/* Return from this function what the call returned, unless all is well. */
#define MPY6A_TRY(call)                               \
    do {                                              \
        const mpy6a_result mpy6a_tried = (call);      \
        if (mpy6a_tried.outcome != MPY6A_OK) {        \
            return mpy6a_tried;                       \
        }                                             \
    } while (0)

/* A bug: log the message at error, and trap. What the run had not committed is thrown away, and it is repeated. */
MPY6A_NORETURN void mpy6a_panic(const char *format, ...) MPY6A_PRINTF(1, 2);

/* ---- The repeat, and its session ------------------------------------------------------------------------------- */

/* Everything a handler gets. Times are Unix milliseconds. */
typedef struct mpy6a_repeat {
    /* What the session recorded, oldest first, as it is: bytes. */
    const mpy6a_text *records;
    size_t record_count;
    /* The client kind's number and name in the host's config. */
    uint32_t kind;
    const char *kind_name;
    /* Which repeat this is, from 1, since the session was last stored by an operator. */
    uint32_t repeat;
    /* After this many repeats that finished nothing the session is parked. */
    uint32_t max_repeats;
    /* When the session was created, when it was last stored, and when this repeat fell due. */
    uint64_t created_ms;
    uint64_t stored_ms;
    uint64_t due_ms;
    /* When the host will end this run. */
    uint64_t deadline_ms;
    /* The same in every repeat of the session, and unique to it. */
    const char *idempotency_key;
    /* The W3C traceparent given when the session was created; NULL if there was none. */
    const char *traceparent;
    /* The host's handle of the session: for the functions below. */
    int32_t session;
} mpy6a_repeat;

/* The handler: the one function that its author writes. Called once, in a fresh instance. */
mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat);

/* Whether the session is parked if this run does not finish it. */
static inline bool mpy6a_is_last_repeat(const mpy6a_repeat *repeat)
{
    return repeat->repeat >= repeat->max_repeats;
}

/* The session's id, `term-index`. */
const char *mpy6a_session_id(const mpy6a_repeat *repeat);

/* The index at which this run got the session, `term-index`. It grows with every change of hands, so that an outside
 * system can refuse a stale holder; a request with a step carries it by itself. */
const char *mpy6a_fence(const mpy6a_repeat *repeat);

/* Append a record. */
MPY6A_CHECKED mpy6a_result mpy6a_append(const mpy6a_repeat *repeat, mpy6a_text record);

/* Drop all records and keep this one. */
MPY6A_CHECKED mpy6a_result mpy6a_replace(const mpy6a_repeat *repeat, mpy6a_text record);

/* The work is finished: forget the session. After this it takes no more operations, and no HTTP leaves. */
MPY6A_CHECKED mpy6a_result mpy6a_delete(const mpy6a_repeat *repeat);

/* Repeat the session after the kind's own delay. After this it takes no more operations, and no HTTP leaves. */
MPY6A_CHECKED mpy6a_result mpy6a_store(const mpy6a_repeat *repeat);

/* The same after so many seconds; 0 is at once. */
MPY6A_CHECKED mpy6a_result mpy6a_store_after(const mpy6a_repeat *repeat, uint32_t seconds);

/* ---- Settings -------------------------------------------------------------------------------------------------- */

/* One of [kind.plugin.settings]. */
typedef struct mpy6a_setting {
    mpy6a_text key;
    mpy6a_text value;
} mpy6a_setting;

/* The value of a setting; its data is NULL where the config does not give it. */
MPY6A_CHECKED mpy6a_result mpy6a_get_setting(const char *key, mpy6a_text *value);

/* The value of a setting that must be there: without it the failure is permanent, and names the remedy. */
MPY6A_CHECKED mpy6a_result mpy6a_require_setting(const char *key, mpy6a_text *value);

/* Every setting. */
MPY6A_CHECKED mpy6a_result mpy6a_all_settings(const mpy6a_setting **settings, size_t *count);

/* ---- Log ------------------------------------------------------------------------------------------------------- */

typedef enum mpy6a_level {
    MPY6A_TRACE, /* every step */
    MPY6A_DEBUG, /* for who looks for a bug */
    MPY6A_INFO,  /* what happened */
    MPY6A_WARN,  /* what should not happen often */
    MPY6A_ERROR, /* what should not happen */
} mpy6a_level;

/* One line into the host's log, and into the session's history. The host escapes control characters, cuts long lines, and
 * drops lines after the run's limit. What is not UTF-8 is replaced by U+FFFD. */
void mpy6a_log(mpy6a_level level, const char *format, ...) MPY6A_PRINTF(2, 3);

/* The same of text with any bytes in it, a NUL among them, where a format would end. */
void mpy6a_log_text(mpy6a_level level, mpy6a_text line);

#define mpy6a_trace(...) mpy6a_log(MPY6A_TRACE, __VA_ARGS__)
#define mpy6a_debug(...) mpy6a_log(MPY6A_DEBUG, __VA_ARGS__)
#define mpy6a_info(...) mpy6a_log(MPY6A_INFO, __VA_ARGS__)
#define mpy6a_warn(...) mpy6a_log(MPY6A_WARN, __VA_ARGS__)
#define mpy6a_error(...) mpy6a_log(MPY6A_ERROR, __VA_ARGS__)

/* ---- HTTP ------------------------------------------------------------------------------------------------------ */

typedef struct mpy6a_header {
    const char *name;
    const char *value;
} mpy6a_header;

/* A request. Leave out (zero) what is not needed: method and url are. All text must be UTF-8. */
typedef struct mpy6a_request {
    /* In capitals: GET, POST, PUT, DELETE, … */
    const char *method;
    /* Absolute, http or https. mpy6a_query adds to it what needs encoding. */
    const char *url;
    const mpy6a_header *headers;
    size_t header_count;
    /* Bytes to send. data NULL: no body. */
    mpy6a_text body;
    /* JSON to send in place of `body`, with its Content-Type. data NULL: none. */
    mpy6a_text json;
    /* The name of what this request does, unique within the handler and the same for ever. The request then carries
     * `Idempotency-Key: <session id>/<step>`, the same in every repeat, and `Mpy6a-Fence: <fence>`. Name one in every
     * request that has an effect, and in every look-up by which the handler decides. */
    const char *step;
    /* Give up after so many milliseconds. 0: when the run is ended. */
    uint32_t timeout_ms;
} mpy6a_request;

/* A whole response. */
typedef struct mpy6a_response {
    uint16_t status;
    /* Names in lower case. A value that is not UTF-8 was replaced character by character. */
    const mpy6a_header *headers;
    size_t header_count;
    mpy6a_text body;
    /* What it answers: method and URL without the query, for messages. */
    const char *request;
} mpy6a_response;

/* Send a request and wait for the whole response, whatever its status. Every operation asked of the session before is
 * durable before the request leaves. Redirects are the handler's to follow. */
MPY6A_CHECKED mpy6a_result mpy6a_send(const mpy6a_request *request, mpy6a_response *response);

/* Whether the service may have carried out a request for which mpy6a_send returned this. */
bool mpy6a_may_have_happened(mpy6a_result result);

/* OK if the status is 2xx. Else retry for 5xx, 408, 409, 412, 423, 425 and 429, and permanent for any other status; the
 * reason quotes the beginning of the body. */
MPY6A_CHECKED mpy6a_result mpy6a_expect_success(const mpy6a_response *response);

/* The value of the first header of this name, in whatever case; NULL if there is none. */
const char *mpy6a_response_header(const mpy6a_response *response, const char *name);

/* The URL with `name=value` added to its query, both percent-encoded. Any bytes will do. */
const char *mpy6a_query(const char *url, mpy6a_text name, mpy6a_text value);

/* The bytes with everything percent-encoded but the unreserved characters of RFC 3986, section 2.3. */
const char *mpy6a_percent_encode(mpy6a_text text);

/* ---- Reading JSON ---------------------------------------------------------------------------------------------- */

/* Strict: RFC 8259, valid UTF-8, no lone surrogates. Text that nests deeper than this does not parse: recursion must end
 * somewhere, and 128 is where other parsers end, too. */
#define MPY6A_JSON_DEPTH_MAX 128

typedef enum mpy6a_json_type {
    MPY6A_JSON_ABSENT, /* not there: what mpy6a_json_member gives for a member that is missing */
    MPY6A_JSON_NULL,
    MPY6A_JSON_BOOL,
    MPY6A_JSON_NUMBER,
    MPY6A_JSON_STRING,
    MPY6A_JSON_ARRAY,
    MPY6A_JSON_OBJECT,
} mpy6a_json_type;

/* A value within text that was parsed: small, passed by value. It points into that text, which must stay. */
typedef struct mpy6a_json {
    mpy6a_json_type type;
    /* The value as written, without white space around it. No NUL follows. */
    mpy6a_text text;
    /* What it is part of: for the reasons of failures. */
    const struct mpy6a_json_origin *origin;
} mpy6a_json;

/* A record, by its index from 0, as JSON. One that is not there or does not parse is permanent: `record I: why`. The
 * content is not quoted: a reason is kept and logged, and a record may hold what must not be. */
MPY6A_CHECKED mpy6a_result mpy6a_record_json(const mpy6a_repeat *repeat, size_t index, mpy6a_json *value);

/* The body of a response as JSON. One that does not parse is retry: what answered may have been a proxy. */
MPY6A_CHECKED mpy6a_result mpy6a_response_json(const mpy6a_response *response, mpy6a_json *value);

/* Any text as JSON. One that does not parse is permanent. */
MPY6A_CHECKED mpy6a_result mpy6a_json_parse(mpy6a_text text, mpy6a_json *value);

/* The member of this name; of type MPY6A_JSON_ABSENT if there is none, or the value is no object. Of several of one name
 * the last counts. */
mpy6a_json mpy6a_json_member(mpy6a_json value, const char *name);

/*
 * A value of one type: the member `name` of an object, or with NULL the value itself. One that is missing or of another
 * type is a failure that names it.
 *
 * An int is a number written without fraction and exponent, that an int64_t can hold. A double is any number in its range.
 * A string comes decoded, as UTF-8; it may hold NULs. Arrays and objects are for mpy6a_json_next and mpy6a_json_member.
 */
MPY6A_CHECKED mpy6a_result mpy6a_json_int(mpy6a_json value, const char *name, int64_t *number);
MPY6A_CHECKED mpy6a_result mpy6a_json_double(mpy6a_json value, const char *name, double *number);
MPY6A_CHECKED mpy6a_result mpy6a_json_bool(mpy6a_json value, const char *name, bool *truth);
MPY6A_CHECKED mpy6a_result mpy6a_json_string(mpy6a_json value, const char *name, mpy6a_text *string);
MPY6A_CHECKED mpy6a_result mpy6a_json_array(mpy6a_json value, const char *name, mpy6a_json *array);
MPY6A_CHECKED mpy6a_result mpy6a_json_object(mpy6a_json value, const char *name, mpy6a_json *object);

/* Where a walk through an array or object is. Begin with zero: `mpy6a_json_walk walk = {0};`. */
typedef struct mpy6a_json_walk {
    /* The element, or the member's value. */
    mpy6a_json value;
    /* The member's name, decoded; none (data NULL) in an array. */
    mpy6a_text name;
    /* Private: where the next one is looked for. */
    const char *at;
} mpy6a_json_walk;

/* Go to the next element or member, in the order written; false if there is none, or the value has none.
 *
 *     for (mpy6a_json_walk walk = {0}; mpy6a_json_next(list, &walk);) { … walk.value … }
 */
bool mpy6a_json_next(mpy6a_json array_or_object, mpy6a_json_walk *walk);

/* ---- Writing JSON ---------------------------------------------------------------------------------------------- */

/* JSON that is being written, without white space. Begin with zero, write one value, and finish:
 *
 *     mpy6a_json_writer writer = {0};
 *     mpy6a_write_object(&writer);
 *     mpy6a_write_key(&writer, "id");
 *     mpy6a_write_int(&writer, 7);
 *     mpy6a_write_end(&writer);
 *     MPY6A_TRY(mpy6a_written(&writer, &text));          // {"id":7}
 *
 * A mistake (a value without a key, text that is not UTF-8, …) is kept, and mpy6a_written tells it.
 */
typedef struct mpy6a_json_writer {
    /* Private. What was written. */
    mpy6a_buffer out;
    /* How many arrays and objects are open, and a bit for each, the innermost in bit 0: whether it is an object. */
    uint32_t depth;
    uint64_t objects;
    /* Whether something stands before the next value or key that a comma must part it from; whether a key waits. */
    bool needs_comma, has_key;
    /* The first mistake. */
    const char *mistake;
} mpy6a_json_writer;

/* Most arrays and objects open at once: the bits of `objects`. */
#define MPY6A_WRITER_DEPTH_MAX 64

void mpy6a_write_object(mpy6a_json_writer *writer);
void mpy6a_write_array(mpy6a_json_writer *writer);
/* Close the innermost object or array. */
void mpy6a_write_end(mpy6a_json_writer *writer);
/* The name of an object's next member. */
void mpy6a_write_key(mpy6a_json_writer *writer, const char *name);
void mpy6a_write_string(mpy6a_json_writer *writer, mpy6a_text string);
void mpy6a_write_int(mpy6a_json_writer *writer, int64_t number);
/* In as few digits as read back the same; infinities and NaN are mistakes. */
void mpy6a_write_double(mpy6a_json_writer *writer, double number);
void mpy6a_write_bool(mpy6a_json_writer *writer, bool truth);
void mpy6a_write_null(mpy6a_json_writer *writer);
/* A value that was read, as it was written. */
void mpy6a_write_json(mpy6a_json_writer *writer, mpy6a_json value);

/* What was written. A mistake is permanent: the same handler would make it again. */
MPY6A_CHECKED mpy6a_result mpy6a_written(mpy6a_json_writer *writer, mpy6a_text *text);

#ifdef __cplusplus
}
#endif

#endif
