;; Returns `retry` with a reason that is not UTF-8: it broke the contract.
(module
  (memory (export "memory") 64)
  ;; At 2048: err (1), retry (0), the reason's address (1024) and length (4).
  (data (i32.const 1024) "\ff\fe\fd\fc")
  (data (i32.const 2048) "\01\00\00\00\00\00\00\00\00\04\00\00\04\00\00\00")
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "handle") (param i32) (result i32)
    (i32.const 2048)))
