/* json_hostile.c: whatever bytes come, the reader reads none that are not there, and takes only what it can then walk.
 *
 * Chance comes from a fixed seed: a failure comes again. Texts lie in memory of exactly their size, so that the sanitizers
 * see the first byte read too far. */
#include "check.h"

static const char document[] =
    "{\"step\":\"create\",\"user\":{\"nick\":\"\\u0451\\u0436 & co\","
    "\"name\":\"Анна \\ud83e\\udd8a\",\"ids\":[1,-2.5e-3,null]},"
    "\"t\":true,\"f\":false,\"e\":{},\"a\":[[],[[]]]}";

enum { MUTATIONS = 200000, BYTES_MAX = 256 };

static uint64_t chance = 6;

/* xorshift64 (Marsaglia 2003). */
static uint64_t draw(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance;
}

/* Go everywhere, and read every value as every type; gives how many there are. */
static size_t walk_all(mpy6a_json json)
{
    size_t count = 1;
    mpy6a_text text;
    int64_t whole;
    double number;
    bool truth;
    (void)!mpy6a_json_int(json, NULL, &whole).outcome;
    (void)!mpy6a_json_double(json, NULL, &number).outcome;
    (void)!mpy6a_json_bool(json, NULL, &truth).outcome;
    if (json.type == MPY6A_JSON_STRING) {
        CHECK(mpy6a_json_string(json, NULL, &text).outcome == MPY6A_OK && text.data[text.size] == 0);
    }
    for (mpy6a_json_walk walk = {0}; mpy6a_json_next(json, &walk);) {
        count += walk_all(walk.value);
        if (walk.name.data && strlen(walk.name.data) == walk.name.size) {
            CHECK(mpy6a_json_member(json, walk.name.data).type != MPY6A_JSON_ABSENT);
        }
    }
    return count;
}

/* Read it; gives whether it was taken. */
static bool try(const char *data, size_t size)
{
    const mpy6a_text text = exact(data, size);
    mpy6a_json json;
    const mpy6a_result result = mpy6a_json_parse(text, &json);
    if (result.outcome == MPY6A_OK) {
        CHECK(walk_all(json) > 0);
    } else {
        CHECK(result.cause == MPY6A_CAUSE_JSON);
    }
    free((void *)text.data);
    mpy6a_scene_free();
    return result.outcome == MPY6A_OK;
}

/* One to four changes: a byte changed, dropped, doubled, or a piece put elsewhere. */
static size_t mutate(char *data, size_t size)
{
    static const char likely[] = "\"\\{}[]:,0123456789-+.eEtfnu\xD0\xFF ";
    for (uint64_t changes = 1 + draw() % 4; changes > 0; changes--) {
        const size_t at = (size_t)(draw() % size);
        switch (draw() % 4) {
        case 0: data[at] = (char)draw(); break;
        case 1: data[at] = likely[draw() % (sizeof(likely) - 1)]; break;
        case 2:
            if (size > 1) {
                memmove(data + at, data + at + 1, --size - at);
            }
            break;
        default:
            if (size < BYTES_MAX) {
                memmove(data + at + 1, data + at, size++ - at);
            }
        }
    }
    return size;
}

void test_json_hostile(void)
{
    const size_t size = sizeof(document) - 1;
    CHECK(size < BYTES_MAX && try(document, size));
    for (size_t prefix = 0; prefix < size; prefix++) {
        CHECK(!try(document, prefix));
    }
    size_t taken = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        char data[BYTES_MAX];
        memcpy(data, document, size);
        const size_t mutated = mutate(data, size);
        taken += try(data, mutated);
    }
    /* Many changes hit the middle of a string or number and leave JSON: both sides were tried. */
    CHECK(taken > MUTATIONS / 20 && taken < MUTATIONS / 2);
    for (int i = 0; i < MUTATIONS; i++) {
        char noise[32];
        for (size_t at = 0; at < sizeof(noise); at++) {
            noise[at] = "\"\\{}[]:,01-.etrufalsn\xD1\x91 "[draw() % 25];
        }
        try(noise, draw() % sizeof(noise));
    }
}
