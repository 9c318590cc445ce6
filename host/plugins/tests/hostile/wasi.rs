//! Components that call WASI directly, and make resources of their own. [`component`] wraps the body of `handle` into one.
//!
//! What a body may call, all of it imported into the core module as the canonical ABI lowers it:
//!
//! | function | does |
//! |---|---|
//! | `$stdout (result i32)` | a new handle to stdout |
//! | `$write (param i32 i32 i32 i32)` | stream, address, length; the result goes to the last |
//! | `$write-zeroes (param i32 i64 i32)` | stream, how many, where the result goes |
//! | `$sleep (param i64) (result i32)` | a pollable that is ready after so many nanoseconds |
//! | `$block (param i32)` | wait for a pollable |
//! | `$poll (param i32 i32 i32)` | wait for any of a list: address, length, where the result goes |
//! | `$random (param i64 i32)` | so many random bytes; address and length go to the last |
//! | `$drop-pollable (param i32)` | drop it |
//! | `$drop-session (param i32)` | drop it |
//! | `$new (param i32) (result i32)`, `$drop (param i32)` | a resource of the component's own, which represents a number |

const IMPORTS: &str = r#"
  (import "wasi:io/poll@0.2.0" (instance $io-poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $io-poll "pollable" (type $pollable))
  (import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $io-streams
    (alias outer 1 $error (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (export "output-stream" (type $output (sub resource)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.check-write" (func
      (param "self" (borrow $output)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.write-zeroes" (func
      (param "self" (borrow $output)) (param "len" u64) (result (result (error $stream-error)))))))
  (alias export $io-streams "output-stream" (type $output))
  (import "wasi:cli/stdout@0.2.0" (instance $cli-stdout
    (alias outer 1 $output (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (export "get-stdout" (func (result (own $output))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "wasi:random/random@0.2.0" (instance $wasi-random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "mpy6a:handler/types@1.0.0" (instance $types
    (export "session" (type $session (sub resource)))
    (type $data (record
      (field "records" (list (list u8))) (field "session" (own $session))
      (field "kind" u32) (field "kind-name" string) (field "repeat" u32) (field "max-repeats" u32)
      (field "created-ms" u64) (field "stored-ms" u64) (field "due-ms" u64) (field "deadline-ms" u64)
      (field "idempotency-key" string) (field "traceparent" (option string))))
    (export "repeat-data" (type (eq $data)))
    (type $failed (variant (case "retry" string) (case "permanent" string)))
    (export "failure" (type (eq $failed)))))
  (alias export $types "session" (type $session))
  (alias export $types "repeat-data" (type $data))
  (alias export $types "failure" (type $failed))
  (import "repeat-data" (type $repeat-data (eq $data)))
  (import "failure" (type $failure (eq $failed)))
"#;

/// Requests of `wasi:http`, which only kinds with an allow rule may import: as far as their bodies.
const HTTP: &str = r#"
  (import "wasi:http/types@0.2.0" (instance $http
    (alias outer 1 $output (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (export "fields" (type $fields (sub resource)))
    (export "outgoing-body" (type $body (sub resource)))
    (export "outgoing-request" (type $request (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $request))))
    (export "[method]outgoing-request.body" (func (param "self" (borrow $request)) (result (result (own $body)))))
    (export "[method]outgoing-body.write" (func (param "self" (borrow $body)) (result (result (own $output)))))))
"#;

/// Memory apart from the code, so that what the code imports can be lowered into it. Large things that the host puts into the
/// guest always go to the same place, the third and fourth megabyte; what it is given at first comes one after the other.
const LOWERED: &str = r#"
  (core module $heap
    (memory (export "memory") 64)
    (global $free (mut i32) (i32.const 0x80000))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 3) (i32.const 4096)) (then (return (i32.const 0x200000))))
      (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -8))))
      (i32.sub (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -8)))))
  (core instance $heap (instantiate $heap))
  (alias core export $heap "memory" (core memory $memory))
  (alias core export $heap "realloc" (core func $realloc))
  (type $own (resource (rep i32)))
  (core func $stdout (canon lower (func $cli-stdout "get-stdout")))
  (core func $write (canon lower (func $io-streams "[method]output-stream.write") (memory $memory)))
  (core func $write-zeroes (canon lower (func $io-streams "[method]output-stream.write-zeroes") (memory $memory)))
  (core func $sleep (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $io-poll "[method]pollable.block")))
  (core func $poll (canon lower (func $io-poll "poll") (memory $memory) (realloc $realloc)))
  (core func $random (canon lower (func $wasi-random "get-random-bytes") (memory $memory) (realloc $realloc)))
  (core func $drop-pollable (canon resource.drop $pollable))
  (core func $drop-session (canon resource.drop $session))
  (core func $new (canon resource.new $own))
  (core func $drop (canon resource.drop $own))
"#;

const HTTP_LOWERED: &str = r#"
  (core func $check-write (canon lower (func $io-streams "[method]output-stream.check-write") (memory $memory)))
  (core func $fields (canon lower (func $http "[constructor]fields")))
  (core func $request (canon lower (func $http "[constructor]outgoing-request")))
  (core func $body (canon lower (func $http "[method]outgoing-request.body") (memory $memory)))
  (core func $stream (canon lower (func $http "[method]outgoing-body.write") (memory $memory)))
  (core instance $http (export "check-write" (func $check-write)) (export "fields" (func $fields))
    (export "request" (func $request)) (export "body" (func $body)) (export "stream" (func $stream)))
"#;

const HTTP_CODE: &str = r#"
    (import "http" "check-write" (func $check-write (param i32 i32)))
    (import "http" "fields" (func $fields (result i32)))
    (import "http" "request" (func $request (param i32) (result i32)))
    (import "http" "body" (func $body (param i32 i32)))
    (import "http" "stream" (func $stream (param i32 i32)))
"#;

const CODE: &str = r#"
    (import "heap" "memory" (memory 64))
    (import "wasi" "stdout" (func $stdout (result i32)))
    (import "wasi" "write" (func $write (param i32 i32 i32 i32)))
    (import "wasi" "write-zeroes" (func $write-zeroes (param i32 i64 i32)))
    (import "wasi" "sleep" (func $sleep (param i64) (result i32)))
    (import "wasi" "block" (func $block (param i32)))
    (import "wasi" "poll" (func $poll (param i32 i32 i32)))
    (import "wasi" "random" (func $random (param i64 i32)))
    (import "wasi" "drop-pollable" (func $drop-pollable (param i32)))
    (import "wasi" "drop-session" (func $drop-session (param i32)))
    (import "wasi" "new" (func $new (param i32) (result i32)))
    (import "wasi" "drop" (func $drop (param i32)))
"#;

const LIFTED: &str = r#"
  (core instance $code (instantiate $code
    (with "heap" (instance $heap))
    (with "wasi" (instance
      (export "stdout" (func $stdout)) (export "write" (func $write)) (export "write-zeroes" (func $write-zeroes))
      (export "sleep" (func $sleep)) (export "block" (func $block)) (export "poll" (func $poll))
      (export "random" (func $random)) (export "drop-pollable" (func $drop-pollable))
      (export "drop-session" (func $drop-session))
      (export "new" (func $new)) (export "drop" (func $drop))))))
  (func (export "handle") (param "data" $repeat-data) (result (result (error $failure)))
    (canon lift (core func $code "handle") (memory $memory) (realloc $realloc)))
"#;

/// A component whose `handle` has this body; it returns ok where the body ends.
pub fn component(body: &str) -> String {
    assemble(["", "", "", ""], body)
}

/// The same with requests of `wasi:http`:
///
/// | function | does |
/// |---|---|
/// | `$fields (result i32)` | no headers |
/// | `$request (param i32) (result i32)` | a request with these headers |
/// | `$body (param i32 i32)` | its body, and where the result goes: the body 4 bytes on |
/// | `$stream (param i32 i32)` | the body's stream, likewise |
/// | `$check-write (param i32 i32)` | how much a stream takes now: the number 8 bytes on |
pub fn http_component(body: &str) -> String {
    assemble([HTTP, HTTP_LOWERED, HTTP_CODE, r#"(with "http" (instance $http))"#], body)
}

fn assemble([imports, lowered, code, with]: [&str; 4], body: &str) -> String {
    let lifted = LIFTED.replacen("(with", &format!("{with} (with"), 1);
    format!(
        "(component {IMPORTS} {imports} {LOWERED} {lowered}
           (core module $code {CODE} {code}
             (func (export \"handle\") (param $data i32) (result i32) (local $n i32) (local $at i32) {body} (i32.const 2048)))
           {lifted})"
    )
}
