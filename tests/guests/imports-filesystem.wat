;; A core module that wants the file system, which the contract's world does not have: no component can be made of it.
(module
  (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096))
  (func (export "handle") (param i32) (result i32)
    (i32.const 2048)))
