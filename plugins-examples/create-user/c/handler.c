/*
 * The repeat handler of the worked example: finish the creation of a user, or forget it.
 *
 * Service A keeps users, service B indexes them for search. A client that creates a user records first what it wants,
 * {"step":"create","user":{"nick","name","mail"}}, asks A, records the id that A gave, {"step":"created","id"}, asks B, and
 * deletes the session. It may fail after any of these. This handler then does, step by step:
 *
 *  1. Take what the session recorded.
 *  2. If it has no id, look the user up in A by nick; else fetch it by id.
 *  3. No such user: delete the session and leave. A never created it, and there is nothing to undo.
 *  4. Index the user that was found in B, by its attributes.
 *  5. Delete the session and leave.
 *
 * On any error it leaves at once, to be repeated. Only a record that it cannot read is permanent.
 *
 * Why it is right:
 *
 *  - Repeating is harmless: a look-up changes nothing, and indexing the same user again changes nothing.
 *  - A late creation cannot slip in after step 3: both look-ups name a step, so they carry the fence, and A refuses a call
 *    of an earlier holder of the session from then on.
 *  - Only A may say that there is no such user: a 404 that is not in A's words (a wrong path, a proxy) is an error.
 *  - A nick is not a proof. When A refused to create this user because another has the nick, and the client died before it
 *    could delete the session, the look-up finds the other user. It is indexed all the same, which does no harm; but unless
 *    it is what this session asked for, it does not count as this one rolled forward.
 */
#include "mpy6a.h"

/* How long to wait for A, and again for B. Both together stay under the run's own limit (10 s by default), so that a service
 * that hangs ends the run with a reason that names it. */
enum { CALL_TIMEOUT_MS = 3000 };

/* A user: as the client wants it (then without an id), or as A keeps it and B indexes it. */
typedef struct user {
    int64_t id;
    mpy6a_text nick, name, mail;
} user;

/* How far the client came. */
typedef struct progress {
    bool has_wanted, has_id;
    user wanted;
    int64_t id;
} progress;

static mpy6a_result read_attributes(mpy6a_json json, user *user)
{
    MPY6A_TRY(mpy6a_json_string(json, "nick", &user->nick));
    MPY6A_TRY(mpy6a_json_string(json, "name", &user->name));
    return mpy6a_json_string(json, "mail", &user->mail);
}

/* Take one record into account. */
static mpy6a_result apply(const mpy6a_repeat *repeat, size_t index, progress *progress)
{
    mpy6a_json record, wanted;
    mpy6a_text step;
    MPY6A_TRY(mpy6a_record_json(repeat, index, &record));
    MPY6A_TRY(mpy6a_json_string(record, "step", &step));
    if (mpy6a_text_equal(step, MPY6A_TEXT("create"))) {
        progress->has_wanted = true;
        MPY6A_TRY(mpy6a_json_object(record, "user", &wanted));
        return read_attributes(wanted, &progress->wanted);
    }
    if (mpy6a_text_equal(step, MPY6A_TEXT("created"))) {
        progress->has_id = true;
        return mpy6a_json_int(record, "id", &progress->id);
    }
    return mpy6a_permanent("record %zu: `step` is neither create nor created", index);
}

/* Ask A for the user, by id if it is known. */
static mpy6a_result look_up(const progress *progress, bool *is_there, user *found)
{
    mpy6a_text service_a;
    MPY6A_TRY(mpy6a_require_setting("service_a", &service_a));
    const char *url = mpy6a_format("%s/users", service_a.data);
    if (progress->has_id) {
        url = mpy6a_format("%s/%lld", url, (long long)progress->id);
    } else if (progress->has_wanted) {
        url = mpy6a_query(url, MPY6A_TEXT("nick"), progress->wanted.nick);
    } else {
        /* The client died before its first record, so it never asked A for anything. */
        *is_there = false;
        return mpy6a_ok();
    }
    const mpy6a_request request = {.method = "GET", .url = url, .step = "find", .timeout_ms = CALL_TIMEOUT_MS};
    mpy6a_response response;
    mpy6a_json body;
    mpy6a_text refusal;
    MPY6A_TRY(mpy6a_send(&request, &response));
    *is_there = response.status != 404;
    if (!*is_there) {
        /* A's words for "no": an object with this field. */
        MPY6A_TRY(mpy6a_response_json(&response, &body));
        return mpy6a_json_string(body, "error", &refusal);
    }
    MPY6A_TRY(mpy6a_expect_success(&response));
    MPY6A_TRY(mpy6a_response_json(&response, &body));
    MPY6A_TRY(mpy6a_json_int(body, "id", &found->id));
    return read_attributes(body, found);
}

static mpy6a_result write_user(const user *user, mpy6a_text *json)
{
    mpy6a_json_writer writer = {0};
    mpy6a_write_object(&writer);
    mpy6a_write_key(&writer, "id");
    mpy6a_write_int(&writer, user->id);
    mpy6a_write_key(&writer, "nick");
    mpy6a_write_string(&writer, user->nick);
    mpy6a_write_key(&writer, "name");
    mpy6a_write_string(&writer, user->name);
    mpy6a_write_key(&writer, "mail");
    mpy6a_write_string(&writer, user->mail);
    mpy6a_write_end(&writer);
    return mpy6a_written(&writer, json);
}

/* Have B index the user. */
static mpy6a_result index_user(const user *user)
{
    mpy6a_text service_b;
    mpy6a_request request = {.method = "PUT", .step = "index", .timeout_ms = CALL_TIMEOUT_MS};
    mpy6a_response response;
    MPY6A_TRY(mpy6a_require_setting("service_b", &service_b));
    MPY6A_TRY(write_user(user, &request.json));
    request.url = mpy6a_format("%s/index/%lld", service_b.data, (long long)user->id);
    MPY6A_TRY(mpy6a_send(&request, &response));
    return mpy6a_expect_success(&response);
}

/* Whether this is the user of this session: A gave it this id, or it is what the session asked for. */
static bool asked_for(const progress *progress, const user *user)
{
    if (progress->has_id) {
        return progress->id == user->id;
    }
    return mpy6a_text_equal(progress->wanted.nick, user->nick) && mpy6a_text_equal(progress->wanted.name, user->name) &&
           mpy6a_text_equal(progress->wanted.mail, user->mail);
}

static mpy6a_result finish(const mpy6a_repeat *repeat, const progress *progress)
{
    bool is_there;
    user user;
    MPY6A_TRY(look_up(progress, &is_there, &user));
    if (!is_there) {
        MPY6A_TRY(mpy6a_delete(repeat));
        mpy6a_info("rolled back: no such user");
        return mpy6a_ok();
    }
    MPY6A_TRY(index_user(&user));
    MPY6A_TRY(mpy6a_delete(repeat));
    if (asked_for(progress, &user)) {
        mpy6a_info("rolled forward user %lld", (long long)user.id);
    } else {
        mpy6a_info("rolled back: no such user; user %lld has the nick", (long long)user.id);
    }
    return mpy6a_ok();
}

mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat)
{
    progress progress = {0};
    for (size_t index = 0; index < repeat->record_count; index++) {
        MPY6A_TRY(apply(repeat, index, &progress));
    }
    return mpy6a_into_retry(finish(repeat, &progress));
}
