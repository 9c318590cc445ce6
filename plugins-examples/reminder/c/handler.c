/*
 * A handler without effects outside: remind three times, then forget the session.
 *
 * The first record is {"text":"…"}, what to remind of. Each run gives one reminder, a line in the log, and records it,
 * {"reminded":n}; then it stores the session until the next is due, and after the last deletes it.
 *
 * Why it counts records, and not repeats: a handler that stores its session has made progress, so the host counts its
 * repeats anew. A record is committed together with the end of the run. A run that is cut off leaves none, and the next gives
 * the same reminder again, with the same number.
 */
#include "mpy6a.h"

/* How many reminders there are. */
enum { REMINDERS = 3 };

/* Seconds from one reminder to the next, where the setting `every_s` does not say. */
enum { EVERY_S_DEFAULT = 60 };

/* How many reminders were given before this run: all records but the first say so. */
static mpy6a_result count_given(const mpy6a_repeat *repeat, size_t *given)
{
    for (size_t index = 1; index < repeat->record_count; index++) {
        mpy6a_json record;
        int64_t reminded;
        MPY6A_TRY(mpy6a_record_json(repeat, index, &record));
        MPY6A_TRY(mpy6a_json_int(record, "reminded", &reminded));
    }
    *given = repeat->record_count - 1;
    return mpy6a_ok();
}

/* Note that the n-th reminder was given. */
static mpy6a_result append_reminded(const mpy6a_repeat *repeat, size_t n)
{
    mpy6a_json_writer writer = {0};
    mpy6a_text record;
    mpy6a_write_object(&writer);
    mpy6a_write_key(&writer, "reminded");
    mpy6a_write_int(&writer, (int64_t)n);
    mpy6a_write_end(&writer);
    MPY6A_TRY(mpy6a_written(&writer, &record));
    return mpy6a_append(repeat, record);
}

/* The time from one reminder to the next, in seconds. */
static mpy6a_result read_every(uint32_t *every_s)
{
    mpy6a_text setting;
    int64_t number = EVERY_S_DEFAULT;
    MPY6A_TRY(mpy6a_get_setting("every_s", &setting));
    if (setting.data && (!mpy6a_text_to_int(setting, &number) || number < 0 || number > UINT32_MAX)) {
        return mpy6a_permanent("the setting `every_s` is not a number of whole seconds: %s", setting.data);
    }
    *every_s = (uint32_t)number;
    return mpy6a_ok();
}

mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat)
{
    mpy6a_json first;
    mpy6a_text text;
    size_t given;
    MPY6A_TRY(mpy6a_record_json(repeat, 0, &first));
    MPY6A_TRY(mpy6a_json_string(first, "text", &text));
    MPY6A_TRY(count_given(repeat, &given));

    const size_t n = given + 1;
    const mpy6a_text head = mpy6a_text_of(mpy6a_format("reminder %zu of %d: ", n, REMINDERS));
    mpy6a_log_text(MPY6A_INFO, mpy6a_text_joined(head, text));
    MPY6A_TRY(append_reminded(repeat, n));
    if (n >= REMINDERS) {
        return mpy6a_delete(repeat);
    }
    uint32_t every_s;
    MPY6A_TRY(read_every(&every_s));
    return mpy6a_store_after(repeat, every_s);
}
