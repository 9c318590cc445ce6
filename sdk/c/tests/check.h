/* check.h: what every file of tests needs. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpy6a_testing.h"

/* Unlike assert: never compiled away, and counted. */
#define CHECK(condition)                                                              \
    do {                                                                              \
        checks_made++;                                                                \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: %s: wrong\n", __FILE__, __LINE__, #condition);    \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

#define CHECK_STRING(given, wanted)                                                                      \
    do {                                                                                                 \
        const char *given_now = (given), *wanted_now = (wanted);                                         \
        checks_made++;                                                                                   \
        if (!given_now || strcmp(given_now, wanted_now) != 0) {                                          \
            fprintf(stderr, "%s:%d: %s\n  is     %s\n  wanted %s\n", __FILE__, __LINE__, #given,         \
                    given_now ? given_now : "(none)", wanted_now);                                       \
            exit(1);                                                                                     \
        }                                                                                                \
    } while (0)

extern unsigned long checks_made;

/* The handler of the next run: mpy6a_handle calls it. */
extern mpy6a_result (*handler_now)(const mpy6a_repeat *repeat);

/* Text in memory of exactly its size, without a NUL behind it, so that the sanitizer sees the first byte read too far. Freed
 * by the caller. */
static inline mpy6a_text exact(const void *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    if (size) {
        memcpy(copy, data, size);
    }
    const mpy6a_text text = {copy, size};
    return text;
}

/* The tests: one function for each file. */
void test_format(void);
void test_json_read(void);
void test_json_hostile(void);
void test_json_write(void);
void test_session(void);
void test_http(void);

#endif
