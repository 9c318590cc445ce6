/*
 * mpy6a.c: what mpy6a.h declares. Compile it with the handler; there is nothing to configure.
 *
 * Sections, each of which uses only those above it:
 *
 *   1. The wire     the host's functions and the layouts that they read and write
 *   2. Memory       the arena, and cabi_realloc, through which the host asks for memory
 *   3. UTF-8        what is text, and what to put in place of what is not
 *   4. Messages     formatting, results, the log
 *   5. Session      operations
 *   6. Settings
 *   7. HTTP
 *   8. Reading JSON
 *   9. Writing JSON
 *  10. The export   `handle`, which calls mpy6a_handle
 *
 * The wire is the component model's canonical ABI, written by hand for the world in wit/handler.wit: the host makes a
 * component of a plain core module, so no generated code is needed. In short: a string or list is pointer and length; more
 * than 16 parameters are passed as one pointer; a result that is not one number is written where a last parameter points; a
 * variant is a byte that tells which, and its payload at the next multiple of the largest payload's alignment. The layouts
 * are asserted below.
 *
 * Invariants:
 *   - The host never gets text that is not UTF-8: that would end the run as a breach of contract. Messages are mended,
 *     requests refused.
 *   - Lengths and bytes that come from outside are never trusted: every reader has an end that it checks before each byte.
 *   - Only section 1 and the two #ifdef __wasm__ below know where this runs. Elsewhere mpy6a_testing.c plays the host.
 */
#include "mpy6a.h"

#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- 1. The wire ----------------------------------------------------------------------------------------------- */

#ifdef __wasm__
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name))) extern
#define EXPORT(name) __attribute__((export_name(name), used))
#else
#define IMPORT(module, name) extern
#define EXPORT(name)
#endif

#define TYPES "mpy6a:handler/types@1.0.0"
#define HTTP "mpy6a:handler/http@1.0.0"
#define LOG "mpy6a:handler/log@1.0.0"
#define STORE "wasi:config/store@0.2.0-rc.1"

/* Lists and strings, as mpy6a_text has them; records and settings are used where the host wrote them. */
typedef struct wire_list {
    void *data;
    size_t size;
} wire_list;

typedef struct wire_option_text {
    uint8_t is_some;
    mpy6a_text value;
} wire_option_text;

/* variant session-error */
enum { WIRE_FINISHED, WIRE_RECORD_TOO_LARGE, WIRE_SESSION_TOO_LARGE, WIRE_TOO_MANY_RECORDS, WIRE_TIMEOUT_TOO_LONG };

/* result<_, session-error> */
typedef struct wire_operated {
    uint8_t is_error;
    struct {
        uint8_t tag;
        uint64_t limit;
    } error;
} wire_operated;

/* variant http-error */
enum { WIRE_DENIED, WIRE_INVALID, WIRE_UNREACHABLE, WIRE_TIMEOUT, WIRE_BROKEN, WIRE_RESPONSE_TOO_LARGE };

/* result<response, http-error> */
typedef struct wire_sent {
    uint8_t is_error;
    union {
        struct {
            uint16_t status;
            wire_list headers;
            mpy6a_text body;
        } response;
        struct {
            uint8_t tag;
            union {
                mpy6a_text why;
                uint64_t limit;
            } is;
        } error;
    } is;
} wire_sent;

/* result<option<string>, error> and result<list<tuple<string, string>>, error>, with wasi:config's variant error: both of
 * its cases are text. */
typedef struct wire_setting {
    uint8_t is_error;
    union {
        wire_option_text value;
        wire_list all;
        struct {
            uint8_t tag;
            mpy6a_text why;
        } error;
    } is;
} wire_setting;

/* record repeat-data */
typedef struct wire_repeat {
    wire_list records;
    int32_t session;
    uint32_t kind;
    mpy6a_text kind_name;
    uint32_t repeat;
    uint32_t max_repeats;
    uint64_t created_ms;
    uint64_t stored_ms;
    uint64_t due_ms;
    uint64_t deadline_ms;
    mpy6a_text idempotency_key;
    wire_option_text traceparent;
} wire_repeat;

/* variant failure */
enum { WIRE_RETRY, WIRE_PERMANENT };

/* result<_, failure> */
typedef struct wire_result {
    uint8_t is_error;
    struct {
        uint8_t tag;
        mpy6a_text reason;
    } failure;
} wire_result;

#ifdef __wasm__
#define AT(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
SIZE(mpy6a_text, 8);
AT(wire_operated, error.tag, 8);
AT(wire_operated, error.limit, 16);
AT(wire_sent, is.response.status, 8);
AT(wire_sent, is.response.headers, 12);
AT(wire_sent, is.response.body, 20);
AT(wire_sent, is.error.tag, 8);
AT(wire_sent, is.error.is.why, 16);
AT(wire_sent, is.error.is.limit, 16);
SIZE(wire_sent, 32);
AT(wire_setting, is.value.is_some, 4);
AT(wire_setting, is.value.value, 8);
AT(wire_setting, is.all, 4);
AT(wire_setting, is.error.why, 8);
AT(wire_repeat, session, 8);
AT(wire_repeat, kind, 12);
AT(wire_repeat, kind_name, 16);
AT(wire_repeat, repeat, 24);
AT(wire_repeat, max_repeats, 28);
AT(wire_repeat, created_ms, 32);
AT(wire_repeat, deadline_ms, 56);
AT(wire_repeat, idempotency_key, 64);
AT(wire_repeat, traceparent.is_some, 72);
AT(wire_repeat, traceparent.value, 76);
AT(wire_result, failure.tag, 4);
AT(wire_result, failure.reason, 8);
#endif

IMPORT(TYPES, "[method]session.id") void host_session_id(int32_t session, mpy6a_text *id);
IMPORT(TYPES, "[method]session.fence") void host_session_fence(int32_t session, mpy6a_text *fence);
IMPORT(TYPES, "[method]session.append")
void host_session_append(int32_t session, const char *data, size_t size, wire_operated *result);
IMPORT(TYPES, "[method]session.replace")
void host_session_replace(int32_t session, const char *data, size_t size, wire_operated *result);
IMPORT(TYPES, "[method]session.delete") void host_session_delete(int32_t session, wire_operated *result);
IMPORT(TYPES, "[method]session.store")
void host_session_store(int32_t session, int32_t has_timeout, uint32_t timeout_s, wire_operated *result);
IMPORT(HTTP, "send")
void host_send(const char *method, size_t method_size, const char *url, size_t url_size, const mpy6a_setting *headers,
               size_t header_count, int32_t has_body, const char *body, size_t body_size, int32_t has_timeout,
               uint32_t timeout_ms, int32_t has_step, const char *step, size_t step_size, wire_sent *result);
IMPORT(LOG, "write") void host_log_write(int32_t level, const char *message, size_t size);
IMPORT(STORE, "get") void host_config_get(const char *key, size_t size, wire_setting *result);
IMPORT(STORE, "get-all") void host_config_get_all(wire_setting *result);

/* ---- 2. Memory ------------------------------------------------------------------------------------------------- */

/* Log a message that needs no memory, and trap. */
MPY6A_NORETURN static void die(const char *message)
{
    host_log_write(MPY6A_ERROR, message, strlen(message));
#ifdef __wasm__
    __builtin_trap();
#else
    fprintf(stderr, "%s\n", message);
    abort();
#endif
}

#ifdef __wasm__

enum { PAGE_BYTES = 64 * 1024, ALIGN_BYTES = _Alignof(max_align_t) };

/* What is left of the arena: from `arena_at` up to `arena_end`. It grows by whole pages, straight from the module's memory,
 * which malloc does not mind. They come zeroed, and none is used twice. */
static uintptr_t arena_at, arena_end;

/* Make room for so many bytes: behind what is left if nobody else took that place, else somewhere else. */
static void arena_grow(size_t size)
{
    const size_t pages = size / PAGE_BYTES + 1;
    const size_t before = __builtin_wasm_memory_grow(0, pages);
    if (before == SIZE_MAX) {
        die("out of memory: raise `memory` of this kind's plugin, or keep less");
    }
    if (before * PAGE_BYTES != arena_end) {
        arena_at = before * PAGE_BYTES;
    }
    arena_end = (before + pages) * PAGE_BYTES;
}

void *mpy6a_alloc(size_t size)
{
    if (size > SIZE_MAX - ALIGN_BYTES) {
        die("out of memory: more was asked for than an address can count");
    }
    const size_t rounded = (size + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
    if (rounded > arena_end - arena_at) {
        arena_grow(rounded);
    }
    void *memory = (void *)arena_at;
    arena_at += rounded;
    return memory;
}

#else

/* Apart from each other, so that the sanitizers see the end of each; mpy6a_testing.c frees them. */
typedef struct native_block {
    struct native_block *next;
    max_align_t memory[];
} native_block;

static native_block *native_blocks;

void *mpy6a_alloc(size_t size)
{
    native_block *block = size <= PTRDIFF_MAX ? calloc(1, sizeof(native_block) + size) : NULL;
    if (!block) {
        die("out of memory");
    }
    block->next = native_blocks;
    native_blocks = block;
    return block->memory;
}

#endif

/* A larger or smaller copy, with a NUL behind it, for the arena is zeroed. */
static char *resized(const void *old, size_t old_size, size_t size)
{
    if (size == SIZE_MAX) {
        die("out of memory: more was asked for than an address can count");
    }
    char *made = mpy6a_alloc(size + 1);
    const size_t kept = old_size < size ? old_size : size;
    if (kept > 0) {
        memcpy(made, old, kept);
    }
    return made;
}

/* The host's way to get memory for what it passes. With the NUL behind it, a string of the host is a string of C. No type in
 * this world is aligned to more than the arena gives. */
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size);
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size)
{
    (void)align;
    return resized(old, old_size, size);
}

/* Text from the host, which need not point anywhere when it is empty. */
static mpy6a_text given(mpy6a_text text)
{
    return text.size > 0 ? text : MPY6A_TEXT("");
}

/* Room for a line or a small record, so that most are made without growing. */
enum { BUFFER_BYTES_FIRST = 128 };

/* Add bytes at the end. A NUL is always behind them. */
static void put(mpy6a_buffer *out, const char *data, size_t size)
{
    if (size > SIZE_MAX / 2 - out->size) {
        die("out of memory: more was asked for than an address can count");
    }
    if (!out->data || size > out->capacity - out->size) {
        const size_t least = out->size + size;
        out->capacity = least < BUFFER_BYTES_FIRST ? (size_t)BUFFER_BYTES_FIRST : least + least / 2;
        out->data = resized(out->data, out->size, out->capacity);
    }
    if (size > 0) {
        memcpy(out->data + out->size, data, size);
    }
    out->size += size;
}

static void put_text(mpy6a_buffer *out, mpy6a_text text)
{
    put(out, text.data, text.size);
}

/* Counted downwards, for there is one more negative number than there are positive ones. */
mpy6a_text mpy6a_text_joined(mpy6a_text first, mpy6a_text second)
{
    mpy6a_buffer out = {NULL, 0, 0};
    put(&out, first.data, first.size);
    put(&out, second.data, second.size);
    const mpy6a_text joined = {out.data, out.size};
    return joined;
}

bool mpy6a_text_to_int(mpy6a_text text, int64_t *number)
{
    const bool is_negative = text.size > 0 && text.data[0] == '-';
    int64_t below = 0;
    if (text.size == (size_t)is_negative) {
        return false;
    }
    for (size_t i = is_negative; i < text.size; i++) {
        const int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || below < (INT64_MIN + digit) / 10) {
            return false;
        }
        below = below * 10 - digit;
    }
    if (!is_negative && below == INT64_MIN) {
        return false;
    }
    *number = is_negative ? below : -below;
    return true;
}

/* ---- 3. UTF-8 -------------------------------------------------------------------------------------------------- */

/* How many bytes the character at `at` has; 0 if there is none, or it is not well-formed (RFC 3629, section 4). */
static size_t utf8_size(const char *at, const char *end)
{
    if (at >= end) {
        return 0;
    }
    const uint8_t *byte = (const uint8_t *)at;
    if (byte[0] < 0x80) {
        return 1;
    }
    const size_t size = byte[0] < 0xC2 ? 0 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : byte[0] < 0xF5 ? 4 : 0;
    if (size == 0 || (size_t)(end - at) < size) {
        return 0;
    }
    /* The second byte rules out what is too long, a surrogate, or over U+10FFFF. */
    const uint8_t least = byte[0] == 0xE0 ? 0xA0 : byte[0] == 0xF0 ? 0x90 : 0x80;
    const uint8_t most = byte[0] == 0xED ? 0x9F : byte[0] == 0xF4 ? 0x8F : 0xBF;
    if (byte[1] < least || byte[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if (byte[i] < 0x80 || byte[i] > 0xBF) {
            return 0;
        }
    }
    return size;
}

/* Where the first byte is that is not a plain character of a JSON string: ASCII, no control, no quote, no backslash. Most
 * bytes are plain, and a record may have a million: so this is the inner loop. */
static const char *skip_plain(const char *at, const char *end)
{
    while (at < end && (uint8_t)*at >= 0x20 && (uint8_t)*at < 0x80 && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}

static bool is_utf8(mpy6a_text text)
{
    if (text.size == 0) {
        return true; /* there may be no address to reckon with */
    }
    const char *end = text.data + text.size;
    for (const char *at = skip_plain(text.data, end); at < end; at = skip_plain(at, end)) {
        const size_t size = utf8_size(at, end);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

/* The same text, with U+FFFD in place of each byte that is not UTF-8. */
static mpy6a_text mended(mpy6a_text text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    if (is_utf8(text)) {
        return text;
    }
    const size_t widest = sizeof(replacement) - 1;
    if (text.size > SIZE_MAX / widest - 1) {
        die("out of memory: more was asked for than an address can count");
    }
    mpy6a_text made = {NULL, 0};
    char *to = mpy6a_alloc(text.size * widest + 1);
    made.data = to;
    for (const char *at = text.data, *end = text.data + text.size; at < end;) {
        const size_t size = utf8_size(at, end);
        memcpy(to, size > 0 ? at : replacement, size > 0 ? size : widest);
        to += size > 0 ? size : widest;
        at += size > 0 ? size : 1;
    }
    made.size = (size_t)(to - made.data);
    return made;
}

/* Write a code point that is no surrogate; gives its bytes, 1 to 4. */
static size_t utf8_encode(uint32_t code, char *to)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    const size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    to[0] = (char)(lead[size] | code);
    return size;
}

/* ---- 4. Messages ----------------------------------------------------------------------------------------------- */

/* In a struct, for a va_list may be an array, which no function can move on for its caller. */
typedef struct arguments {
    va_list list;
} arguments;

/* What stands between the percent sign and the letter of a conversion. */
typedef struct conversion {
    bool has_zeros;
    size_t width, precision;
    /* How wide the argument is: 'i' for int, 'b' for hh, 'q' for ll, else the letter of printf. */
    char length;
} conversion;

/* Widest that a number is made: more is a mistake. */
enum { WIDTH_MAX = 64 };

static size_t read_count(const char **at)
{
    size_t count = 0;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        count = count > SIZE_MAX / 20 ? count : count * 10 + (size_t)(**at - '0');
    }
    return count;
}

static conversion read_conversion(const char **at, arguments *args)
{
    conversion as = {.has_zeros = **at == '0', .precision = SIZE_MAX, .length = 'i'};
    as.width = read_count(at);
    if (**at == '.') {
        ++*at;
        if (**at == '*') {
            ++*at;
            const int precision = va_arg(args->list, int);
            as.precision = precision < 0 ? SIZE_MAX : (size_t)precision;
        } else {
            as.precision = read_count(at);
        }
    }
    for (; **at && strchr("hljzt", **at); ++*at) {
        const bool is_second = as.length == **at;
        as.length = **at == 'h' && is_second ? 'b' : **at == 'l' && is_second ? 'q' : **at;
    }
    return as;
}

static int64_t take_signed(char length, arguments *args)
{
    switch (length) {
    case 'l': return va_arg(args->list, long);
    case 'q': return va_arg(args->list, long long);
    case 'j': return va_arg(args->list, intmax_t);
    case 'z': return (int64_t)va_arg(args->list, size_t);
    case 't': return va_arg(args->list, ptrdiff_t);
    case 'h': return (short)va_arg(args->list, int);
    case 'b': return (signed char)va_arg(args->list, int);
    default: return va_arg(args->list, int);
    }
}

static uint64_t take_unsigned(char length, arguments *args)
{
    switch (length) {
    case 'l': return va_arg(args->list, unsigned long);
    case 'q': return va_arg(args->list, unsigned long long);
    case 'j': return va_arg(args->list, uintmax_t);
    case 'z': return va_arg(args->list, size_t);
    case 't': return (uint64_t)va_arg(args->list, ptrdiff_t);
    case 'h': return (unsigned short)va_arg(args->list, unsigned);
    case 'b': return (unsigned char)va_arg(args->list, unsigned);
    default: return va_arg(args->list, unsigned);
    }
}

static void put_number(mpy6a_buffer *out, const conversion *as, uint64_t number, bool is_negative, char letter)
{
    const char *digits = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    const unsigned base = letter == 'x' || letter == 'X' || letter == 'p' ? 16 : 10;
    char text[WIDTH_MAX + 1], *end = text + sizeof(text), *at = end;
    const size_t width = as->width < WIDTH_MAX ? as->width : WIDTH_MAX;
    do {
        *--at = digits[number % base];
        number /= base;
    } while (number > 0);
    while (as->has_zeros && (size_t)(end - at) + is_negative < width) {
        *--at = '0';
    }
    if (is_negative) {
        *--at = '-';
    }
    while ((size_t)(end - at) < width) {
        *--at = ' ';
    }
    put(out, at, (size_t)(end - at));
}

/* A string, up to its NUL or its precision, whichever comes first: `%.*s` takes text that has no NUL. */
static void put_string_argument(mpy6a_buffer *out, const conversion *as, const char *string)
{
    const char *text = string ? string : "(null)";
    const char *end = as->precision < SIZE_MAX ? memchr(text, 0, as->precision) : text + strlen(text);
    const size_t size = end ? (size_t)(end - text) : as->precision;
    for (size_t i = size; i < as->width && i < WIDTH_MAX; i++) {
        put(out, " ", 1);
    }
    put(out, text, size);
}

/* Make one conversion, from its percent sign on; false if it is none of those that are known. */
static bool convert(mpy6a_buffer *out, const char **format, arguments *args)
{
    const char *at = *format + 1;
    const conversion as = read_conversion(&at, args);
    const char letter = *at;
    if (letter == '%') {
        put(out, "%", 1);
    } else if (letter == 'c') {
        const char character = (char)va_arg(args->list, int);
        put(out, &character, 1);
    } else if (letter == 's') {
        put_string_argument(out, &as, va_arg(args->list, const char *));
    } else if (letter == 'd' || letter == 'i') {
        const int64_t number = take_signed(as.length, args);
        put_number(out, &as, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0, letter);
    } else if (letter == 'u' || letter == 'x' || letter == 'X') {
        put_number(out, &as, take_unsigned(as.length, args), false, letter);
    } else if (letter == 'p') {
        put_number(out, &as, (uintptr_t)va_arg(args->list, void *), false, letter);
    } else {
        return false;
    }
    *format = at + 1;
    return true;
}

static char *format_list(const char *format, arguments *args)
{
    mpy6a_buffer out = {NULL, 0, 0};
    while (*format) {
        size_t plain = strcspn(format, "%");
        put(&out, format, plain);
        format += plain;
        if (*format && !convert(&out, &format, args)) {
            put_text(&out, mpy6a_text_of(format));
            break;
        }
    }
    put(&out, "", 0);
    return out.data;
}

/* Put what the format and its arguments make into `made`. */
#define FORMAT(made, format)                 \
    do {                                     \
        arguments args;                      \
        va_start(args.list, format);         \
        (made) = format_list(format, &args); \
        va_end(args.list);                   \
    } while (0)

char *mpy6a_format(const char *format, ...)
{
    char *made;
    FORMAT(made, format);
    return made;
}

mpy6a_result mpy6a_retry(const char *format, ...)
{
    mpy6a_result result = {MPY6A_RETRY, MPY6A_CAUSE_NONE, 0, NULL};
    FORMAT(result.reason, format);
    return result;
}

mpy6a_result mpy6a_permanent(const char *format, ...)
{
    mpy6a_result result = {MPY6A_PERMANENT, MPY6A_CAUSE_NONE, 0, NULL};
    FORMAT(result.reason, format);
    return result;
}

/* A failure of the SDK's own. */
MPY6A_PRINTF(3, 4) static mpy6a_result failed(mpy6a_outcome outcome, mpy6a_cause cause, const char *format, ...)
{
    mpy6a_result result = {outcome, cause, 0, NULL};
    FORMAT(result.reason, format);
    return result;
}

mpy6a_result mpy6a_into_retry(mpy6a_result result)
{
    if (result.outcome == MPY6A_PERMANENT) {
        result.outcome = MPY6A_RETRY;
    }
    return result;
}

void mpy6a_log_text(mpy6a_level level, mpy6a_text line)
{
    const mpy6a_text sent = mended(line);
    host_log_write((int32_t)level, sent.data, sent.size);
}

void mpy6a_log(mpy6a_level level, const char *format, ...)
{
    char *message;
    FORMAT(message, format);
    mpy6a_log_text(level, mpy6a_text_of(message));
}

void mpy6a_panic(const char *format, ...)
{
    char *message;
    FORMAT(message, format);
    die(mended(mpy6a_text_of(message)).data);
}

/* The host spoke of a case that this version of the contract does not have. */
MPY6A_NORETURN static void unknown_case(const char *of)
{
    mpy6a_panic("the host gave a case of %s that this SDK does not know: build with the SDK of the host's version", of);
}

/* ---- 5. Session ------------------------------------------------------------------------------------------------ */

const char *mpy6a_session_id(const mpy6a_repeat *repeat)
{
    mpy6a_text id;
    host_session_id(repeat->session, &id);
    return given(id).data;
}

const char *mpy6a_fence(const mpy6a_repeat *repeat)
{
    mpy6a_text fence;
    host_session_fence(repeat->session, &fence);
    return given(fence).data;
}

/* An operation was refused for a limit, which stands in the middle of the reason. */
static mpy6a_result refused(mpy6a_cause cause, uint64_t limit, const char *before, const char *after)
{
    mpy6a_result result = failed(MPY6A_PERMANENT, cause, "%s%llu%s", before, (unsigned long long)limit, after);
    result.limit = limit;
    return result;
}

static mpy6a_result operated(const wire_operated *answer)
{
    if (!answer->is_error) {
        return mpy6a_ok();
    }
    const uint64_t limit = answer->error.limit;
    switch (answer->error.tag) {
    case WIRE_FINISHED:
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_FINISHED,
                      "the session was already deleted or stored in this run: do that last");
    case WIRE_RECORD_TOO_LARGE:
        return refused(MPY6A_CAUSE_RECORD_TOO_LARGE, limit, "the record is over the host's limit of ",
                       " bytes: keep large data elsewhere");
    case WIRE_SESSION_TOO_LARGE:
        return refused(MPY6A_CAUSE_SESSION_TOO_LARGE, limit, "the session would outgrow the host's limit of ",
                       " bytes: replace records, do not append");
    case WIRE_TOO_MANY_RECORDS:
        return refused(MPY6A_CAUSE_TOO_MANY_RECORDS, limit, "the session has ",
                       " records, the host's limit: replace records, do not append");
    case WIRE_TIMEOUT_TOO_LONG:
        return refused(MPY6A_CAUSE_TIMEOUT_TOO_LONG, limit, "the timeout is over the host's limit of ",
                       " s: store for less, and again");
    default:
        unknown_case("session-error");
    }
}

mpy6a_result mpy6a_append(const mpy6a_repeat *repeat, mpy6a_text record)
{
    wire_operated answer;
    host_session_append(repeat->session, record.data, record.size, &answer);
    return operated(&answer);
}

mpy6a_result mpy6a_replace(const mpy6a_repeat *repeat, mpy6a_text record)
{
    wire_operated answer;
    host_session_replace(repeat->session, record.data, record.size, &answer);
    return operated(&answer);
}

mpy6a_result mpy6a_delete(const mpy6a_repeat *repeat)
{
    wire_operated answer;
    host_session_delete(repeat->session, &answer);
    return operated(&answer);
}

static mpy6a_result store(const mpy6a_repeat *repeat, bool has_timeout, uint32_t seconds)
{
    wire_operated answer;
    host_session_store(repeat->session, has_timeout, seconds, &answer);
    return operated(&answer);
}

mpy6a_result mpy6a_store(const mpy6a_repeat *repeat)
{
    return store(repeat, false, 0);
}

mpy6a_result mpy6a_store_after(const mpy6a_repeat *repeat, uint32_t seconds)
{
    return store(repeat, true, seconds);
}

/* ---- 6. Settings ----------------------------------------------------------------------------------------------- */

mpy6a_result mpy6a_get_setting(const char *key, mpy6a_text *value)
{
    wire_setting answer;
    const mpy6a_text name = mended(mpy6a_text_of(key));
    host_config_get(name.data, name.size, &answer);
    if (answer.is_error) {
        const char *why = given(answer.is.error.why).data;
        return failed(MPY6A_RETRY, MPY6A_CAUSE_SETTING_UNREADABLE, "reading the setting `%s`: %s", key, why);
    }
    const mpy6a_text none = {NULL, 0};
    *value = answer.is.value.is_some ? given(answer.is.value.value) : none;
    return mpy6a_ok();
}

mpy6a_result mpy6a_require_setting(const char *key, mpy6a_text *value)
{
    mpy6a_text found;
    MPY6A_TRY(mpy6a_get_setting(key, &found));
    if (!found.data) {
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_SETTING_MISSING,
                      "the setting `%s` is missing: add it to [kind.plugin.settings] of this kind", key);
    }
    *value = found;
    return mpy6a_ok();
}

mpy6a_result mpy6a_all_settings(const mpy6a_setting **settings, size_t *count)
{
    wire_setting answer;
    host_config_get_all(&answer);
    if (answer.is_error) {
        const char *why = given(answer.is.error.why).data;
        return failed(MPY6A_RETRY, MPY6A_CAUSE_SETTING_UNREADABLE, "reading the settings: %s", why);
    }
    mpy6a_setting *all = answer.is.all.data;
    for (size_t i = 0; i < answer.is.all.size; i++) {
        all[i].key = given(all[i].key);
        all[i].value = given(all[i].value);
    }
    *settings = all;
    *count = answer.is.all.size;
    return mpy6a_ok();
}

/* ---- 7. HTTP --------------------------------------------------------------------------------------------------- */

/* How much of a body is quoted in a failure's reason, in bytes: a line of a service's error message. */
enum { QUOTED_BYTES_MAX = 200 };

const char *mpy6a_percent_encode(mpy6a_text text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    if (text.size > SIZE_MAX / 3 - 1) {
        die("out of memory: more was asked for than an address can count");
    }
    char *made = mpy6a_alloc(text.size * 3 + 1), *to = made;
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t byte = (uint8_t)text.data[i];
        if (memchr(unreserved, byte, sizeof(unreserved) - 1)) {
            *to++ = (char)byte;
        } else {
            *to++ = '%';
            *to++ = hex[byte >> 4];
            *to++ = hex[byte & 0xF];
        }
    }
    return made;
}

const char *mpy6a_query(const char *url, mpy6a_text name, mpy6a_text value)
{
    const char separator = strchr(url, '?') ? '&' : '?';
    return mpy6a_format("%s%c%s=%s", url, separator, mpy6a_percent_encode(name), mpy6a_percent_encode(value));
}

/* Method and URL, for messages. Without the query: it may hold what must not be kept in a log. */
static const char *request_line(const mpy6a_request *request)
{
    const int before_query = (int)strcspn(request->url, "?#");
    return mpy6a_format("%s %.*s", request->method, before_query, request->url);
}

/* What is wrong with a request that the host could not even be asked to send; NULL if nothing. */
static const char *malformed(const mpy6a_request *request)
{
    if (request->body.data && request->json.data) {
        return "it has both `body` and `json`";
    }
    bool is_text = is_utf8(mpy6a_text_of(request->method)) && is_utf8(mpy6a_text_of(request->url)) &&
                   is_utf8(mpy6a_text_of(request->step));
    for (size_t i = 0; i < request->header_count; i++) {
        is_text = is_text && is_utf8(mpy6a_text_of(request->headers[i].name)) &&
                  is_utf8(mpy6a_text_of(request->headers[i].value));
    }
    return is_text ? NULL : "method, URL, headers or step are not UTF-8";
}

/* The headers as the wire has them, and one more for JSON. */
static mpy6a_setting *wire_headers(const mpy6a_request *request, size_t *count)
{
    *count = request->header_count + (request->json.data ? 1 : 0);
    mpy6a_setting *made = mpy6a_alloc(*count * sizeof(*made));
    for (size_t i = 0; i < request->header_count; i++) {
        made[i].key = mpy6a_text_of(request->headers[i].name);
        made[i].value = mpy6a_text_of(request->headers[i].value);
    }
    if (request->json.data) {
        made[request->header_count].key = MPY6A_TEXT("content-type");
        made[request->header_count].value = MPY6A_TEXT("application/json");
    }
    return made;
}

static void call_send(const mpy6a_request *request, wire_sent *answer)
{
    const mpy6a_text body = request->json.data ? request->json : request->body;
    const mpy6a_text step = mpy6a_text_of(request->step);
    size_t header_count;
    const mpy6a_setting *headers = wire_headers(request, &header_count);
    host_send(request->method, strlen(request->method), request->url, strlen(request->url), headers, header_count,
              body.data != NULL, body.data, body.size, request->timeout_ms != 0, request->timeout_ms, step.data != NULL,
              step.data, step.size, answer);
}

static mpy6a_result not_sent(const char *line, const wire_sent *answer)
{
    const char *why = "";
    mpy6a_result result;
    if (answer->is.error.tag != WIRE_TIMEOUT && answer->is.error.tag != WIRE_RESPONSE_TOO_LARGE) {
        why = given(answer->is.error.is.why).data;
    }
    switch (answer->is.error.tag) {
    case WIRE_DENIED:
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_DENIED, "%s: denied, see the kind's [[kind.plugin.http]]: %s", line, why);
    case WIRE_INVALID:
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_INVALID, "%s: not a valid request: %s", line, why);
    case WIRE_UNREACHABLE:
        return failed(MPY6A_RETRY, MPY6A_CAUSE_UNREACHABLE, "%s: unreachable: %s", line, why);
    case WIRE_TIMEOUT:
        return failed(MPY6A_RETRY, MPY6A_CAUSE_TIMEOUT, "%s: no response in time", line);
    case WIRE_BROKEN:
        return failed(MPY6A_RETRY, MPY6A_CAUSE_BROKEN, "%s: the connection broke: %s", line, why);
    case WIRE_RESPONSE_TOO_LARGE:
        result = failed(MPY6A_PERMANENT, MPY6A_CAUSE_RESPONSE_TOO_LARGE,
                        "%s: the response is over the host's limit of %llu bytes", line,
                        (unsigned long long)answer->is.error.is.limit);
        result.limit = answer->is.error.is.limit;
        return result;
    default:
        unknown_case("http-error");
    }
}

/* The response's headers, as strings of C: HTTP knows no NUL in them. */
static const mpy6a_header *read_headers(wire_list list)
{
    mpy6a_header *made = mpy6a_alloc(list.size * sizeof(*made));
    const mpy6a_setting *pairs = list.data;
    for (size_t i = 0; i < list.size; i++) {
        made[i].name = given(pairs[i].key).data;
        made[i].value = given(pairs[i].value).data;
    }
    return made;
}

mpy6a_result mpy6a_send(const mpy6a_request *request, mpy6a_response *response)
{
    if (!request->method || !request->url) {
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_INVALID, "a request needs `method` and `url`");
    }
    const char *line = request_line(request);
    const char *mistake = malformed(request);
    if (mistake) {
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_INVALID, "%s: not a valid request: %s", line, mistake);
    }
    wire_sent answer;
    call_send(request, &answer);
    if (answer.is_error) {
        return not_sent(line, &answer);
    }
    response->status = answer.is.response.status;
    response->headers = read_headers(answer.is.response.headers);
    response->header_count = answer.is.response.headers.size;
    response->body = given(answer.is.response.body);
    response->request = line;
    return mpy6a_ok();
}

bool mpy6a_may_have_happened(mpy6a_result result)
{
    return result.cause == MPY6A_CAUSE_TIMEOUT || result.cause == MPY6A_CAUSE_BROKEN ||
           result.cause == MPY6A_CAUSE_RESPONSE_TOO_LARGE;
}

/* Statuses after which the same request may succeed later: of the server, and 408 Request Timeout, 409 Conflict, 412
 * Precondition Failed (a stale fence, above all), 423 Locked, 425 Too Early, 429 Too Many Requests (RFC 9110, section 15;
 * RFC 4918, section 11.3; RFC 8470, section 5.2; RFC 6585, section 4). */
static bool status_may_heal(uint16_t status)
{
    switch (status) {
    case 408: case 409: case 412: case 423: case 425: case 429:
        return true;
    default:
        return status >= 500;
    }
}

mpy6a_result mpy6a_expect_success(const mpy6a_response *response)
{
    if (response->status >= 200 && response->status < 300) {
        return mpy6a_ok();
    }
    const bool is_long = response->body.size > QUOTED_BYTES_MAX;
    const int quoted = (int)(is_long ? (size_t)QUOTED_BYTES_MAX : response->body.size);
    return failed(status_may_heal(response->status) ? MPY6A_RETRY : MPY6A_PERMANENT, MPY6A_CAUSE_STATUS,
                  "%s answered %u: %.*s%s", response->request, (unsigned)response->status, quoted, response->body.data,
                  is_long ? "…" : "");
}

/* Whether two names are the same but for the case of ASCII letters. */
static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        const char low_a = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        const char low_b = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
        if (low_a != low_b) {
            return false;
        }
    }
    return *a == *b;
}

const char *mpy6a_response_header(const mpy6a_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (same_name(response->headers[i].name, name)) {
            return response->headers[i].value;
        }
    }
    return NULL;
}

/* ---- 8. Reading JSON ------------------------------------------------------------------------------------------- */

/* Nothing is built: a text is checked once, whole, and then a value is the part of it that it was written in. To find a
 * member is to walk over those before it. So hostile text costs no more memory than it has, and time in proportion. */

/* Where parsed text came from. */
struct mpy6a_json_origin {
    /* What a reason begins with. */
    const char *label;
    /* What it means that the text is not as it should be. */
    mpy6a_outcome outcome;
};

/* A place in the text, and why nothing can follow there. */
typedef struct scanner {
    const char *at, *end;
    const char *why;
} scanner;

static bool scan_value(scanner *s, unsigned depth);

static bool wrong(scanner *s, const char *why)
{
    s->why = s->at < s->end ? why : "the text ends too early";
    return false;
}

static bool take(scanner *s, char wanted)
{
    if (s->at >= s->end || *s->at != wanted) {
        return false;
    }
    s->at++;
    return true;
}

static void skip_space(scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) {
        s->at++;
    }
}

static bool scan_word(scanner *s, const char *word)
{
    for (; *word; word++) {
        if (!take(s, *word)) {
            return wrong(s, "expected `true`, `false` or `null`");
        }
    }
    return true;
}

static bool scan_digits(scanner *s)
{
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        s->at++;
    }
    return s->at > start || wrong(s, "expected a digit");
}

static bool scan_number(scanner *s)
{
    take(s, '-');
    if (!take(s, '0') && !scan_digits(s)) {
        return false;
    }
    if (take(s, '.') && !scan_digits(s)) {
        return false;
    }
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+')) {
            take(s, '-');
        }
        return scan_digits(s);
    }
    return true;
}

static bool read_hex4(scanner *s, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        const char c = s->at < s->end ? *s->at : '\0';
        const char low = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
        if (low >= '0' && low <= '9') {
            *code = *code * 16 + (uint32_t)(low - '0');
        } else if (low >= 'a' && low <= 'f') {
            *code = *code * 16 + (uint32_t)(low - 'a') + 10;
        } else {
            return wrong(s, "expected four hexadecimal digits");
        }
    }
    return true;
}

/* Read what follows `\u`; characters beyond U+FFFF are written as two surrogates (RFC 8259, section 7). */
static bool read_unicode(scanner *s, uint32_t *code)
{
    if (!read_hex4(s, code)) {
        return false;
    }
    if (*code < 0xD800 || *code > 0xDFFF) {
        return true;
    }
    uint32_t low;
    if (*code > 0xDBFF || !take(s, '\\') || !take(s, 'u') || !read_hex4(s, &low) || low < 0xDC00 || low > 0xDFFF) {
        return wrong(s, "half of a surrogate pair");
    }
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/* Read what follows a backslash. */
static bool read_escape(scanner *s, uint32_t *code)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (take(s, 'u')) {
        return read_unicode(s, code);
    }
    const char *found = s->at < s->end ? memchr(letters, *s->at, sizeof(letters) - 1) : NULL;
    if (!found) {
        return wrong(s, "no such escape");
    }
    *code = (uint32_t)meant[found - letters];
    s->at++;
    return true;
}

static bool scan_string(scanner *s)
{
    uint32_t code;
    if (!take(s, '"')) {
        return wrong(s, "expected a string");
    }
    for (;;) {
        s->at = skip_plain(s->at, s->end);
        if (take(s, '"')) {
            return true;
        }
        if (take(s, '\\')) {
            if (!read_escape(s, &code)) {
                return false;
            }
            continue;
        }
        const size_t size = utf8_size(s->at, s->end);
        if (size == 0 || (uint8_t)*s->at < 0x20) {
            return wrong(s, size == 0 ? "not UTF-8" : "a control character in a string");
        }
        s->at += size;
    }
}

static bool scan_name(scanner *s)
{
    skip_space(s);
    if (!scan_string(s)) {
        return false;
    }
    skip_space(s);
    return take(s, ':') || wrong(s, "expected `:`");
}

/* An array or object, from its first character. */
static bool scan_nested(scanner *s, unsigned depth)
{
    if (depth >= MPY6A_JSON_DEPTH_MAX) {
        return wrong(s, "nested too deep");
    }
    const bool is_object = *s->at == '{';
    const char close = is_object ? '}' : ']';
    s->at++;
    skip_space(s);
    if (take(s, close)) {
        return true;
    }
    do {
        if ((is_object && !scan_name(s)) || !scan_value(s, depth + 1)) {
            return false;
        }
        skip_space(s);
        if (take(s, close)) {
            return true;
        }
    } while (take(s, ','));
    return wrong(s, is_object ? "expected `,` or `}`" : "expected `,` or `]`");
}

static mpy6a_json_type type_at(const char *at)
{
    switch (*at) {
    case '{': return MPY6A_JSON_OBJECT;
    case '[': return MPY6A_JSON_ARRAY;
    case '"': return MPY6A_JSON_STRING;
    case 't': case 'f': return MPY6A_JSON_BOOL;
    case 'n': return MPY6A_JSON_NULL;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return MPY6A_JSON_NUMBER;
    default: return MPY6A_JSON_ABSENT;
    }
}

/* Recursion ends at MPY6A_JSON_DEPTH_MAX. */
static bool scan_value(scanner *s, unsigned depth)
{
    skip_space(s);
    switch (s->at < s->end ? type_at(s->at) : MPY6A_JSON_ABSENT) {
    case MPY6A_JSON_OBJECT:
    case MPY6A_JSON_ARRAY: return scan_nested(s, depth);
    case MPY6A_JSON_STRING: return scan_string(s);
    case MPY6A_JSON_NUMBER: return scan_number(s);
    case MPY6A_JSON_BOOL: return scan_word(s, *s->at == 't' ? "true" : "false");
    case MPY6A_JSON_NULL: return scan_word(s, "null");
    default: return wrong(s, "expected a value");
    }
}

/* Read one value, and make of it what it is. */
static bool read_value(scanner *s, const struct mpy6a_json_origin *origin, mpy6a_json *value)
{
    skip_space(s);
    const char *start = s->at;
    if (!scan_value(s, 0)) {
        return false;
    }
    value->type = type_at(start);
    value->text.data = start;
    value->text.size = (size_t)(s->at - start);
    value->origin = origin;
    return true;
}

static mpy6a_result parse(mpy6a_text text, const char *label, mpy6a_outcome outcome, mpy6a_json *value)
{
    const mpy6a_text whole = given(text);
    scanner s = {whole.data, whole.data + whole.size, NULL};
    struct mpy6a_json_origin *origin = mpy6a_alloc(sizeof(*origin));
    origin->label = label;
    origin->outcome = outcome;
    mpy6a_json read;
    bool is_json = read_value(&s, origin, &read);
    if (is_json) {
        skip_space(&s);
        is_json = s.at == s.end || wrong(&s, "more after the value");
    }
    if (!is_json) {
        const size_t byte = (size_t)(s.at - whole.data);
        return failed(outcome, MPY6A_CAUSE_JSON, "%s: not JSON: %s, at byte %zu of %zu", label, s.why, byte, whole.size);
    }
    *value = read;
    return mpy6a_ok();
}

mpy6a_result mpy6a_json_parse(mpy6a_text text, mpy6a_json *value)
{
    return parse(text, "the text", MPY6A_PERMANENT, value);
}

mpy6a_result mpy6a_record_json(const mpy6a_repeat *repeat, size_t index, mpy6a_json *value)
{
    if (index >= repeat->record_count) {
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_NO_RECORD, "record %zu: there is none, the session has %zu", index,
                      repeat->record_count);
    }
    return parse(repeat->records[index], mpy6a_format("record %zu", index), MPY6A_PERMANENT, value);
}

mpy6a_result mpy6a_response_json(const mpy6a_response *response, mpy6a_json *value)
{
    const char *label = mpy6a_format("%s answered %u", response->request, (unsigned)response->status);
    return parse(response->body, label, MPY6A_RETRY, value);
}

/* Decode one character of a string that was scanned; gives its bytes in UTF-8, 1 to 4. */
static size_t decode(scanner *s, char *to)
{
    uint32_t code;
    if (take(s, '\\')) {
        return read_escape(s, &code) ? utf8_encode(code, to) : 0;
    }
    to[0] = *s->at++;
    return 1;
}

/* What stands between the quotes of a string. */
static scanner inside(mpy6a_text quoted)
{
    scanner s = {quoted.data + 1, quoted.data + quoted.size - 1, NULL};
    return s;
}

static mpy6a_text decoded(mpy6a_text quoted)
{
    /* No escape is shorter than what it stands for. */
    char *made = mpy6a_alloc(quoted.size), *to = made;
    for (scanner s = inside(quoted); s.at < s.end;) {
        const char *escape = memchr(s.at, '\\', (size_t)(s.end - s.at));
        const size_t plain = (size_t)((escape ? escape : s.end) - s.at);
        memcpy(to, s.at, plain);
        to += plain;
        s.at += plain;
        if (escape) {
            to += decode(&s, to);
        }
    }
    const mpy6a_text text = {made, (size_t)(to - made)};
    return text;
}

/* Whether a string, decoded, is this one. Takes no memory: objects have many names. */
static bool means(mpy6a_text quoted, mpy6a_text wanted)
{
    size_t matched = 0;
    for (scanner s = inside(quoted); s.at < s.end;) {
        char character[4];
        const size_t size = decode(&s, character);
        if (size > wanted.size - matched || memcmp(character, wanted.data + matched, size) != 0) {
            return false;
        }
        matched += size;
    }
    return matched == wanted.size;
}

/* Read what stands at `at` (NULL: at the beginning) in an array or object, and move on. */
static bool step(mpy6a_json nested, const char **at, mpy6a_text *quoted_name, mpy6a_json *value)
{
    if (nested.type != MPY6A_JSON_ARRAY && nested.type != MPY6A_JSON_OBJECT) {
        return false;
    }
    scanner s = {*at ? *at : nested.text.data + 1, nested.text.data + nested.text.size, NULL};
    skip_space(&s);
    if (*at && !take(&s, ',')) {
        return false;
    }
    if (nested.type == MPY6A_JSON_OBJECT) {
        skip_space(&s);
        quoted_name->data = s.at;
        if (!scan_string(&s)) {
            return false;
        }
        quoted_name->size = (size_t)(s.at - quoted_name->data);
        skip_space(&s);
        take(&s, ':');
    }
    if (!read_value(&s, nested.origin, value)) {
        return false;
    }
    *at = s.at;
    return true;
}

bool mpy6a_json_next(mpy6a_json array_or_object, mpy6a_json_walk *walk)
{
    mpy6a_text quoted = {NULL, 0};
    if (!step(array_or_object, &walk->at, &quoted, &walk->value)) {
        return false;
    }
    walk->name = quoted.data ? decoded(quoted) : quoted;
    return true;
}

mpy6a_json mpy6a_json_member(mpy6a_json value, const char *name)
{
    const mpy6a_text wanted = mpy6a_text_of(name);
    mpy6a_json found = {MPY6A_JSON_ABSENT, {NULL, 0}, value.origin}, member;
    mpy6a_text quoted;
    if (value.type == MPY6A_JSON_OBJECT) {
        for (const char *at = NULL; step(value, &at, &quoted, &member);) {
            if (means(quoted, wanted)) {
                found = member;
            }
        }
    }
    return found;
}

/* That `name` of `value`, or `value` itself, is not what it should be. */
static mpy6a_result mistyped(mpy6a_json value, const char *name, const char *what)
{
    const char *label = value.origin ? value.origin->label : "a value";
    const mpy6a_outcome outcome = value.origin ? value.origin->outcome : MPY6A_PERMANENT;
    if (!name) {
        return failed(outcome, MPY6A_CAUSE_JSON_TYPE, "%s: not %s", label, what);
    }
    if (mpy6a_json_member(value, name).type == MPY6A_JSON_ABSENT) {
        return failed(outcome, MPY6A_CAUSE_JSON_TYPE, "%s: `%s` is missing", label, name);
    }
    return failed(outcome, MPY6A_CAUSE_JSON_TYPE, "%s: `%s` is not %s", label, name, what);
}

/* Find a value that must be of this type. */
static bool find(mpy6a_json value, const char *name, mpy6a_json_type type, mpy6a_json *found)
{
    *found = name ? mpy6a_json_member(value, name) : value;
    return found->type == type;
}

mpy6a_result mpy6a_json_int(mpy6a_json value, const char *name, int64_t *number)
{
    mpy6a_json found;
    if (!find(value, name, MPY6A_JSON_NUMBER, &found) || !mpy6a_text_to_int(found.text, number)) {
        return mistyped(value, name, "a whole number of 64 bits");
    }
    return mpy6a_ok();
}

mpy6a_result mpy6a_json_double(mpy6a_json value, const char *name, double *number)
{
    mpy6a_json found;
    if (find(value, name, MPY6A_JSON_NUMBER, &found)) {
        /* A copy, for strtod reads up to a NUL. */
        const double read = strtod(resized(found.text.data, found.text.size, found.text.size), NULL);
        if (read >= -DBL_MAX && read <= DBL_MAX) {
            *number = read;
            return mpy6a_ok();
        }
    }
    return mistyped(value, name, "a number in the range of a double");
}

mpy6a_result mpy6a_json_bool(mpy6a_json value, const char *name, bool *truth)
{
    mpy6a_json found;
    if (!find(value, name, MPY6A_JSON_BOOL, &found)) {
        return mistyped(value, name, "true or false");
    }
    *truth = found.text.data[0] == 't';
    return mpy6a_ok();
}

mpy6a_result mpy6a_json_string(mpy6a_json value, const char *name, mpy6a_text *string)
{
    mpy6a_json found;
    if (!find(value, name, MPY6A_JSON_STRING, &found)) {
        return mistyped(value, name, "a string");
    }
    *string = decoded(found.text);
    return mpy6a_ok();
}

mpy6a_result mpy6a_json_array(mpy6a_json value, const char *name, mpy6a_json *array)
{
    mpy6a_json found;
    if (!find(value, name, MPY6A_JSON_ARRAY, &found)) {
        return mistyped(value, name, "an array");
    }
    *array = found;
    return mpy6a_ok();
}

mpy6a_result mpy6a_json_object(mpy6a_json value, const char *name, mpy6a_json *object)
{
    mpy6a_json found;
    if (!find(value, name, MPY6A_JSON_OBJECT, &found)) {
        return mistyped(value, name, "an object");
    }
    *object = found;
    return mpy6a_ok();
}

/* ---- 9. Writing JSON ------------------------------------------------------------------------------------------- */

static void mistake(mpy6a_json_writer *writer, const char *what)
{
    if (!writer->mistake) {
        writer->mistake = what;
    }
}

static void put_escaped(mpy6a_json_writer *writer, char c)
{
    static const char meant[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    const char *found = memchr(meant, c, sizeof(meant) - 1);
    if (found) {
        const char escape[] = {'\\', letters[found - meant]};
        put(&writer->out, escape, sizeof(escape));
    } else {
        const char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 0xF]};
        put(&writer->out, escape, sizeof(escape));
    }
}

static void put_string(mpy6a_json_writer *writer, mpy6a_text text)
{
    const mpy6a_text string = given(text);
    if (!is_utf8(string)) {
        mistake(writer, "a string is not UTF-8");
        return;
    }
    put(&writer->out, "\"", 1);
    const char *done = string.data, *end = string.data + string.size;
    for (const char *at = skip_plain(done, end); at < end; at = skip_plain(at + 1, end)) {
        if ((uint8_t)*at < 0x20 || *at == '"' || *at == '\\') {
            put(&writer->out, done, (size_t)(at - done));
            put_escaped(writer, *at);
            done = at + 1;
        }
    }
    put(&writer->out, done, (size_t)(end - done));
    put(&writer->out, "\"", 1);
}

static bool is_in_object(const mpy6a_json_writer *writer)
{
    return writer->depth > 0 && (writer->objects & 1);
}

/* Whether a value may stand here; writes the comma before it. */
static bool begin_value(mpy6a_json_writer *writer)
{
    if (is_in_object(writer) && !writer->has_key) {
        mistake(writer, "a value in an object without a key");
    } else if (writer->depth == 0 && writer->out.size > 0) {
        mistake(writer, "a second value");
    }
    if (writer->mistake) {
        return false;
    }
    if (writer->needs_comma) {
        put(&writer->out, ",", 1);
    }
    writer->needs_comma = true;
    writer->has_key = false;
    return true;
}

static void put_value(mpy6a_json_writer *writer, mpy6a_text text)
{
    if (begin_value(writer)) {
        put_text(&writer->out, text);
    }
}

static void open_nested(mpy6a_json_writer *writer, bool is_object)
{
    if (writer->depth >= MPY6A_WRITER_DEPTH_MAX) {
        mistake(writer, "nested too deep");
    }
    if (begin_value(writer)) {
        put(&writer->out, is_object ? "{" : "[", 1);
        writer->depth++;
        writer->objects = writer->objects << 1 | is_object;
        writer->needs_comma = false;
    }
}

void mpy6a_write_object(mpy6a_json_writer *writer)
{
    open_nested(writer, true);
}

void mpy6a_write_array(mpy6a_json_writer *writer)
{
    open_nested(writer, false);
}

void mpy6a_write_end(mpy6a_json_writer *writer)
{
    if (writer->depth == 0 || writer->has_key) {
        mistake(writer, writer->has_key ? "a key without a value" : "an end with nothing open");
    }
    if (!writer->mistake) {
        put(&writer->out, is_in_object(writer) ? "}" : "]", 1);
        writer->depth--;
        writer->objects >>= 1;
        writer->needs_comma = true;
    }
}

void mpy6a_write_key(mpy6a_json_writer *writer, const char *name)
{
    if (!is_in_object(writer) || writer->has_key) {
        mistake(writer, writer->has_key ? "a key without a value" : "a key outside of an object");
    }
    if (writer->mistake) {
        return;
    }
    if (writer->needs_comma) {
        put(&writer->out, ",", 1);
    }
    put_string(writer, mpy6a_text_of(name));
    put(&writer->out, ":", 1);
    writer->needs_comma = false;
    writer->has_key = true;
}

void mpy6a_write_string(mpy6a_json_writer *writer, mpy6a_text string)
{
    if (begin_value(writer)) {
        put_string(writer, string);
    }
}

void mpy6a_write_int(mpy6a_json_writer *writer, int64_t number)
{
    put_value(writer, mpy6a_text_of(mpy6a_format("%lld", (long long)number)));
}

void mpy6a_write_double(mpy6a_json_writer *writer, double number)
{
    if (!(number >= -DBL_MAX && number <= DBL_MAX)) {
        mistake(writer, "a number that JSON cannot write");
        return;
    }
    /* 15 digits survive the way to a double and back, 17 are enough for every double. */
    char text[DBL_DECIMAL_DIG + sizeof("-0.e-0000")];
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    put_value(writer, mpy6a_text_of(text));
}

void mpy6a_write_bool(mpy6a_json_writer *writer, bool truth)
{
    put_value(writer, mpy6a_text_of(truth ? "true" : "false"));
}

void mpy6a_write_null(mpy6a_json_writer *writer)
{
    put_value(writer, MPY6A_TEXT("null"));
}

void mpy6a_write_json(mpy6a_json_writer *writer, mpy6a_json value)
{
    if (value.type == MPY6A_JSON_ABSENT) {
        mistake(writer, "a value that is absent");
    }
    put_value(writer, value.text);
}

mpy6a_result mpy6a_written(mpy6a_json_writer *writer, mpy6a_text *text)
{
    if (writer->depth > 0) {
        mistake(writer, "an array or object without its end");
    } else if (writer->out.size == 0) {
        mistake(writer, "no value at all");
    }
    if (writer->mistake) {
        return failed(MPY6A_PERMANENT, MPY6A_CAUSE_JSON_WRITER, "writing JSON: %s", writer->mistake);
    }
    text->data = writer->out.data;
    text->size = writer->out.size;
    return mpy6a_ok();
}

/* ---- 10. The export -------------------------------------------------------------------------------------------- */

static mpy6a_repeat read_repeat(const wire_repeat *wire)
{
    mpy6a_text *records = wire->records.data;
    for (size_t i = 0; i < wire->records.size; i++) {
        records[i] = given(records[i]);
    }
    const mpy6a_repeat repeat = {
        .records = records,
        .record_count = wire->records.size,
        .kind = wire->kind,
        .kind_name = given(wire->kind_name).data,
        .repeat = wire->repeat,
        .max_repeats = wire->max_repeats,
        .created_ms = wire->created_ms,
        .stored_ms = wire->stored_ms,
        .due_ms = wire->due_ms,
        .deadline_ms = wire->deadline_ms,
        .idempotency_key = given(wire->idempotency_key).data,
        .traceparent = wire->traceparent.is_some ? given(wire->traceparent.value).data : NULL,
        .session = wire->session,
    };
    return repeat;
}

EXPORT("handle") wire_result *mpy6a_export_handle(const wire_repeat *wire);
wire_result *mpy6a_export_handle(const wire_repeat *wire)
{
    /* The host reads it after this function has returned. */
    static wire_result wire_end;
    const mpy6a_repeat repeat = read_repeat(wire);
    const mpy6a_result result = mpy6a_handle(&repeat);
    wire_end.is_error = result.outcome != MPY6A_OK;
    wire_end.failure.tag = result.outcome == MPY6A_PERMANENT ? WIRE_PERMANENT : WIRE_RETRY;
    wire_end.failure.reason = mended(mpy6a_text_of(result.reason ? result.reason : "no reason given"));
    return &wire_end;
}

/* There is nothing to free: the instance goes, and its memory with it. */
EXPORT("cabi_post_handle") void mpy6a_export_post_handle(wire_result *wire);
void mpy6a_export_post_handle(wire_result *wire)
{
    (void)wire;
}
