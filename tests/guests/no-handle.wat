;; A core module without the export `handle`, and without a component type: no component of the contract's world can be
;; made of it.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 4096)))
