;; Grows a table for ever, by a million entries at a time: host memory that no limit on linear memory sees. When the
;; table can grow no more it traps.
(module
  (memory (export "memory") 64)
  (table $hoard 1 funcref)
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "handle") (param i32) (result i32)
    (loop $more
      (br_if $more
        (i32.ne (table.grow $hoard (ref.null func) (i32.const 1_000_000)) (i32.const -1))))
    (unreachable)))
