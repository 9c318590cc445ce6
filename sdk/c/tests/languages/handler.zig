//! The reminder's shape in Zig: the header is read by translate-c, and failures become Zig's errors and back.
const mpy6a = @import("mpy6a");

const Failed = error{Failed};

/// What the failure of the run is: an error of Zig carries no more than its name.
var failure: mpy6a.mpy6a_result = undefined;

fn check(result: mpy6a.mpy6a_result) Failed!void {
    if (result.outcome != mpy6a.MPY6A_OK) {
        failure = result;
        return error.Failed;
    }
}

fn slice(text: mpy6a.mpy6a_text) []const u8 {
    return text.data[0..text.size];
}

fn finish(repeat: *const mpy6a.mpy6a_repeat) Failed!void {
    var json: mpy6a.mpy6a_json = undefined;
    var text: mpy6a.mpy6a_text = undefined;
    try check(mpy6a.mpy6a_record_json(repeat, 0, &json));
    try check(mpy6a.mpy6a_json_string(json, "text", &text));
    mpy6a.mpy6a_log(mpy6a.MPY6A_INFO, "zig: %.*s, %zu bytes", @as(c_int, @intCast(text.size)), text.data, slice(text).len);
    const record = "{\"reminded\":1}";
    try check(mpy6a.mpy6a_append(repeat, .{ .data = record, .size = record.len }));
    try check(mpy6a.mpy6a_delete(repeat));
}

export fn mpy6a_handle(repeat: *const mpy6a.mpy6a_repeat) mpy6a.mpy6a_result {
    finish(repeat) catch return failure;
    return mpy6a.mpy6a_ok();
}
