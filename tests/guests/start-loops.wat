;; Loops for ever in its start function, so it is never instantiated.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "handle") (param i32) (result i32)
    (i32.const 0))
  (func $start
    (loop $forever (br $forever)))
  (start $start))
