/* format.c: the conversions that messages know come out as printf writes them; text that is not UTF-8 is mended. */
#include <limits.h>
#include <stdarg.h>

#include "check.h"

/* Compare with the C library's. */
#define SAME(...)                                              \
    do {                                                       \
        char wanted[256];                                      \
        snprintf(wanted, sizeof(wanted), __VA_ARGS__);         \
        CHECK_STRING(mpy6a_format(__VA_ARGS__), wanted);       \
    } while (0)

static void numbers_come_out_as_printf_writes_them(void)
{
    const int ints[] = {0, 1, -1, 42, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++) {
        SAME("%d|%i|%u|%x|%X|%5d|%05d|%012x|%2d", ints[i], ints[i], (unsigned)ints[i], (unsigned)ints[i], (unsigned)ints[i],
             ints[i], ints[i], (unsigned)ints[i], ints[i]);
        SAME("%hd|%hhd|%hu|%hhx|%02hhx", (short)ints[i], (signed char)ints[i], (unsigned short)ints[i],
             (unsigned char)ints[i], (unsigned char)ints[i]);
    }
    /* What does not fit is cut, as printf cuts it. */
    const int wide = 0x1F2F3, negative = -1;
    SAME("%hd|%hhd|%hu|%hhu|%hhx|%hx", wide, wide, wide, wide, negative, negative);
    SAME("%ld|%lld|%jd|%td", LONG_MIN, LLONG_MIN, INTMAX_MIN, PTRDIFF_MIN);
    SAME("%lu|%llu|%ju|%zu|%zx|%llX", ULONG_MAX, ULLONG_MAX, UINTMAX_MAX, SIZE_MAX, SIZE_MAX, ULLONG_MAX);
}

static void text_comes_out_as_printf_writes_it(void)
{
    SAME("%s|%10s|%.2s|%.0s|%5.3s|%c|%%", "text", "ёж", "text", "text", "text", 'x');
    SAME("%.*s|%.*s|%.*s", 2, "text", -1, "text", 9, "text");
    SAME("%s", "");
    SAME("no conversion at all");
    const mpy6a_text text = exact("abc", 3);
    CHECK_STRING(mpy6a_format("%.*s", (int)text.size, text.data), "abc");
    free((void *)text.data);
}

/* The compiler checks the formats of the SDK, and knows more conversions than the SDK: this one it must not see. */
static char *format_unchecked(const char *format, ...)
{
    return mpy6a_format(format, 7, 8);
}

static void what_is_not_known_comes_out_as_it_is(void)
{
    CHECK_STRING(format_unchecked("%d, then %5.2f and %d"), "7, then %5.2f and %d");
    CHECK_STRING(format_unchecked("%d %"), "7 %");
    CHECK_STRING(format_unchecked("%d %-5d"), "7 %-5d");
}

static mpy6a_result log_bytes(const mpy6a_repeat *repeat)
{
    (void)repeat;
    mpy6a_info("ok ёж 🦊");
    mpy6a_info("\xFF" "a\xC3" "b\xED\xA0\x80\xF4\x90\x80\x80\xC0\xAF\xE2\x82");
    mpy6a_log_text(MPY6A_WARN, mpy6a_text_joined(MPY6A_TEXT("joined "), MPY6A_TEXT("\xFF")));
    return mpy6a_permanent("bad \xFF reason");
}

static void joined_texts_keep_every_byte(void)
{
    const mpy6a_text joined = mpy6a_text_joined(MPY6A_TEXT("a\0b"), MPY6A_TEXT("c\0"));
    CHECK(mpy6a_text_equal(joined, MPY6A_TEXT("a\0bc\0")));
    CHECK(mpy6a_text_joined(MPY6A_TEXT(""), MPY6A_TEXT("")).size == 0);
}

#define BAD "\xEF\xBF\xBD"

static void the_host_gets_only_utf8(void)
{
    const mpy6a_scene scene = {0};
    handler_now = log_bytes;
    const mpy6a_ended *ended = mpy6a_scene_run(&scene);
    CHECK_STRING(ended->lines[0], "ok ёж 🦊");
    CHECK_STRING(ended->lines[1], BAD "a" BAD "b" BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD);
    CHECK_STRING(ended->lines[2], "joined " BAD);
    CHECK_STRING(ended->result.reason, "bad " BAD " reason");
}

static void whole_numbers_are_read_up_to_their_limits(void)
{
    int64_t number = 0;
    CHECK(mpy6a_text_to_int(MPY6A_TEXT("9223372036854775807"), &number) && number == INT64_MAX);
    CHECK(mpy6a_text_to_int(MPY6A_TEXT("-9223372036854775808"), &number) && number == INT64_MIN);
    CHECK(mpy6a_text_to_int(MPY6A_TEXT("-0"), &number) && number == 0);
    const char *none[] = {"", "-", "--1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808",
                          "-9223372036854775809", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        CHECK(!mpy6a_text_to_int(mpy6a_text_of(none[i]), &number));
    }
}

void test_format(void)
{
    numbers_come_out_as_printf_writes_them();
    text_comes_out_as_printf_writes_it();
    what_is_not_known_comes_out_as_it_is();
    the_host_gets_only_utf8();
    joined_texts_keep_every_byte();
    whole_numbers_are_read_up_to_their_limits();
}
