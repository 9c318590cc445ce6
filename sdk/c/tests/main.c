/* main.c: runs all the tests of the SDK. Built and started by `run`, with the sanitizers for addresses and for undefined
 * behaviour. */
#include "check.h"

unsigned long checks_made;
mpy6a_result (*handler_now)(const mpy6a_repeat *repeat);

mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat)
{
    return handler_now(repeat);
}

int main(void)
{
    test_format();
    test_json_read();
    test_json_hostile();
    test_json_write();
    test_session();
    test_http();
    mpy6a_scene_free();
    printf("%lu checks, all right\n", checks_made);
    return 0;
}
