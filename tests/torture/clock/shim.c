/* A wall clock that a test sets: loaded into the host with LD_PRELOAD, it adds to CLOCK_REALTIME what a file says.
 *
 * The file, which MPY6A_TORTURE_CLOCK names, holds two 64-bit numbers of nanoseconds: the first is added to the wall clock,
 * the second to the monotonic one, which no right test ever does. The writer of the file is another process, so each number
 * is read with one atomic load from a shared mapping.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL

static _Atomic int64_t *ahead_ns;

__attribute__((constructor)) static void map_file(void) {
    const char *path = getenv("MPY6A_TORTURE_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *map = mmap(NULL, 2 * sizeof *ahead_ns, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED) ahead_ns = map;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result != 0 || !ahead_ns) return result;
    int which = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? 0 : clock == CLOCK_MONOTONIC ? 1 : -1;
    int64_t ahead = which < 0 ? 0 : atomic_load(&ahead_ns[which]);
    int64_t ns = now->tv_nsec + ahead % NS_PER_S;
    now->tv_sec += ahead / NS_PER_S + (ns >= NS_PER_S) - (ns < 0);
    now->tv_nsec = ns >= NS_PER_S ? ns - NS_PER_S : ns < 0 ? ns + NS_PER_S : ns;
    return 0;
}
