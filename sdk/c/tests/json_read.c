/* json_read.c: what is JSON and what is not, and values of each type. */
#include "check.h"

static const char *const good[] = {
    "null", " true ", "false", "0", "-0", "1.5", "1e9", "1E+9", "-12.34e-56", "\"\"", "[]", "{}", "[ ]", "{ }", "[1,2]",
    "{\"a\":1}", "{\"a\":[{\"b\":null}]}", "\t\r\n 1 \n", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\"", "\"\\ud83e\\udd8a\"",
    "\"\x7F\"", "\"ёж 🦊\"", "[[[[[[[[[[]]]]]]]]]]", "{\"\":0}", "{\"a\":1,\"a\":2}", "1e999",
};

static const char *const bad[] = {
    "", " ", "nul", "nulll", "True", "tru", "+1", "01", "-", "-a", "1.", ".5", "1e", "1e+", "0x1", "1 2", "NaN", "Infinity",
    "\"", "\"a", "'a'", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83e\"", "\"\\ud83e\\u0041\"", "\"\\udd8a\"",
    "\"\\ud83e\\ud83e\"", "\"\\udd8a\\udd8a\"",
    "\"\xE0\x80\x80\"", "\"\xF0\x80\x80\x80\"", "\"\xF5\x80\x80\x80\"",
    "\"a\nb\"", "\"\x1F\"", "\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"",
    "\"\xE2\x82\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{1:2}", "{\"a\"}", "{\"a\":}",
    "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{a:1}", "\xEF\xBB\xBF" "1", "// c\n1", "/**/1",
};

static void the_grammar_is_kept(void)
{
    mpy6a_json value;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        const mpy6a_text text = exact(good[i], strlen(good[i]));
        if (mpy6a_json_parse(text, &value).outcome != MPY6A_OK) {
            fprintf(stderr, "refused: %s\n", good[i]);
        }
        CHECK(mpy6a_json_parse(text, &value).outcome == MPY6A_OK);
        free((void *)text.data);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const mpy6a_text text = exact(bad[i], strlen(bad[i]));
        const mpy6a_result result = mpy6a_json_parse(text, &value);
        if (result.outcome == MPY6A_OK) {
            fprintf(stderr, "taken: %s\n", bad[i]);
        }
        CHECK(result.outcome == MPY6A_PERMANENT && result.cause == MPY6A_CAUSE_JSON);
        free((void *)text.data);
    }
    CHECK(mpy6a_json_parse(MPY6A_TEXT("1\0"), &value).outcome == MPY6A_PERMANENT);
    const mpy6a_text none = {NULL, 0};
    CHECK_STRING(mpy6a_json_parse(none, &value).reason, "the text: not JSON: the text ends too early, at byte 0 of 0");
    CHECK_STRING(mpy6a_json_parse(MPY6A_TEXT("{\"a\":x}"), &value).reason,
                 "the text: not JSON: expected a value, at byte 5 of 7");
}

static void depth_has_an_end(void)
{
    mpy6a_json value;
    char nested[4 * MPY6A_JSON_DEPTH_MAX];
    memset(nested, '[', MPY6A_JSON_DEPTH_MAX);
    memset(nested + MPY6A_JSON_DEPTH_MAX, ']', MPY6A_JSON_DEPTH_MAX);
    mpy6a_text text = {nested, 2 * MPY6A_JSON_DEPTH_MAX};
    CHECK(mpy6a_json_parse(text, &value).outcome == MPY6A_OK);
    memset(nested, '[', MPY6A_JSON_DEPTH_MAX + 1);
    memset(nested + MPY6A_JSON_DEPTH_MAX + 1, ']', MPY6A_JSON_DEPTH_MAX + 1);
    text.size = 2 * MPY6A_JSON_DEPTH_MAX + 2;
    CHECK_STRING(mpy6a_json_parse(text, &value).reason, "the text: not JSON: nested too deep, at byte 128 of 258");
}

static const char document[] =
    "{\"text\":\"\\u0451\\u0436 \\ud83e\\udd8a\\n\",\"n\":-7,\"half\":0.5,\"yes\":true,\"no\":false,\"nil\":null,"
    "\"list\":[1,\"two\",{\"three\":3}],\"in\":{\"deep\":\"x\"},\"\\u006eame\":\"escaped\",\"twice\":1,\"twice\":2,"
    "\"zero\":\"a\\u0000b\",\"big\":9223372036854775808,\"huge\":1e999,\"exp\":1e2}";

static void values_are_read(void)
{
    mpy6a_json json, inner;
    mpy6a_text text;
    int64_t whole;
    double number;
    bool truth;
    CHECK(mpy6a_json_parse(mpy6a_text_of(document), &json).outcome == MPY6A_OK);
    CHECK(mpy6a_json_string(json, "text", &text).outcome == MPY6A_OK && text.size == strlen(text.data));
    CHECK_STRING(text.data, "ёж 🦊\n");
    CHECK(mpy6a_json_int(json, "n", &whole).outcome == MPY6A_OK && whole == -7);
    CHECK(mpy6a_json_double(json, "half", &number).outcome == MPY6A_OK && number == 0.5);
    CHECK(mpy6a_json_double(json, "exp", &number).outcome == MPY6A_OK && number == 100);
    CHECK(mpy6a_json_bool(json, "yes", &truth).outcome == MPY6A_OK && truth);
    CHECK(mpy6a_json_bool(json, "no", &truth).outcome == MPY6A_OK && !truth);
    CHECK(mpy6a_json_member(json, "nil").type == MPY6A_JSON_NULL);
    CHECK(mpy6a_json_string(mpy6a_json_member(json, "in"), "deep", &text).outcome == MPY6A_OK);
    CHECK(mpy6a_json_string(json, "name", &text).outcome == MPY6A_OK && strcmp(text.data, "escaped") == 0);
    CHECK(mpy6a_json_int(json, "twice", &whole).outcome == MPY6A_OK && whole == 2);
    CHECK(mpy6a_json_string(json, "zero", &text).outcome == MPY6A_OK && text.size == 3 && memcmp(text.data, "a\0b", 4) == 0);
    CHECK(mpy6a_json_object(json, "in", &inner).outcome == MPY6A_OK && inner.type == MPY6A_JSON_OBJECT);
    CHECK(mpy6a_json_member(json, "nowhere").type == MPY6A_JSON_ABSENT);
    CHECK(mpy6a_json_member(mpy6a_json_member(json, "nowhere"), "x").type == MPY6A_JSON_ABSENT);
}

static void arrays_and_objects_are_walked_in_order(void)
{
    mpy6a_json json, list;
    int64_t sum = 0;
    size_t count = 0;
    CHECK(mpy6a_json_parse(mpy6a_text_of(document), &json).outcome == MPY6A_OK);
    CHECK(mpy6a_json_array(json, "list", &list).outcome == MPY6A_OK);
    for (mpy6a_json_walk walk = {0}; mpy6a_json_next(list, &walk); count++) {
        CHECK(walk.name.data == NULL);
        int64_t number;
        if (walk.value.type == MPY6A_JSON_NUMBER && mpy6a_json_int(walk.value, NULL, &number).outcome == MPY6A_OK) {
            sum += number;
        }
    }
    CHECK(count == 3 && sum == 1);
    size_t escaped = 0;
    count = 0;
    for (mpy6a_json_walk walk = {0}; mpy6a_json_next(json, &walk); count++) {
        escaped += strcmp(walk.name.data, "name") == 0;
    }
    CHECK(count == 15 && escaped == 1);
    mpy6a_json_walk none = {0};
    CHECK(!mpy6a_json_next(mpy6a_json_member(json, "n"), &none));
}

static void a_wrong_type_is_named(void)
{
    mpy6a_json json;
    mpy6a_text text = MPY6A_TEXT("untouched");
    int64_t whole = 77;
    double number;
    CHECK(mpy6a_json_parse(mpy6a_text_of(document), &json).outcome == MPY6A_OK);
    const mpy6a_result missing = mpy6a_json_string(json, "nowhere", &text);
    CHECK_STRING(missing.reason, "the text: `nowhere` is missing");
    CHECK(missing.outcome == MPY6A_PERMANENT && missing.cause == MPY6A_CAUSE_JSON_TYPE);
    CHECK_STRING(text.data, "untouched");
    CHECK_STRING(mpy6a_json_string(json, "n", &text).reason, "the text: `n` is not a string");
    CHECK_STRING(mpy6a_json_int(json, "half", &whole).reason, "the text: `half` is not a whole number of 64 bits");
    CHECK_STRING(mpy6a_json_int(json, "big", &whole).reason, "the text: `big` is not a whole number of 64 bits");
    CHECK_STRING(mpy6a_json_int(json, "exp", &whole).reason, "the text: `exp` is not a whole number of 64 bits");
    CHECK(whole == 77);
    CHECK_STRING(mpy6a_json_double(json, "huge", &number).reason,
                 "the text: `huge` is not a number in the range of a double");
    CHECK_STRING(mpy6a_json_int(json, NULL, &whole).reason, "the text: not a whole number of 64 bits");
    CHECK_STRING(mpy6a_json_string(mpy6a_json_member(json, "n"), "x", &text).reason, "the text: `x` is missing");
}

void test_json_read(void)
{
    the_grammar_is_kept();
    depth_has_an_end();
    values_are_read();
    arrays_and_objects_are_walked_in_order();
    a_wrong_type_is_named();
}
