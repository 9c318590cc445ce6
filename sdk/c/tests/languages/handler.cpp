// The reminder's shape in C++: the header compiles as C++, and constructors of globals run before the handler.
#include <string>

#include "mpy6a.h"

namespace {

struct Greeting {
    std::string text;
    Greeting() : text("constructed") {}
};

const Greeting greeting;

mpy6a_result finish(const mpy6a_repeat *repeat)
{
    mpy6a_json json;
    mpy6a_text text;
    MPY6A_TRY(mpy6a_record_json(repeat, 0, &json));
    MPY6A_TRY(mpy6a_json_string(json, "text", &text));
    const std::string line = greeting.text + ": " + std::string(text.data, text.size);
    mpy6a_info("%s", line.c_str());
    MPY6A_TRY(mpy6a_append(repeat, MPY6A_TEXT("{\"reminded\":1}")));
    return mpy6a_delete(repeat);
}

}  // namespace

mpy6a_result mpy6a_handle(const mpy6a_repeat *repeat)
{
    return finish(repeat);
}
