//! Guests in the text format. [`handler`] wraps a body for `handle` into a module with everything imported and a few helpers.
//!
//! The layout that the canonical ABI gives to what a body touches:
//!
//! | what | where |
//! |---|---|
//! | `$data` | `repeat-data`: records (address of the list 0, length 4), session handle 8, kind 12, kind-name 16 |
//! | a record | in the list, 8 bytes each: address 0, length 4 |
//! | result of a session operation, at 3000 | 0 ok; else 1, and at 3008 which `session-error`, its number at 3016 |
//! | result of `send`, at 3000 | 0 ok: status 3008, headers 3012, body 3020; else 1, and at 3008 which `http-error`, text 3016 |
//! | what `handle` returns, at 2048 | 0 ok; else 1, at 2052 retry (0) or permanent (1), text 2056 |

const PRELUDE: &str = r#"
  (import "mpy6a:handler/types@1.0.0" "[method]session.id" (func $id (param i32 i32)))
  (import "mpy6a:handler/types@1.0.0" "[method]session.append" (func $append (param i32 i32 i32 i32)))
  (import "mpy6a:handler/types@1.0.0" "[method]session.replace" (func $replace (param i32 i32 i32 i32)))
  (import "mpy6a:handler/types@1.0.0" "[method]session.delete" (func $delete (param i32 i32)))
  (import "mpy6a:handler/types@1.0.0" "[method]session.store" (func $store (param i32 i32 i32 i32)))
  (import "mpy6a:handler/http@1.0.0" "send" (func $send
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "mpy6a:handler/log@1.0.0" "write" (func $log (param i32 i32 i32)))
  (import "wasi:config/store@0.2.0-rc.1" "get" (func $setting (param i32 i32 i32)))

  (memory (export "memory") 16)
  (global $free (mut i32) (i32.const 65536))
  (data (i32.const 1000) "GET")
  (data (i32.const 1008) "step")
  (data (i32.const 1016) "intent")
  (data (i32.const 1032) "key")

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get 3) (i32.const 65536))))))
    (local.get $at))

  ;; What `handle` returns.
  (func $ok (result i32) (i32.store (i32.const 2048) (i32.const 0)) (i32.const 2048))
  (func $fail (param $which i32) (param $text i32) (param $length i32) (result i32)
    (i32.store (i32.const 2048) (i32.const 1))
    (i32.store (i32.const 2052) (local.get $which))
    (i32.store (i32.const 2056) (local.get $text))
    (i32.store (i32.const 2060) (local.get $length))
    (i32.const 2048))
  (func $retry (param i32 i32) (result i32) (call $fail (i32.const 0) (local.get 0) (local.get 1)))
  (func $permanent (param i32 i32) (result i32) (call $fail (i32.const 1) (local.get 0) (local.get 1)))

  ;; Append "intent".
  (func $intend (param $data i32)
    (call $append (i32.load offset=8 (local.get $data)) (i32.const 1016) (i32.const 6) (i32.const 3000)))

  ;; GET the URL in the first record, as step "step", with a timeout if it is not 0.
  (func $get (param $data i32) (param $ms i32)
    (call $send
      (i32.const 1000) (i32.const 3)
      (i32.load (i32.load (local.get $data))) (i32.load offset=4 (i32.load (local.get $data)))
      (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.ne (local.get $ms) (i32.const 0)) (local.get $ms)
      (i32.const 1) (i32.const 1008) (i32.const 4)
      (i32.const 3000)))

  ;; The outcome of a request: `permanent` with the body, or `retry` with the error's text and its number as a log line.
  (func $told (result i32)
    (if (i32.eqz (i32.load8_u (i32.const 3000)))
      (then (return (call $permanent (i32.load (i32.const 3020)) (i32.load (i32.const 3024))))))
    (i32.store8 (i32.const 1024) (i32.add (i32.const 48) (i32.load8_u (i32.const 3008))))
    (call $log (i32.const 4) (i32.const 1024) (i32.const 1))
    (if (i32.or (i32.eq (i32.load8_u (i32.const 3008)) (i32.const 3)) (i32.eq (i32.load8_u (i32.const 3008)) (i32.const 5)))
      (then (return (call $retry (i32.const 0) (i32.const 0)))))
    (call $retry (i32.load (i32.const 3016)) (i32.load (i32.const 3020))))
"#;

/// A module with the prelude, more definitions, and this body of `handle`, which has `$data` and leaves an `i32`.
pub fn handler_with(definitions: &str, body: &str) -> String {
    format!("(module {PRELUDE} {definitions} (func (export \"handle\") (param $data i32) (result i32) {body}))")
}

/// A module with the prelude and this body of `handle`.
pub fn handler(body: &str) -> String {
    handler_with("", body)
}
