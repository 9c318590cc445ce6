;; A core module whose `handle` takes and gives what the contract does not: no component can be made of it.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "handle") (param i64) (result f32)
    (f32.const 0)))
