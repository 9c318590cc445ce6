;; Loops for ever in `cabi_realloc`, which the host calls while it lowers the arguments, before `handle` begins.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (loop $forever (br $forever))
    (unreachable))
  (func (export "handle") (param i32) (result i32)
    (i32.const 0)))
