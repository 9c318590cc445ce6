;; `cabi_realloc` gives an address outside of the memory: the host must end the run, and write nowhere.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 0x7fff_0000))
  (func (export "handle") (param i32) (result i32)
    (i32.const 0)))
