;; Returns `retry` with a reason of 15 MiB: the host must not keep all of it.
(module
  (memory (export "memory") 256)
  ;; At 2048: err (1), retry (0), the reason's address (0x10_0000) and length (0xf0_0000).
  (data (i32.const 2048) "\01\00\00\00\00\00\00\00\00\00\10\00\00\00\f0\00")
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "handle") (param i32) (result i32)
    (memory.fill (i32.const 0x10_0000) (i32.const 0x78) (i32.const 0xf0_0000))
    (i32.const 2048)))
