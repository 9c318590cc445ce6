/* json_write.c: what is written, and which mistakes are told. */
#include <float.h>
#include <math.h>

#include "check.h"

static void values_are_written_without_white_space(void)
{
    mpy6a_json_writer writer = {0};
    mpy6a_text text;
    mpy6a_write_object(&writer);
    mpy6a_write_key(&writer, "nick");
    mpy6a_write_string(&writer, MPY6A_TEXT("ёж \"\\/\b\f\n\r\t\x01\x1F\x7F\0🦊"));
    mpy6a_write_key(&writer, "list");
    mpy6a_write_array(&writer);
    mpy6a_write_int(&writer, INT64_MIN);
    mpy6a_write_bool(&writer, true);
    mpy6a_write_bool(&writer, false);
    mpy6a_write_null(&writer);
    mpy6a_write_array(&writer);
    mpy6a_write_end(&writer);
    mpy6a_write_object(&writer);
    mpy6a_write_end(&writer);
    mpy6a_write_end(&writer);
    mpy6a_write_key(&writer, "a\"b");
    mpy6a_write_string(&writer, MPY6A_TEXT(""));
    mpy6a_write_end(&writer);
    CHECK(mpy6a_written(&writer, &text).outcome == MPY6A_OK);
    CHECK_STRING(text.data, "{\"nick\":\"ёж \\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000🦊\","
                            "\"list\":[-9223372036854775808,true,false,null,[],{}],\"a\\\"b\":\"\"}");
    CHECK(text.size == strlen(text.data));
}

static void doubles_read_back_the_same(void)
{
    const double numbers[] = {0, -0.0, 0.1, 1.0 / 3, 1e300, DBL_MAX, -DBL_MAX, DBL_MIN, 5e-324, 123456789.125};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        mpy6a_json_writer writer = {0};
        mpy6a_text text;
        mpy6a_json json;
        double back;
        mpy6a_write_double(&writer, numbers[i]);
        CHECK(mpy6a_written(&writer, &text).outcome == MPY6A_OK);
        CHECK(mpy6a_json_parse(text, &json).outcome == MPY6A_OK);
        CHECK(mpy6a_json_double(json, NULL, &back).outcome == MPY6A_OK && back == numbers[i]);
    }
    mpy6a_json_writer writer = {0};
    mpy6a_text text;
    mpy6a_write_double(&writer, 0.1);
    CHECK(mpy6a_written(&writer, &text).outcome == MPY6A_OK && strcmp(text.data, "0.1") == 0);
}

static void a_value_that_was_read_is_written_as_it_was(void)
{
    mpy6a_json_writer writer = {0};
    mpy6a_json json;
    mpy6a_text text;
    CHECK(mpy6a_json_parse(MPY6A_TEXT(" {\"a\" : [1e2, 3] } "), &json).outcome == MPY6A_OK);
    mpy6a_write_array(&writer);
    mpy6a_write_json(&writer, mpy6a_json_member(json, "a"));
    mpy6a_write_json(&writer, json);
    mpy6a_write_end(&writer);
    CHECK(mpy6a_written(&writer, &text).outcome == MPY6A_OK);
    CHECK_STRING(text.data, "[[1e2, 3],{\"a\" : [1e2, 3] }]");
}

static void long_text_makes_room(void)
{
    mpy6a_json_writer writer = {0};
    mpy6a_text text;
    mpy6a_json json;
    size_t count = 0;
    mpy6a_write_array(&writer);
    for (int i = 0; i < 10000; i++) {
        mpy6a_write_string(&writer, MPY6A_TEXT("0123456789\n"));
    }
    mpy6a_write_end(&writer);
    CHECK(mpy6a_written(&writer, &text).outcome == MPY6A_OK && text.size == 10000 * 15 + 1);
    CHECK(mpy6a_json_parse(text, &json).outcome == MPY6A_OK);
    for (mpy6a_json_walk walk = {0}; mpy6a_json_next(json, &walk);) {
        count++;
    }
    CHECK(count == 10000);
}

/* The mistake that these steps make: o { a [ e end k key v value u not UTF-8 n NaN x absent. */
static const char *mistake_of(const char *steps)
{
    mpy6a_json_writer writer = {0};
    const mpy6a_json absent = {0};
    mpy6a_text text = {NULL, 0};
    for (; *steps; steps++) {
        switch (*steps) {
        case 'o': mpy6a_write_object(&writer); break;
        case 'a': mpy6a_write_array(&writer); break;
        case 'e': mpy6a_write_end(&writer); break;
        case 'k': mpy6a_write_key(&writer, "k"); break;
        case 'u': mpy6a_write_string(&writer, MPY6A_TEXT("\xFF")); break;
        case 'n': mpy6a_write_double(&writer, NAN); break;
        case 'x': mpy6a_write_json(&writer, absent); break;
        default: mpy6a_write_int(&writer, 1);
        }
    }
    const mpy6a_result result = mpy6a_written(&writer, &text);
    CHECK(result.outcome == MPY6A_PERMANENT && result.cause == MPY6A_CAUSE_JSON_WRITER && text.data == NULL);
    return result.reason;
}

static void mistakes_are_told(void)
{
    CHECK_STRING(mistake_of(""), "writing JSON: no value at all");
    CHECK_STRING(mistake_of("vv"), "writing JSON: a second value");
    CHECK_STRING(mistake_of("a"), "writing JSON: an array or object without its end");
    CHECK_STRING(mistake_of("ov"), "writing JSON: a value in an object without a key");
    CHECK_STRING(mistake_of("oke"), "writing JSON: a key without a value");
    CHECK_STRING(mistake_of("okk"), "writing JSON: a key without a value");
    CHECK_STRING(mistake_of("akve"), "writing JSON: a key outside of an object");
    CHECK_STRING(mistake_of("e"), "writing JSON: an end with nothing open");
    CHECK_STRING(mistake_of("u"), "writing JSON: a string is not UTF-8");
    CHECK_STRING(mistake_of("n"), "writing JSON: a number that JSON cannot write");
    CHECK_STRING(mistake_of("x"), "writing JSON: a value that is absent");
    char deep[MPY6A_WRITER_DEPTH_MAX + 2] = {0};
    memset(deep, 'a', sizeof(deep) - 1);
    CHECK_STRING(mistake_of(deep), "writing JSON: nested too deep");
}

void test_json_write(void)
{
    values_are_written_without_white_space();
    doubles_read_back_the_same();
    a_value_that_was_read_is_written_as_it_was();
    long_text_makes_room();
    mistakes_are_told();
}
