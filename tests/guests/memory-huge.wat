;; Declares 4 GiB of memory to begin with: over any limit, before a single instruction runs.
(module
  (memory (export "memory") 65536)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "handle") (param i32) (result i32)
    (i32.const 2048)))
