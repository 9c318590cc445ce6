/* A disk that syncs slowly: loaded into the host with LD_PRELOAD, it holds up each fdatasync for as many milliseconds as a file
 * says, and for as long as the file says a negative number. MPY6A_TEST_SYNC names the file.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long hold_ms(void) {
    const char *path = getenv("MPY6A_TEST_SYNC");
    FILE *file = path ? fopen(path, "re") : NULL;
    long ms = 0;
    if (file && fscanf(file, "%ld", &ms) != 1) ms = 0;
    if (file) fclose(file);
    return ms;
}

static void wait_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

int fdatasync(int file) {
    long ms = hold_ms();
    if (ms > 0) wait_ms(ms);
    while (hold_ms() < 0) wait_ms(10);
    return (int)syscall(SYS_fdatasync, file);
}
