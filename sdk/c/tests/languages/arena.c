/* The arena beside malloc, in WebAssembly's one memory: both grow in turns, and neither gets what the other has. Native tests
 * cannot see this, for there the arena is made of malloc. */
#include <stdlib.h>

#include "mpy6a.h"

enum { TURNS = 50, MALLOC_BYTES = 100000, ARENA_BYTES = 70000 };

/* That all these bytes are this one. */
static void expect(const unsigned char *bytes, size_t size, int byte, const char *what)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != byte) {
            mpy6a_panic("%s: byte %zu is %d, not %d", what, i, bytes[i], byte);
        }
    }
}

mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat)
{
    unsigned char *ours[TURNS], *arenas[TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        ours[turn] = malloc(MALLOC_BYTES);
        memset(ours[turn], turn, MALLOC_BYTES);
        arenas[turn] = mpy6a_alloc(ARENA_BYTES);
        expect(arenas[turn], ARENA_BYTES, 0, "new memory of the arena");
        memset(arenas[turn], 100 + turn, ARENA_BYTES);
    }
    for (int turn = 0; turn < TURNS; turn++) {
        expect(ours[turn], MALLOC_BYTES, turn, "memory of malloc");
        expect(arenas[turn], ARENA_BYTES, 100 + turn, "memory of the arena");
        free(ours[turn]);
    }
    return mpy6a_delete(repeat);
}
