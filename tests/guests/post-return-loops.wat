;; Returns ok, and loops for ever when the host calls back to have the result freed.
(module
  (memory (export "memory") 64)
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "handle") (param i32) (result i32)
    (i32.const 2048))
  (func (export "cabi_post_handle") (param i32)
    (loop $forever (br $forever))))
